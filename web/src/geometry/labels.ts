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

const SAMPLE_PER_GROUP = 256;

/**
 * Where each group is most crowded; a ring is named on the ring, not in its empty middle. Largest
 * group first. `present` says which rows count (those not filtered out).
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
      position: crowdedPlace(sampled, positions, dimensions) ?? [],
      count: counts[code]!,
    }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count || a.code - b.code);
}

/** Points that a place is chosen among: the first rows are a fair sample. */
const MOST_COMPARED = 256;

/**
 * The most crowded place of some rows: the row with the most company, moved to the middle of that
 * company. Of two crowds it is in the larger one. Undefined where no row has a place.
 */
export function crowdedPlace(
  rows: ArrayLike<number>,
  positions: Float32Array,
  dimensions: 2 | 3,
): number[] | undefined {
  const starts: number[] = [];
  for (let i = 0; i < rows.length && starts.length < MOST_COMPARED; i++) {
    const start = rows[i]! * dimensions;
    if (start + dimensions <= positions.length && isPresent(positions, start, dimensions)) {
      starts.push(start);
    }
  }
  if (starts.length === 0) return undefined;
  const places = starts.map((start) => [...positions.subarray(start, start + dimensions)]);
  const middle = Array.from({ length: dimensions }, (_, d) => median(places.map((one) => one[d]!)));
  const squared = (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, value, d) => sum + (value - b[d]!) ** 2, 0);
  // Half of the rows are nearer to their middle than this: a scale that strays do not stretch.
  const reach = 0.6 * median(places.map((one) => Math.sqrt(squared(one, middle))));
  if (!(reach > 0)) return middle;
  const scale = -1 / (2 * reach * reach);
  let best = { company: -1, place: middle };
  for (const place of places) {
    let company = 0;
    for (const other of places) company += Math.exp(scale * squared(place, other));
    if (company > best.company) best = { company, place };
  }
  const weights = places.map((other) => Math.exp(scale * squared(best.place, other)));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return Array.from(
    { length: dimensions },
    (_, d) => places.reduce((sum, place, i) => sum + place[d]! * weights[i]!, 0) / total,
  );
}

/** A label that asks for room. */
export interface Candidate extends PlacedLabel {
  readonly key: string;
  /** Labels of a higher rank get their room first. */
  readonly rank: number;
  /** Within a rank the heavier one does. */
  readonly weight: number;
}

/** How much more a label weighs that is on screen already. */
const STAYING = 1.3;
/** Room that a new label needs around it; one that is there stays until it is touched. */
const NEW_GAP = 8;

/**
 * Chooses which labels are shown: the most important first, none over another. What was shown
 * before yields only to what is clearly more important, so that nothing flickers while the map
 * moves. `before` has the keys of the labels that were shown.
 */
export function placeLabels<T extends Candidate>(
  candidates: readonly T[],
  before: ReadonlySet<string>,
): T[] {
  const weightOf = (label: T) => label.weight * (before.has(label.key) ? STAYING : 1);
  const sorted = [...candidates].sort(
    (a, b) => b.rank - a.rank || weightOf(b) - weightOf(a) || (a.key < b.key ? -1 : 1),
  );
  const kept: T[] = [];
  for (const label of sorted) {
    const gap = before.has(label.key) ? 0 : NEW_GAP;
    if (kept.every((other) => apart(label, other, gap))) kept.push(label);
  }
  return kept;
}

function apart(a: PlacedLabel, b: PlacedLabel, gap: number): boolean {
  return (
    Math.abs(a.x - b.x) >= (a.width + b.width) / 2 + gap ||
    Math.abs(a.y - b.y) >= (a.height + b.height) / 2 + gap
  );
}

/** Keeps the labels that overlap none before them; give the most important first. */
export function withoutOverlap<T extends PlacedLabel>(labels: readonly T[], gap = 4): T[] {
  const kept: T[] = [];
  for (const label of labels) {
    if (kept.every((other) => apart(label, other, gap))) kept.push(label);
  }
  return kept;
}

function median(values: number[]): number {
  values.sort((a, b) => a - b);
  const middle = values.length >> 1;
  return values.length % 2 ? values[middle]! : (values[middle - 1]! + values[middle]!) / 2;
}
