import type { Client } from "../data/client.js";
import type { Positions } from "../geometry/rows.js";
import type { FrameSource } from "../state/frames.js";

/** Paths of some rows over some steps, as the renderer wants them. */
export interface TrailPaths {
  rows: Uint32Array;
  steps: readonly number[];
  positions: Positions;
}

/** Rows that can leave a trail at once; more would be a thicket. */
export const MOST_TRAILS = 240;
/** Bytes of frames to read for trails; the steps nearest to the playhead come first. */
const BUDGET = 192 * 2 ** 20;

/** The steps nearest to `now` whose frames fit into the budget, ascending. */
export function affordableSteps(
  steps: readonly number[],
  now: number,
  bytesPerFrame: number,
): number[] {
  const most = Math.max(2, Math.floor(BUDGET / Math.max(bytesPerFrame, 1)));
  if (steps.length <= most) return [...steps];
  const nearest = [...steps].sort((a, b) => Math.abs(a - now) - Math.abs(b - now));
  return nearest.slice(0, most).sort((a, b) => a - b);
}

/** Reads the paths of `rows` in one fit. */
export async function readPaths(
  client: Client,
  source: FrameSource,
  rows: Uint32Array,
  steps: readonly number[],
  abort: AbortSignal,
): Promise<TrailPaths> {
  const dimensions = source.n_components;
  const places = new Float32Array(rows.length * steps.length * dimensions);
  for (const [s, step] of steps.entries()) {
    const { coordinates } = await client.frame({ ...source, step }, undefined, abort);
    abort.throwIfAborted();
    rows.forEach((row, r) => {
      const from = row * dimensions;
      places.set(
        coordinates.subarray(from, from + dimensions),
        (r * steps.length + s) * dimensions,
      );
    });
  }
  return {
    rows,
    steps,
    positions: dimensions === 2 ? { planar: places } : { spatial: places },
  };
}
