/** Two neighbours in an ordered list and how far along the way from one to the other. */
export interface Between {
  /** Index of the snapshot before, or exactly at, the place. */
  readonly from: number;
  /** Index of the snapshot after it; equal to `from` exactly on a snapshot. */
  readonly to: number;
  /** 0 at `from`, below 1 always. */
  readonly mix: number;
}

/**
 * Finds the two snapshots around a training step.
 * `steps` rises strictly; a step outside it is held at the nearest end. On a logged step the
 * answer is that snapshot alone, with a mix of exactly 0.
 */
export function betweenSteps(steps: readonly number[], step: number): Between {
  if (steps.length === 0) throw new RangeError("There is no step to interpolate between.");
  const last = steps.length - 1;
  if (!(step > steps[0]!)) return { from: 0, to: 0, mix: 0 };
  if (step >= steps[last]!) return { from: last, to: last, mix: 0 };
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (steps[middle]! <= step) low = middle;
    else high = middle;
  }
  const mix = (step - steps[low]!) / (steps[high]! - steps[low]!);
  return mix === 0 ? { from: low, to: low, mix: 0 } : { from: low, to: high, mix };
}

/** Finds the two snapshots around a fractional index into the list of steps. */
export function betweenIndices(length: number, index: number): Between {
  if (length < 1) throw new RangeError("There is no step to interpolate between.");
  const held = Math.min(length - 1, Math.max(0, index));
  const from = Math.floor(held);
  const mix = held - from;
  return mix === 0 ? { from, to: from, mix: 0 } : { from, to: from + 1, mix };
}

/** Slow at both ends, quick in the middle; 0 to 1 for 0 to 1. */
export function easeInOut(t: number): number {
  const held = Math.min(1, Math.max(0, t));
  return held * held * (3 - 2 * held);
}
