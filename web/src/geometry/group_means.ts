/** A group's mean beside those that chance gives to groups of its size. */
export interface GroupMean {
  mean: number;
  /** Rows that were measured. */
  n: number;
  /** Between these lie 95 of 100 random groups of as many rows. */
  low: number;
  high: number;
}

const Z = 1.96;

/** Mean and spread of the finite values. */
export function spreadOf(values: Float32Array): { mean: number; variance: number; n: number } {
  let [n, sum, squares] = [0, 0, 0];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    n++;
    sum += value;
    squares += value * value;
  }
  const mean = n === 0 ? Number.NaN : sum / n;
  return { mean, variance: n < 2 ? 0 : Math.max(0, (squares - n * mean * mean) / (n - 1)), n };
}

/** The mean over some rows; null where none of them was measured. */
export function groupMean(
  values: Float32Array,
  rows: Uint32Array,
  all: { mean: number; variance: number; n: number },
): GroupMean | null {
  let [n, sum] = [0, 0];
  for (const row of rows) {
    const value = values[row]!;
    if (!Number.isFinite(value)) continue;
    n++;
    sum += value;
  }
  if (n === 0) return null;
  // Drawn without replacement: a group of all rows has no choice.
  const error = Math.sqrt((all.variance / n) * (1 - n / all.n));
  return { mean: sum / n, n, low: all.mean - Z * error, high: all.mean + Z * error };
}
