import { isPresent } from "./bounds.js";

const SAMPLE = 16384;
const CELLS = 64;

/**
 * Area, in squared units of the positions, that planar points would cover if all of it were as
 * crowded as the place where the average point lives. Small for tight clusters, whatever the
 * empty room between them and however far a few outliers lie. 0 when it cannot be told.
 */
export function occupiedArea(planar: Float32Array): number {
  const xs: number[] = [];
  const ys: number[] = [];
  // Rows are in canonical order, so a prefix is a fair sample.
  for (let start = 0; start + 1 < planar.length && xs.length < SAMPLE; start += 2) {
    if (!isPresent(planar, start, 2)) continue;
    xs.push(planar[start]!);
    ys.push(planar[start + 1]!);
  }
  if (xs.length < 2) return 0;
  const [left, right] = middleRange(xs);
  const [bottom, top] = middleRange(ys);
  const width = right - left;
  const height = top - bottom;
  if (!(width > 0) || !(height > 0)) return 0;

  const counts = new Float64Array(CELLS * CELLS);
  let inside = 0;
  for (let i = 0; i < xs.length; i++) {
    const column = Math.floor(((xs[i]! - left) / width) * CELLS);
    const row = Math.floor(((ys[i]! - bottom) / height) * CELLS);
    if (column < 0 || column >= CELLS || row < 0 || row >= CELLS) continue;
    counts[row * CELLS + column]!++;
    inside++;
  }
  // Other points met in its own cell by the average point; c - 1 leaves the point itself out.
  let company = 0;
  for (const count of counts) company += count * (count - 1);
  if (inside === 0 || company === 0) return width * height;
  const cellArea = (width * height) / (CELLS * CELLS);
  return Math.min(width * height, (xs.length * cellArea * inside) / company);
}

/** How much of the canvas an opaque-looking crowd should cover: the rest keeps density readable. */
const TARGET_COVER = 0.93;

/**
 * Opacity of each dot such that `overlap` dots on one pixel cover most of it but not all.
 * 1 dot per pixel or fewer stay nearly opaque; crowds become translucent, so that density shows.
 */
export function opacityForOverlap(overlap: number, lowest = 0.07, highest = 0.92): number {
  if (!(overlap > 0)) return highest;
  const opacity = 1 - Math.pow(1 - TARGET_COVER, 1 / overlap);
  return Math.min(highest, Math.max(lowest, opacity));
}

/** The 2nd and 98th percentile: the range without stray points. */
function middleRange(values: readonly number[]): [number, number] {
  const sorted = Float64Array.from(values).sort();
  const at = (q: number) => sorted[Math.round(q * (sorted.length - 1))]!;
  return sorted.length < 50 ? [at(0), at(1)] : [at(0.02), at(0.98)];
}
