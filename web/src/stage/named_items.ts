import { onChange, signal, type Signal } from "../state/signal.js";
import type { ViewerState } from "../state/viewer_state.js";
import type { NamedItem } from "./label_layer.js";

/** Single points that are named at once; names of more would hide what they name. */
export const MOST_NAMED = 12;

/** The names of a few selected points: their ids, fetched by window when they are chosen. */
export class NamedItems {
  private readonly named = signal<readonly NamedItem[]>([]);
  private ticket = 0;

  constructor(
    private readonly state: ViewerState,
    private readonly ids: (rows: readonly number[]) => Promise<(string | number)[]>,
  ) {
    onChange([state.selection.rows, state.run], () => void this.read());
  }

  get items(): Signal<readonly NamedItem[]> {
    return this.named;
  }

  private async read(): Promise<void> {
    const ticket = ++this.ticket;
    const { rows, count } = this.state.selection;
    const few = count.value > 0 && count.value <= MOST_NAMED;
    const chosen = few ? [...rows.value.rows] : [];
    try {
      const ids = few ? await this.ids(chosen) : [];
      if (ticket !== this.ticket) return;
      this.named.set(chosen.map((row, i) => ({ row, text: String(ids[i] ?? row) })));
    } catch (error) {
      // A point without its name is still a point.
      if (ticket === this.ticket) this.named.set([]);
      console.error(error);
    }
  }
}
