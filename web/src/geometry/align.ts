/** A turn, a scale and a shift that bring one cloud of points onto another. */
export interface Alignment {
  /** Row by row, `dimensions` squared. */
  rotation: readonly number[];
  scale: number;
  from: readonly number[];
  to: readonly number[];
  /** Share of the spread that no turn explains: 0 for the same shape, 1 for unrelated ones. */
  residual: number;
}

/** Rows that an alignment is computed from; a prefix of the canonical order is a fair sample. */
const MOST_ROWS = 20_000;
const ROUNDS = 60;

/**
 * The orthogonal Procrustes fit of `moving` onto `fixed`, mirrored if that is closer; null where
 * fewer than three rows are finite in both, or where one of the clouds is a single point.
 */
export function alignment(
  moving: Float32Array,
  fixed: Float32Array,
  dimensions: 2 | 3,
): Alignment | null {
  const d = dimensions;
  const rows: number[] = [];
  const total = Math.min(moving.length, fixed.length) / d;
  for (let row = 0; row < total && rows.length < MOST_ROWS; row++) {
    if (Number.isFinite(moving[row * d]!) && Number.isFinite(fixed[row * d]!)) rows.push(row);
  }
  if (rows.length < 3) return null;
  const from = meanOf(moving, rows, d);
  const to = meanOf(fixed, rows, d);
  const cross = new Array<number>(d * d).fill(0);
  let [spreadFrom, spreadTo] = [0, 0];
  for (const row of rows) {
    for (let i = 0; i < d; i++) {
      const target = fixed[row * d + i]! - to[i]!;
      spreadTo += target * target;
      spreadFrom += (moving[row * d + i]! - from[i]!) ** 2;
      for (let j = 0; j < d; j++) {
        cross[i * d + j]! += target * (moving[row * d + j]! - from[j]!);
      }
    }
  }
  if (!(spreadFrom > 0) || !(spreadTo > 0)) return null;
  const rotation = nearestRotation(cross, d);
  let agreement = 0;
  for (let i = 0; i < d * d; i++) agreement += rotation[i]! * cross[i]!;
  const similarity = agreement ** 2 / (spreadFrom * spreadTo);
  return {
    rotation,
    scale: agreement / spreadFrom,
    from,
    to,
    residual: Math.min(1, Math.max(0, 1 - similarity)),
  };
}

/** Coordinates after an alignment; a new array. */
export function aligned(
  coordinates: Float32Array,
  dimensions: 2 | 3,
  { rotation, scale, from, to }: Alignment,
): Float32Array {
  const d = dimensions;
  const moved = new Float32Array(coordinates.length);
  for (let at = 0; at < coordinates.length; at += d) {
    for (let i = 0; i < d; i++) {
      let sum = 0;
      for (let j = 0; j < d; j++) sum += rotation[i * d + j]! * (coordinates[at + j]! - from[j]!);
      moved[at + i] = scale * sum + to[i]!;
    }
  }
  return moved;
}

/** The orthogonal factor of a matrix, by Newton's iteration on its polar decomposition. */
function nearestRotation(matrix: readonly number[], d: number): number[] {
  const size = Math.hypot(...matrix);
  // A flat cloud leaves a direction open; a breath of the identity closes it.
  let now = matrix.map((value, i) => value / size + (i % (d + 1) === 0 ? 1e-7 : 0));
  for (let round = 0; round < ROUNDS; round++) {
    const other = inverseTransposed(now, d);
    if (other === null) return matrix.map((_, i) => (i % (d + 1) === 0 ? 1 : 0));
    const next = now.map((value, i) => (value + other[i]!) / 2);
    const change = Math.hypot(...next.map((value, i) => value - now[i]!));
    now = next;
    if (change < 1e-12) break;
  }
  return now;
}

function inverseTransposed(m: readonly number[], d: number): number[] | null {
  if (d === 2) {
    const [a, b, c, e] = m as [number, number, number, number];
    const det = a * e - b * c;
    return Math.abs(det) < 1e-30 ? null : [e / det, -c / det, -b / det, a / det];
  }
  const minor = (i: number, j: number) => {
    const [r0, r1] = [0, 1, 2].filter((r) => r !== i) as [number, number];
    const [c0, c1] = [0, 1, 2].filter((c) => c !== j) as [number, number];
    return m[r0 * 3 + c0]! * m[r1 * 3 + c1]! - m[r0 * 3 + c1]! * m[r1 * 3 + c0]!;
  };
  const cofactors = Array.from({ length: 9 }, (_, at) => {
    const [i, j] = [Math.floor(at / 3), at % 3];
    return ((i + j) % 2 === 0 ? 1 : -1) * minor(i, j);
  });
  const det = m[0]! * cofactors[0]! + m[1]! * cofactors[1]! + m[2]! * cofactors[2]!;
  return Math.abs(det) < 1e-30 ? null : cofactors.map((value) => value / det);
}

function meanOf(values: Float32Array, rows: readonly number[], d: number): number[] {
  const mean = new Array<number>(d).fill(0);
  for (const row of rows) for (let i = 0; i < d; i++) mean[i]! += values[row * d + i]!;
  return mean.map((sum) => sum / rows.length);
}
