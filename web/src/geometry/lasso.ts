import type { Frame } from "./bounds.js";
import { type Bitset, emptyBitset } from "./bitset.js";
import type { CameraUniforms, Viewport } from "./camera.js";
import { insidePolygon, rasterize } from "./polygon.js";
import { HIDDEN, type Positions, TOUCHABLE } from "./rows.js";

/** What is on screen when the lasso closes. */
export interface LassoScene {
  readonly from: Positions;
  readonly to: Positions;
  readonly mix: number;
  readonly depth: number;
  readonly camera: CameraUniforms;
  readonly viewport: Viewport;
  /** Rows drawn: later rows cannot be meant by somebody who does not see them. */
  readonly drawCount: number;
  readonly flags?: Uint8Array;
}

/**
 * The visible rows whose drawn centre lies inside a closed polygon of (x, y) screen points.
 * Loops wound twice count as inside. The answer is exact: the mask only decides cells that no
 * edge touches, the others ask the polygon itself.
 */
export function lassoRows(polygon: Float32Array, scene: LassoScene): Bitset {
  const bits = emptyBitset(scene.drawCount);
  const mask = rasterize(polygon, scene.viewport);
  if (!mask) return bits;
  const { left, top, width, height, cells } = mask;
  const { flags } = scene;
  const place = placer(scene);
  for (let row = 0; row < scene.drawCount; row++) {
    if (flags && (flags[row]! & HIDDEN) !== 0) continue;
    if (!place(row)) continue;
    const x = screen[0]!;
    const y = screen[1]!;
    const column = Math.floor(x) - left;
    const line = Math.floor(y) - top;
    if (column < 0 || line < 0 || column >= width || line >= height) continue;
    const cell = cells[line * width + column]!;
    if (cell === 0 || (cell === 2 && !insidePolygon(polygon, x, y))) continue;
    bits[row >> 3]! |= 1 << (row & 7);
  }
  return bits;
}

/** The corners of a rectangle between two opposite screen points. */
export function rectangle(x0: number, y0: number, x1: number, y1: number): Float32Array {
  return new Float32Array([x0, y0, x1, y0, x1, y1, x0, y1]);
}

// One result reused a million times: returning a pair from the inner loop would allocate it.
const screen = new Float64Array(2);

/** A function that writes where a row is drawn into `screen`; false if it cannot be touched. */
function placer(scene: LassoScene): (row: number) => boolean {
  const { camera, depth, viewport } = scene;
  const m = camera.matrix;
  const planar = depth < 1 ? mixer(scene, "planar", camera.planarFrame, 2) : undefined;
  const spatial = depth > 0 ? mixer(scene, "spatial", camera.spatialFrame, 3) : undefined;
  const one = spatial && planar ? undefined : (spatial ?? planar);
  const flat = new Float64Array(4);
  const deep = new Float64Array(4);
  return (row) => {
    if (one) {
      one(row, deep);
    } else if (planar && spatial) {
      planar(row, flat);
      spatial(row, deep);
      blendFits(flat, deep, depth);
    } else return false;
    if (deep[3]! < TOUCHABLE) return false;
    const x = deep[0]!;
    const y = deep[1]!;
    const z = deep[2]!;
    const w = m[3]! * x + m[7]! * y + m[11]! * z + m[15]!;
    if (w <= 0) return false;
    const across = (m[0]! * x + m[4]! * y + m[8]! * z + m[12]!) / w;
    const up = (m[1]! * x + m[5]! * y + m[9]! * z + m[13]!) / w;
    screen[0] = ((across + 1) / 2) * viewport.width;
    screen[1] = ((1 - up) / 2) * viewport.height;
    return true;
  };
}

/** A function that writes a row's world place and presence [x, y, z, presence] in one fit. */
function mixer(
  scene: LassoScene,
  fit: "planar" | "spatial",
  { center, scale }: Frame,
  dimensions: 2 | 3,
): ((row: number, out: Float64Array) => void) | undefined {
  const to = scene.to[fit] ?? scene.from[fit];
  if (!to) return undefined;
  const from = scene.mix < 1 ? (scene.from[fit] ?? to) : to;
  const mix = scene.mix;
  const [cx, cy, cz] = center;
  const deep = dimensions === 3;
  return (row, out) => {
    const i = row * dimensions;
    let x = to[i]!;
    let y = to[i + 1]!;
    let z = deep ? to[i + 2]! : 0;
    // A difference of finite numbers is finite; absent rows, and rows past the end, make NaN.
    let presence = x + y + z - (x + y + z) === 0 ? 1 : 0;
    if (from !== to) {
      const ax = from[i]!;
      const ay = from[i + 1]!;
      const az = deep ? from[i + 2]! : 0;
      const here = ax + ay + az - (ax + ay + az) === 0;
      if (here && presence) {
        x = ax + (x - ax) * mix;
        y = ay + (y - ay) * mix;
        z = az + (z - az) * mix;
      } else if (here) {
        x = ax;
        y = ay;
        z = az;
        presence = 1 - mix;
      } else presence *= mix;
    }
    out[0] = (x - cx) * scale;
    out[1] = (y - cy) * scale;
    out[2] = deep ? (z - cz) * scale : 0;
    out[3] = presence;
  };
}

/** Mixes the places in the two fits into `deep`, as the vertex program does. */
function blendFits(flat: Float64Array, deep: Float64Array, depth: number): void {
  const presence = flat[3]! + (deep[3]! - flat[3]!) * depth;
  if (deep[3] === 0) deep.set(flat);
  else if (flat[3]! > 0) {
    for (let d = 0; d < 3; d++) deep[d] = flat[d]! + (deep[d]! - flat[d]!) * depth;
  }
  deep[3] = presence;
}
