import type { Frames } from "../state/frames.js";
import type { Session } from "../state/session.js";
import type { ViewerState } from "../state/viewer_state.js";

/** The other fit is fetched once the playhead has stood still this long. */
const OTHER_FIT_MS = 250;

/** Which frames are needed: those of the playhead now, the next ones, those of the other fit later. */
export class WantedFrames {
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly state: ViewerState,
    private readonly session: Session,
  ) {}

  close(): void {
    clearTimeout(this.timer);
  }

  /** Frames of the fit on screen. */
  get main(): Frames {
    return this.session.projections.framesOf(this.state.shownFit.value);
  }

  /** Says anew what is needed, after the playhead or the map has changed. */
  ask(): void {
    const { timeline, shownFit, planar, spatial } = this.state;
    const { projections } = this.session;
    const main = this.main;
    const other = projections.framesOf(shownFit.value === 3 ? 2 : 3);
    main.want(timeline.wanted());
    clearTimeout(this.timer);
    const place = timeline.place.value;
    const around = place === null ? [] : [...new Set([place.from, place.to])];
    // What is here stays for the morph; what is not can wait until the hand rests.
    other.want(around.filter((step) => other.has(step)));
    const later = () => {
      // The other fit may lag behind a run that grows: it has no frame of the newest step yet.
      const known = (shownFit.value === 3 ? planar : spatial).value?.steps ?? [];
      const there = around.filter((step) => known.includes(step));
      if (main.has(place?.from ?? Number.NaN)) other.want(there);
      else this.timer = setTimeout(later, OTHER_FIT_MS);
    };
    this.timer = setTimeout(later, OTHER_FIT_MS);
  }
}
