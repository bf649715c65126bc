import type { Finding, KeptSelection } from "../data/finding.js";
import type { ServerEvent } from "../data/types.js";
import { RowSet } from "./row_set.js";
import type { SelectMode } from "./selection.js";
import { onChange, signal, type Signal } from "./signal.js";
import type { ViewerState } from "./viewer_state.js";

/** After this long without a change Python is told what is selected. */
const TELL_MS = 150;

/** Selections that the run keeps, and the one on screen as Python shares it. */
export class SavedSelections {
  private readonly kept = signal<readonly KeptSelection[] | null>(null);
  private readonly trouble = signal<string | null>(null);
  private readonly stop: () => void;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private told: RowSet | null = null;
  private run: string | null = null;

  constructor(
    private readonly finding: Finding,
    private readonly state: ViewerState,
  ) {
    const stops = [
      onChange([state.run], () => this.changeRun()),
      onChange([state.selection.rows], () => this.tellLater()),
    ];
    this.stop = () => stops.forEach((stop) => stop());
  }

  /** Oldest first; null until they were read. */
  get list(): Signal<readonly KeptSelection[] | null> {
    return this.kept;
  }

  get problem(): Signal<string | null> {
    return this.trouble;
  }

  close(): void {
    clearTimeout(this.timer);
    this.stop();
  }

  async load(): Promise<void> {
    await this.attempt(async (run) => this.kept.set(await this.finding.selections(run)));
  }

  /** Keeps what is selected under a name. */
  async save(name: string): Promise<boolean> {
    const { run, selection } = this.state;
    const rows = { bits: selection.rows.value.bits, order: run.value?.order ?? "" };
    return this.attempt(async (of) => this.kept.set(await this.finding.save(of, name, rows)));
  }

  /** Selects what is kept, as far as it is in sight. */
  async use(name: string, mode: SelectMode): Promise<void> {
    await this.attempt(async (run) => {
      const { bits, order } = await this.finding.selection(run, name);
      if (order !== this.state.run.value?.order) return;
      this.apply(bits, mode);
    });
  }

  async delete(name: string): Promise<void> {
    await this.attempt(async (run) => this.kept.set(await this.finding.delete(run, name)));
  }

  /** News of selections, from Python or from another page. */
  async hear(event: ServerEvent): Promise<void> {
    const run = this.state.run.value?.name;
    if (event.type === "selections" && event.run === run && this.kept.value !== null) {
      await this.load();
    } else if (event.type === "selected" && event.run === run) {
      await this.attempt(async (name) => {
        const { bits, order } = await this.finding.selected(name);
        if (order !== this.state.run.value?.order) return;
        this.apply(bits, "replace");
        this.told = this.state.selection.rows.value;
      });
    }
  }

  private apply(bits: Uint8Array<ArrayBuffer>, mode: SelectMode): void {
    const size = this.state.run.value?.n_items ?? 0;
    this.state.selection.apply(this.state.filter.visible(new RowSet(size, bits)), mode);
  }

  private changeRun(): void {
    const name = this.state.run.value?.name ?? null;
    if (name === this.run) return;
    this.run = name;
    this.kept.set(null);
    this.trouble.set(null);
    this.told = null;
  }

  private tellLater(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.tell(), TELL_MS);
  }

  private async tell(): Promise<void> {
    const { run, selection } = this.state;
    const rows = selection.rows.value;
    if (run.value === null || rows.size !== run.value.n_items) return;
    if (this.told === null ? rows.empty : rows.equals(this.told)) return;
    this.told = rows;
    // A server that only reads takes no note, and nobody on the page waits for it.
    await this.finding
      .choose(run.value.name, { bits: rows.bits, order: run.value.order })
      .catch(() => undefined);
  }

  private async attempt(work: (run: string) => Promise<void>): Promise<boolean> {
    const run = this.state.run.value;
    if (run === null) return false;
    this.trouble.set(null);
    try {
      await work(run.name);
      return true;
    } catch (error) {
      this.trouble.set(error instanceof Error ? error.message : String(error));
      return false;
    }
  }
}
