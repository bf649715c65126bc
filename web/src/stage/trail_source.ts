import type { Client } from "../data/client.js";
import type { Layering } from "../data/layering.js";
import { ServerError } from "../data/transport.js";
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

/** Places that are asked for at once, and in all; of more steps every so many is left out. */
const PLACES_AT_ONCE = 16_384;
const MOST_PLACES = 131_072;

/**
 * Reads the paths of `rows` in one fit. The server sends those rows alone; an exported page, or a
 * map that is still being made, has whole frames, of which as many are read as can be afforded.
 */
export async function readPaths(
  client: Client,
  layering: Layering,
  source: FrameSource,
  rows: Uint32Array,
  steps: readonly number[],
  now: number,
  abort: AbortSignal,
): Promise<TrailPaths> {
  const some = thinned(steps, now, Math.floor(MOST_PLACES / Math.max(1, rows.length)));
  try {
    const places = await asked(layering, source, rows, some, abort);
    return { rows, steps: some, positions: positionsOf(places, source.n_components) };
  } catch (error) {
    if (abort.aborted || !(error instanceof ServerError)) throw error;
    const bytes = source.n_items * (source.n_components * 4 + 1);
    return fromFrames(client, source, rows, affordableSteps(steps, now, bytes), abort);
  }
}

/** At most so many steps, spread evenly, with the ends and the one nearest to `now`. */
export function thinned(steps: readonly number[], now: number, most: number): number[] {
  if (steps.length <= most) return [...steps];
  const wanted = Math.max(2, most - 1);
  const spread = Array.from(
    { length: wanted },
    (_, i) => steps[Math.round((i * (steps.length - 1)) / (wanted - 1))]!,
  );
  const nearest = steps.reduce((a, b) => (Math.abs(b - now) < Math.abs(a - now) ? b : a));
  return [...new Set([...spread, nearest])].sort((a, b) => a - b);
}

async function asked(
  layering: Layering,
  source: FrameSource,
  rows: Uint32Array,
  steps: readonly number[],
  abort: AbortSignal,
): Promise<Float32Array> {
  const dimensions = source.n_components;
  const places = new Float32Array(rows.length * steps.length * dimensions);
  const window = Math.max(1, Math.floor(PLACES_AT_ONCE / Math.max(1, rows.length)));
  for (let start = 0; start < steps.length; start += window) {
    const part = steps.slice(start, start + window);
    const some = await layering.paths(source.run, source.projection, rows, part);
    abort.throwIfAborted();
    for (let r = 0; r < rows.length; r++) {
      const width = part.length * dimensions;
      const to = (r * steps.length + start) * dimensions;
      places.set(some.subarray(r * width, (r + 1) * width), to);
    }
  }
  return places;
}

async function fromFrames(
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
  return { rows, steps, positions: positionsOf(places, dimensions) };
}

function positionsOf(places: Float32Array, dimensions: 2 | 3): Positions {
  return dimensions === 2 ? { planar: places } : { spatial: places };
}
