import { isPresent } from "./bounds.js";

/** Where the name of a group belongs on the map. */
export interface LabelAnchor {
  readonly code: number;
  /** In the units of the fit. */
  readonly position: readonly number[];
  readonly count: number;
}

/** A label on screen: the middle of its text and the room the text takes, in CSS pixels. */
export interface PlacedLabel {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const SAMPLE_PER_GROUP = 512;

/**
 * The middle of each group's crowd: the median along each axis, which a few stray points do not
 * move. Largest group first. `present` says which rows count (those not filtered out).
 */
export function labelAnchors(
  codes: ArrayLike<number>,
  groups: number,
  positions: Float32Array,
  dimensions: 2 | 3,
  present: (row: number) => boolean = () => true,
): LabelAnchor[] {
  const members = Array.from({ length: groups }, (): number[] => []);
  const counts = new Uint32Array(groups);
  const rows = Math.min(codes.length, positions.length / dimensions);
  for (let row = 0; row < rows; row++) {
    const code = codes[row]!;
    if (!(code >= 0 && code < groups)) continue;
    if (!present(row) || !isPresent(positions, row * dimensions, dimensions)) continue;
    counts[code]!++;
    // Rows are in an order whose prefixes are fair samples: the first ones stand for all.
    if (members[code]!.length < SAMPLE_PER_GROUP) members[code]!.push(row);
  }
  return members
    .map((sampled, code) => ({
      code,
      position: Array.from({ length: dimensions }, (_, d) =>
        median(sampled.map((row) => positions[row * dimensions + d]!)),
      ),
      count: counts[code]!,
    }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count || a.code - b.code);
}

/** Keeps the labels that overlap none before them; give the most important first. */
export function withoutOverlap<T extends PlacedLabel>(labels: readonly T[], gap = 4): T[] {
  const kept: T[] = [];
  for (const label of labels) {
    const free = kept.every(
      (other) =>
        Math.abs(label.x - other.x) >= (label.width + other.width) / 2 + gap ||
        Math.abs(label.y - other.y) >= (label.height + other.height) / 2 + gap,
    );
    if (free) kept.push(label);
  }
  return kept;
}

function median(values: number[]): number {
  values.sort((a, b) => a - b);
  const middle = values.length >> 1;
  return values.length % 2 ? values[middle]! : (values[middle - 1]! + values[middle]!) / 2;
}
