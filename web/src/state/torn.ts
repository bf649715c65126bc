import type { Client } from "../data/client.js";
import type { TornNeighbours } from "../data/measured.js";
import { onChange, signal, type Signal } from "./signal.js";
import type { ViewerState } from "./viewer_state.js";

const OWNER = "torn";
const WAIT_MS = 120;

/** Draws lines to the torn neighbours of the point under the pointer, and rings on false ones. */
export class Torn {
  /** Whether they are drawn. */
  readonly shown = signal(false);
  private readonly found = signal<TornNeighbours | null>(null);
  private timer: ReturnType<typeof setTimeout> | undefined;
  private ticket = 0;

  constructor(
    private readonly client: Client,
    private readonly state: ViewerState,
  ) {
    const { hover, focus, timeline, projection } = state;
    onChange([this.shown, hover, focus, timeline.place, projection], () => this.plan());
  }

  /** Those of the point that is looked at. */
  get neighbours(): Signal<TornNeighbours | null> {
    return this.found;
  }

  close(): void {
    clearTimeout(this.timer);
    this.ticket++;
  }

  private plan(): void {
    this.close();
    const { state } = this;
    const row = state.hover.value?.row ?? state.focus.value;
    const between = (state.timeline.place.value?.mix ?? 0) > 0;
    if (row !== this.found.value?.row || between || !this.shown.value) this.give(null);
    if (row === null || between || !this.shown.value) return;
    this.timer = setTimeout(() => void this.read(row), WAIT_MS);
  }

  private async read(row: number): Promise<void> {
    const { state, client } = this;
    const ticket = ++this.ticket;
    const run = state.run.value;
    const key = state.projection.value?.key;
    const step = state.timeline.step.value;
    if (run === null || typeof key !== "string" || step === null) return;
    try {
      const found = await client.torn(run.name, key, step, row);
      if (ticket === this.ticket) this.give(found);
    } catch (error) {
      // Lines that do not come leave the map as it was; the panel shows no count.
      if (ticket === this.ticket) console.error(error);
    }
  }

  private give(found: TornNeighbours | null): void {
    this.found.set(found);
    if (found === null) return this.state.lines.set(OWNER, null);
    this.state.lines.set(OWNER, {
      lines: [
        { from: found.torn.map(() => found.row), to: found.torn, tone: "warning", dashed: true },
      ],
      rings: [{ rows: found.false, tone: "error" }],
    });
  }
}
