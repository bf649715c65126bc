import type { GivenLabel, Layering } from "../data/layering.js";
import type { ServerEvent } from "../data/types.js";
import { RowSet } from "./row_set.js";
import { onChange, signal, type Signal } from "./signal.js";
import type { ViewerState } from "./viewer_state.js";

/** The words that people put on the map, here or in Python. */
export class GivenLabels {
  private readonly known = signal<readonly GivenLabel[]>([]);
  private readonly trouble = signal<string | null>(null);
  private run: string | null = null;

  constructor(
    private readonly layering: Layering,
    private readonly state: ViewerState,
  ) {
    onChange([state.run], () => this.changeRun());
  }

  /** Oldest first. */
  get list(): Signal<readonly GivenLabel[]> {
    return this.known;
  }

  get problem(): Signal<string | null> {
    return this.trouble;
  }

  /** Puts a text on what is selected. */
  async save(name: string): Promise<boolean> {
    const { run, selection } = this.state;
    const { bits } = selection.rows.value;
    return this.attempt(async (of) =>
      this.known.set(
        (await this.layering.saveLabel(of, name.trim(), run.value?.order ?? "", bits)).labels,
      ),
    );
  }

  async delete(name: string): Promise<boolean> {
    return this.attempt(async (of) =>
      this.known.set((await this.layering.deleteLabel(of, name)).labels),
    );
  }

  /** The rows that a label belongs to. */
  async rowsOf(name: string): Promise<RowSet | null> {
    const run = this.state.run.value;
    if (run === null) return null;
    try {
      const bits = await this.layering.labelRows(run.name, name);
      return this.state.run.value === run ? new RowSet(run.n_items, bits) : null;
    } catch {
      // An exported page holds the rows that say where the label is, and no others.
      const label = this.known.value.find((one) => one.name === name);
      return label === undefined ? null : RowSet.of(run.n_items, label.rows);
    }
  }

  /** Reads them again when somebody else changed them. */
  hear(event: ServerEvent): void {
    if (event.type === "labels" && event.run === this.state.run.value?.name) void this.load();
  }

  private changeRun(): void {
    const name = this.state.run.value?.name ?? null;
    if (name === this.run) return;
    this.run = name;
    this.known.set([]);
    if (name !== null) void this.load();
  }

  private async load(): Promise<void> {
    const run = this.state.run.value;
    if (run === null) return;
    try {
      const { labels } = await this.layering.labels(run.name);
      if (this.run === run.name) this.known.set(labels);
    } catch {
      // An exported page carries none, and a map without them is still a map.
      if (this.run === run.name) this.known.set([]);
    }
  }

  private async attempt(act: (run: string) => Promise<void>): Promise<boolean> {
    const run = this.state.run.value;
    if (run === null) return false;
    try {
      await act(run.name);
      this.trouble.set(null);
      return true;
    } catch (error) {
      this.trouble.set(error instanceof Error ? error.message : String(error));
      return false;
    }
  }
}
