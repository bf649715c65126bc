// What the renderer, the lasso and the app agree on about a row. All arrays are in the run's
// canonical row order, whose every prefix is a fair sample.

/** Flag of a row that is in the selection. */
export const SELECTED = 1;
/** Flag of a row that is filtered out: neither drawn nor picked nor lassoed. */
export const HIDDEN = 2;
/** Flag of a row that belongs to what the pointer is over. */
export const HIGHLIGHTED = 4;

/** The trust of a row that no trust was measured for; 0 to 254 stand for 0 to 1. */
export const UNKNOWN_TRUST = 255;

/** A point less present than this, while it fades in or out, can neither be picked nor lassoed. */
export const TOUCHABLE = 0.5;

/** Positions of one snapshot in each fit it has: n * 2 and n * 3 numbers, NaN where absent. */
export interface Positions {
  readonly planar?: Float32Array;
  readonly spatial?: Float32Array;
}

/** How many rows some positions have. */
export function rowCount({ planar, spatial }: Positions): number {
  return Math.max((planar?.length ?? 0) / 2, (spatial?.length ?? 0) / 3);
}
