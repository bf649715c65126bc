import { easeInOut } from "../geometry/interpolate.js";
import { signal } from "../state/signal.js";

const MILLISECONDS = 600;

/** The way between the 2D and the 3D fit: 0 and 1 are the fits, between them is movement only. */
export class Morph {
  readonly depth = signal(0);
  private from = 0;
  private to = 0;
  private started: number | null = null;

  get moving(): boolean {
    return this.depth.value !== this.to;
  }

  /** Heads for a fit; from where it is, if it was on its way to the other. */
  head(to: 0 | 1): void {
    if (to === this.to) return;
    this.from = this.depth.value;
    this.to = to;
    this.started = null;
  }

  /** Is at a fit at once. */
  jump(to: 0 | 1): void {
    this.to = to;
    this.depth.set(to);
  }

  advance(now: number): void {
    if (!this.moving) return;
    this.started ??= now;
    const t = Math.min(1, (now - this.started) / MILLISECONDS);
    this.depth.set(t === 1 ? this.to : this.from + (this.to - this.from) * easeInOut(t));
  }
}
