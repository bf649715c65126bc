/** Counts of values in equal bins. */
export interface Histogram {
  low: number;
  high: number;
  counts: number[];
  /** Values that are not finite. */
  missing: number;
}

/** Counts the values of some rows between two bounds; values outside fall into the end bins. */
export function histogram(
  values: ArrayLike<number>,
  rows: ArrayLike<number> | null,
  low: number,
  high: number,
  bins: number,
): Histogram {
  const counts = new Array<number>(bins).fill(0);
  let missing = 0;
  const n = rows === null ? values.length : rows.length;
  const span = high - low;
  for (let i = 0; i < n; i++) {
    const value = values[rows === null ? i : rows[i]!]!;
    if (!Number.isFinite(value)) missing++;
    else {
      const bin = span > 0 ? Math.floor(((value - low) / span) * bins) : 0;
      counts[Math.min(Math.max(bin, 0), bins - 1)]!++;
    }
  }
  return { low, high, counts, missing };
}

/** Mean and median of the finite values of some rows; null without any. */
export function middleOf(
  values: ArrayLike<number>,
  rows: ArrayLike<number> | null,
): { mean: number; median: number } | null {
  const n = rows === null ? values.length : rows.length;
  const known = new Float64Array(n);
  let count = 0;
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const value = values[rows === null ? i : rows[i]!]!;
    if (!Number.isFinite(value)) continue;
    known[count++] = value;
    sum += value;
  }
  if (count === 0) return null;
  const sorted = known.subarray(0, count).sort();
  const middle = count >> 1;
  const median = count % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { mean: sum / count, median };
}
