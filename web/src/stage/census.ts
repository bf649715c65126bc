import type { FrameData } from "../data/client.js";
import type { ViewerState } from "../state/viewer_state.js";
import { presentRows } from "./flags.js";

/** Counts what is on screen, for the line that must always be true. */
export class Census {
  private counted: { frame: FrameData; loaded: number } | null = null;

  constructor(private readonly state: ViewerState) {}

  /** Tells the state what a picture of the first `drawCount` rows of a frame shows. */
  tell(frame: FrameData, drawCount: number, moving: boolean): void {
    const { state } = this;
    const total = state.run.value?.n_items ?? 0;
    if (this.counted?.frame !== frame || this.counted.loaded !== frame.loaded) {
      this.counted = { frame, loaded: frame.loaded };
      state.absent.set(presentRows(frame.coordinates, frame.n_components, frame.loaded).absent);
    }
    const hidden = state.filter.hidden.value;
    const absent = state.absent.value;
    let drawn = drawCount;
    for (const row of absent) if (row < drawCount && !hidden?.has(row)) drawn--;
    if (hidden !== null) {
      for (let row = 0; row < drawCount; row++) if (hidden.has(row)) drawn--;
    }
    const arriving = frame.loaded < total;
    const next = {
      drawn,
      total,
      present: frame.loaded - absent.length,
      hidden: hidden?.count ?? 0,
      sampling: arriving ? "arriving" : moving && drawCount < total ? "moving" : "all",
    } as const;
    if (JSON.stringify(state.shown.value) !== JSON.stringify(next)) state.shown.set(next);
  }

  /** Tells the state that nothing is drawn. */
  tellNothing(): void {
    this.counted = null;
    const total = this.state.run.value?.n_items ?? 0;
    this.state.shown.set({ drawn: 0, total, present: total, hidden: 0, sampling: "arriving" });
  }
}
