import { isPresent } from "./bounds.js";

/** How crowded a flat map is, in square cells over a box of its own units. */
export interface DensityField {
  readonly size: number;
  readonly low: readonly [number, number];
  readonly high: readonly [number, number];
  /** Points per cell after smoothing, line by line from the lowest. */
  readonly values: Float32Array;
}

/** Rows counted at most: those in front are a fair sample of all. */
export const MOST_COUNTED = 200_000;
const MARGIN = 0.15;

/** The box that a field covers: the middle of the crowd, with room for its soft edge. */
export function fieldBox(
  planar: Float32Array,
): { low: [number, number]; high: [number, number] } | null {
  const low: [number, number] = [Infinity, Infinity];
  const high: [number, number] = [-Infinity, -Infinity];
  for (let start = 0; start + 1 < planar.length; start += 2) {
    if (!isPresent(planar, start, 2)) continue;
    for (let d = 0; d < 2; d++) {
      const value = planar[start + d]!;
      if (value < low[d]!) low[d] = value;
      if (value > high[d]!) high[d] = value;
    }
  }
  if (!(low[0] <= high[0])) return null;
  // Square cells: the same distance is the same distance in both directions.
  const side = Math.max(high[0] - low[0], high[1] - low[1]) || 1;
  const half = (side * (1 + 2 * MARGIN)) / 2;
  const middle = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2] as const;
  return {
    low: [middle[0] - half, middle[1] - half],
    high: [middle[0] + half, middle[1] + half],
  };
}

/** Cells that a point is spread over: fewer the more points there are, as their noise is less. */
export function smoothingCells(points: number, size: number): number {
  return Math.max(1.2, size * 0.085 * Math.max(points, 1) ** (-1 / 6));
}

/**
 * Counts points in cells, adding `amount` for each (1 unless given), and smooths the counts.
 * Rows that `amount` says 0 of, or that have no place, are left out.
 */
export function densityField(
  planar: Float32Array,
  box: { low: readonly [number, number]; high: readonly [number, number] },
  size: number,
  cells: number,
  amount?: (row: number) => number,
): DensityField {
  const values = new Float32Array(size * size);
  const scale = [size / (box.high[0] - box.low[0]), size / (box.high[1] - box.low[1])] as const;
  const rows = Math.min(planar.length >> 1, MOST_COUNTED);
  for (let row = 0; row < rows; row++) {
    const weight = amount === undefined ? 1 : amount(row);
    if (weight === 0 || !isPresent(planar, 2 * row, 2)) continue;
    const column = Math.floor((planar[2 * row]! - box.low[0]) * scale[0]);
    const line = Math.floor((planar[2 * row + 1]! - box.low[1]) * scale[1]);
    if (column < 0 || line < 0 || column >= size || line >= size) continue;
    values[line * size + column]! += weight;
  }
  smooth(values, size, cells);
  return { size, low: box.low, high: box.high, values };
}

/** Smooths in place by a bell of this standard deviation, as three running means. */
export function smooth(values: Float32Array, size: number, deviation: number): void {
  const line = new Float32Array(size);
  const reach = Math.max(1, Math.round((Math.sqrt((12 * deviation ** 2) / 3 + 1) - 1) / 2));
  for (let pass = 0; pass < 3; pass++) {
    for (let i = 0; i < size; i++) runningMean(values, i * size, 1, size, reach, line);
    for (let i = 0; i < size; i++) runningMean(values, i, size, size, reach, line);
  }
}

function runningMean(
  values: Float32Array,
  start: number,
  stride: number,
  size: number,
  reach: number,
  line: Float32Array,
): void {
  let sum = 0;
  for (let i = 0; i < Math.min(reach, size); i++) sum += values[start + i * stride]!;
  for (let i = 0; i < size; i++) {
    if (i + reach < size) sum += values[start + (i + reach) * stride]!;
    if (i - reach - 1 >= 0) sum -= values[start + (i - reach - 1) * stride]!;
    line[i] = sum / (2 * reach + 1);
  }
  for (let i = 0; i < size; i++) values[start + i * stride] = Math.max(0, line[i]!);
}

/** The density above which lie these shares of all points: the outermost line first. */
export function levelsOf({ values }: DensityField, shares: readonly number[]): number[] {
  const sorted = Float32Array.from(values.filter((value) => value > 0)).sort();
  let total = 0;
  for (const value of sorted) total += value;
  const levels: number[] = [];
  for (const share of shares) {
    let inside = 0;
    let at = sorted.length;
    while (at > 0 && inside < share * total) inside += sorted[--at]!;
    levels.push(sorted[at] ?? Infinity);
  }
  return levels;
}

/**
 * Lines of equal density by marching squares, as pairs of ends: x, y, x, y for each piece, in the
 * units of the map. Where a square is a saddle, its middle decides which corners belong together.
 */
export function contourLines(field: DensityField, level: number): Float32Array {
  const { size, values, low, high } = field;
  const found: number[] = [];
  if (!Number.isFinite(level) || level <= 0) return new Float32Array(0);
  const width = (high[0] - low[0]) / size;
  const height = (high[1] - low[1]) / size;
  // A value belongs to the middle of its cell.
  const x = (column: number) => low[0] + (column + 0.5) * width;
  const y = (line: number) => low[1] + (line + 0.5) * height;
  const between = (a: number, b: number) => (level - a) / (b - a);
  for (let line = 0; line + 1 < size; line++) {
    for (let column = 0; column + 1 < size; column++) {
      const at = line * size + column;
      const [a, b] = [values[at]!, values[at + 1]!];
      const [d, c] = [values[at + size]!, values[at + size + 1]!];
      const shape =
        Number(a >= level) +
        2 * Number(b >= level) +
        4 * Number(c >= level) +
        8 * Number(d >= level);
      if (shape === 0 || shape === 15) continue;
      const bottom = () => [x(column + between(a, b)), y(line)];
      const right = () => [x(column + 1), y(line + between(b, c))];
      const top = () => [x(column + between(d, c)), y(line + 1)];
      const left = () => [x(column), y(line + between(a, d))];
      const join = (from: number[], to: number[]) => found.push(from[0]!, from[1]!, to[0]!, to[1]!);
      const middle = (a + b + c + d) / 4 >= level;
      switch (shape) {
        case 1:
        case 14:
          join(left(), bottom());
          break;
        case 2:
        case 13:
          join(bottom(), right());
          break;
        case 3:
        case 12:
          join(left(), right());
          break;
        case 4:
        case 11:
          join(right(), top());
          break;
        case 6:
        case 9:
          join(bottom(), top());
          break;
        case 7:
        case 8:
          join(left(), top());
          break;
        default:
          // 5 and 10: two corners that face each other.
          if ((shape === 5) === middle) {
            join(left(), top());
            join(bottom(), right());
          } else {
            join(left(), bottom());
            join(right(), top());
          }
      }
    }
  }
  return Float32Array.from(found);
}
