/** The smallest box around some points, with one entry per dimension in `low` and `high`. */
export interface Bounds {
  readonly low: readonly number[];
  readonly high: readonly number[];
}

/** Where a fit's own units go in the world the camera looks at: (position - center) * scale. */
export interface Frame {
  readonly center: readonly [number, number, number];
  readonly scale: number;
}

/** The frame of data that is already in world units. */
export const UNIT_FRAME: Frame = { center: [0, 0, 0], scale: 1 };

/** Bounds of the finite points among `positions` (n * dimensions), or undefined if there are none. */
export function boundsOf(
  positions: Float32Array,
  dimensions: number,
  rows?: Uint32Array,
): Bounds | undefined {
  const low = new Array<number>(dimensions).fill(Infinity);
  const high = new Array<number>(dimensions).fill(-Infinity);
  const count = rows ? rows.length : Math.floor(positions.length / dimensions);
  let found = false;
  for (let i = 0; i < count; i++) {
    const start = (rows ? rows[i]! : i) * dimensions;
    if (!isPresent(positions, start, dimensions)) continue;
    found = true;
    for (let d = 0; d < dimensions; d++) {
      const value = positions[start + d]!;
      if (value < low[d]!) low[d] = value;
      if (value > high[d]!) high[d] = value;
    }
  }
  return found ? { low, high } : undefined;
}

/** The box around two boxes of the same dimension. */
export function union(a: Bounds, b: Bounds): Bounds {
  return {
    low: a.low.map((value, d) => Math.min(value, b.low[d]!)),
    high: a.high.map((value, d) => Math.max(value, b.high[d]!)),
  };
}

/**
 * The frame that puts bounds around the world's origin with a half diagonal of one.
 * Both fits share the world, so that one camera sees them at one size and a morph is a movement.
 */
export function frameOf(bounds: Bounds): Frame {
  const center = [0, 1, 2].map((d) => ((bounds.low[d] ?? 0) + (bounds.high[d] ?? 0)) / 2);
  const radius = Math.hypot(...bounds.low.map((low, d) => (bounds.high[d]! - low) / 2));
  // One point, or all points in one place, has no size to fill the world with.
  const scale = Number.isFinite(radius) && radius > 0 ? 1 / radius : 1;
  return { center: [center[0]!, center[1]!, center[2]!], scale };
}

/** Whether the row that starts here has a position at all; absent rows are NaN. */
export function isPresent(positions: Float32Array, start: number, dimensions: number): boolean {
  for (let d = 0; d < dimensions; d++) {
    if (!Number.isFinite(positions[start + d]!)) return false;
  }
  return true;
}
