import type { FrameData } from "../data/client.js";
import { thin, type Thinned } from "../geometry/thinning.js";
import type { RowSet } from "../state/row_set.js";
import type { Positions } from "./sprite_list.js";

/** A map that has stood still this long is thinned anew. */
const STILL_MS = 120;
/** Of each frame, for thinning; a large map takes many frames. */
const SLICE_MS = 6;
const CROSS_FADE_MS = 260;

interface Part {
  thinned: Thinned;
  weight: number;
}

/**
 * Which points have room for a thumbnail. While training plays the thumbnails that are there travel
 * with their points, so that the picture stays calm; once it rests, room is given out anew and the
 * old choice fades into the new one.
 */
export class SpriteRooms {
  private before: Thinned | null = null;
  private after: Thinned | null = null;
  private since = 0;
  private key: readonly unknown[] = [];
  private done: readonly unknown[] = [];
  private work: Generator<void, Thinned> | null = null;
  private fading = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly redraw: () => void) {}

  /** Whether the choice is that of what is on screen, and all there. */
  get resting(): boolean {
    return this.after !== null && this.work === null && !this.fading && same(this.key, this.done);
  }

  close(): void {
    clearTimeout(this.timer);
  }

  forget(): void {
    this.close();
    this.before = null;
    this.after = null;
    this.work = null;
    this.key = [];
    this.done = [];
  }

  /** Says what is on screen; what has changed is worked out once it rests. */
  want(
    positions: Positions,
    frame: FrameData,
    tiles: Uint32Array,
    hidden: RowSet | null,
    usable: (row: number) => boolean,
    sides: readonly [number, number],
  ): void {
    const { from, to, mix } = positions;
    const key = [from, mix > 0 ? to : from, mix, frame.loaded, tiles, hidden];
    if (!same(key, this.key)) {
      this.key = key;
      this.work = null;
      clearTimeout(this.timer);
      const start = () => {
        this.work = thin(mixed(positions), positions.dimensions, usable, sides);
        this.redraw();
      };
      // The first choice has nothing to disturb.
      if (this.after === null) start();
      else if (!same(key, this.done)) this.timer = setTimeout(start, STILL_MS);
    }
    if (this.work !== null) this.advance();
  }

  /** The choice at this moment, with the one that it replaces unless `all` are drawn anyway. */
  now(time: number, still: boolean, all: boolean): { parts: Part[]; typical: number } {
    if (this.after === null) return { parts: [], typical: 0 };
    const t = still ? 1 : Math.min(1, (time - this.since) / CROSS_FADE_MS);
    this.fading = t < 1;
    if (this.fading) this.redraw();
    const eased = t * t * (3 - 2 * t);
    if (this.before === null || t === 1) {
      return { parts: [{ thinned: this.after, weight: eased }], typical: this.after.typical };
    }
    return {
      parts: all
        ? [{ thinned: this.after, weight: 1 }]
        : [
            { thinned: this.after, weight: eased },
            { thinned: this.before, weight: 1 - eased },
          ],
      typical: this.before.typical * (this.after.typical / this.before.typical) ** eased,
    };
  }

  private advance(): void {
    const until = performance.now() + SLICE_MS;
    while (this.work !== null && performance.now() < until) {
      const { done, value } = this.work.next();
      if (!done) continue;
      this.work = null;
      this.before = this.after;
      this.after = value;
      this.since = performance.now();
      this.done = this.key;
    }
    if (this.work !== null) this.redraw();
  }
}

/** Positions at the moment that is drawn. */
function mixed({ from, to, mix }: Positions): Float32Array {
  if (mix <= 0) return from;
  return from.map((value, i) => {
    const other = to[i]!;
    return Number.isNaN(value)
      ? other
      : Number.isNaN(other)
        ? value
        : value + (other - value) * mix;
  });
}

function same(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}
