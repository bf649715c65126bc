/** A frame of movement should take no longer than this, or the hand feels it. */
const BUDGET_MS = 32;
const FEWEST = 20_000;
/** A map that was left alone for this long rests, at least. */
const REST_MS = 160;
const LONGEST_REST_MS = 700;

/**
 * How many points to draw while the map moves. Rows are in an order whose every prefix is a
 * fair sample, so drawing fewer thins the picture without changing it.
 */
export class Pace {
  // Until a frame has been timed nobody knows what this machine can do.
  private count = 100_000;
  private last: number | null = null;
  /** Maps that are drawn in the same frame; together they have one budget. */
  maps = 1;
  private late = false;
  private took = 0;

  /** Whether frames of movements come too late on this machine, so that they should be simpler. */
  get slow(): boolean {
    return this.late;
  }

  /**
   * Milliseconds without a movement after which the whole map is drawn. Where frames take long, the
   * hand's next movement does too: drawing everything in the middle of a drag would hold it up.
   */
  get patience(): number {
    return Math.min(LONGEST_REST_MS, Math.max(REST_MS, 3 * this.took));
  }

  /** Rows to draw now, of `total`. */
  rows(total: number): number {
    return Math.min(total, Math.max(Math.round(FEWEST / this.maps), Math.round(this.count)));
  }

  /** Learns from the time between two frames of one movement. */
  frame(now: number, total: number): void {
    const took = this.last === null ? null : now - this.last;
    this.last = now;
    if (took === null || took > 2_000) return;
    this.took = took;
    const drawn = this.rows(total);
    if (took > BUDGET_MS) this.late = true;
    else if (took < BUDGET_MS / 4) this.late = false;
    if (took > BUDGET_MS) this.count = drawn * Math.max(0.4, BUDGET_MS / took);
    else if (took < BUDGET_MS / 2 && drawn < total) this.count = drawn * 1.3;
  }

  /** The movement is over; the next frame's distance from this one says nothing. */
  rest(): void {
    this.last = null;
  }
}
