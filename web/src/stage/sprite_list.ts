import { type CameraUniforms, type Viewport } from "../geometry/camera.js";
import { LEVELS, roomOf, type Thinned } from "../geometry/thinning.js";
import { Cover } from "./sprite_cover.js";

/** CSS pixels of a thumbnail's longer side: below the first it is a dot, from the second on whole. */
const FADES_IN = [9, 14] as const;
const LARGEST = 64;
/** Sides of a thumbnail to the room that half of the points have; in space many lie in a line. */
const CROWDING = { 2: 3.3, 3: 1.2 } as const;
const SMALLEST_OF_ALL = 14;
/** How much larger than the crowd allows a small thumbnail is, until it is whole. */
const GENEROUS = 1.6;
/** Room between thumbnails that do not overlap, in sides. */
const AIR = 1.12;
/** Where a thumbnail that just found room is all there. */
const SETTLED = 1.25;
/** Thumbnails in one picture: what a processor without a graphics card draws in a frame. */
export const MOST_SPREAD = 3000;
export const MOST_OF_ALL = 20_000;
/** A weight that hides what is below; less lets some light through. */
const OPAQUE = 254 / 255;
/** Pixels of thumbnails that lie over one another, at rest and while the map moves. */
const MOST_PIXELS = { rest: 2_000_000, moving: 300_000 } as const;

/** Positions of one fit at the moment that is drawn. */
export interface Positions {
  readonly from: Float32Array;
  readonly to: Float32Array;
  readonly mix: number;
  readonly dimensions: 2 | 3;
}

/** What the choice of thumbnails depends on. */
export interface Scene {
  readonly positions: Positions;
  readonly uniforms: CameraUniforms;
  readonly viewport: Viewport;
  readonly all: boolean;
  readonly moving?: boolean;
  /** Given where thumbnails are opaque, so that those below others need not be drawn. */
  readonly opaque?: Opaque | null;
}

/** What is known of thumbnails that hide what lies below them. */
export interface Opaque {
  /** Half the width and height of a row's thumbnail, as parts of a tile's longer side. */
  readonly halves: (row: number) => readonly [number, number];
  /** Whether a row is drawn apart from the others, above them or not at all. */
  readonly apart: (row: number) => boolean;
}

/** Rows to be drawn as thumbnails, the most important first, and how far each is there. */
export interface Chosen {
  readonly rows: Uint32Array;
  readonly alphas: Float32Array;
  readonly count: number;
}

/** CSS pixels to one data unit of the fit that is drawn. */
export function pixelsToUnit({ uniforms, positions }: Scene): number {
  const frame = positions.dimensions === 3 ? uniforms.spatialFrame : uniforms.planarFrame;
  return frame.scale * uniforms.pixelsPerUnit;
}

/** The longer side of a thumbnail in CSS pixels: as large as the crowd allows, up to a limit. */
export function sideFor(
  typical: number,
  pixels: number,
  all: boolean,
  dimensions: 2 | 3 = 2,
): number {
  const fair = Math.min(LARGEST, CROWDING[dimensions] * typical * pixels);
  const side = Math.max(fair, Math.min(FADES_IN[1], GENEROUS * fair));
  return all ? Math.max(SMALLEST_OF_ALL, side) : side;
}

/** How far a thumbnail of this side has taken the place of its dot. */
export function sizeFade(side: number): number {
  return smooth((side - FADES_IN[0]) / (FADES_IN[1] - FADES_IN[0]));
}

/** How far the rows of each level are there, for thumbnails of a side; nothing after the last. */
export function levelFades(thinned: Thinned, side: number, pixels: number, all: boolean): number[] {
  const whole = sizeFade(side);
  const fades: number[] = [];
  for (let level = 0; level <= LEVELS; level++) {
    const room = (roomOf(thinned, level) * pixels) / side;
    // Rows without any room lie on others whatever the zoom.
    const free = level === LEVELS ? 0 : smooth((room - AIR) / (SETTLED * AIR - AIR));
    const fade = all ? whole : whole * free;
    if (fade < 1 / 255) break;
    fades.push(fade);
  }
  return fades;
}

/** Picks rows for one picture; keeps its arrays, so that a frame of movement makes no garbage. */
export class Chooser {
  private rows = new Uint32Array(0);
  private alphas = new Float32Array(0);
  private weights = new Float32Array(0);
  private count = 0;
  private readonly cover = new Cover();

  /**
   * The rows in view that have room, each with how far it is there; `parts` share the weight. With
   * a single part, rows that lie wholly below others are left out where the scene is opaque.
   */
  choose(
    scene: Scene,
    side: number,
    parts: readonly { thinned: Thinned; weight: number }[],
    total: number,
  ): Chosen {
    const most = mostFor(scene, side);
    if (this.rows.length < most) {
      this.rows = new Uint32Array(most);
      this.alphas = new Float32Array(most);
    }
    if (this.weights.length !== total) this.weights = new Float32Array(total);
    this.count = 0;
    const pixels = pixelsToUnit(scene);
    const place = placesOf(scene, side);
    const opaque = parts.length === 1 ? (scene.opaque ?? null) : null;
    if (opaque !== null) this.cover.open(scene.viewport.width, scene.viewport.height);
    for (const { thinned, weight } of parts) {
      const fades = levelFades(thinned, side, pixels, scene.all);
      let start = 0;
      for (const [level, fade] of fades.entries()) {
        const stop = thinned.stops[level]!;
        for (let i = start; i < stop; i++) {
          const row = thinned.order[i]!;
          const held = this.weights[row]!;
          if (held === 0) {
            if (this.count === most) continue;
            const at = place(row);
            if (at === null) continue;
            const hides = weight * fade >= OPAQUE;
            if (opaque !== null && this.hidden(row, at, side, opaque, hides)) continue;
            this.rows[this.count++] = row;
          }
          this.weights[row] = held + weight * fade;
        }
        start = stop;
      }
    }
    for (let i = 0; i < this.count; i++) {
      const row = this.rows[i]!;
      this.alphas[i] = Math.min(1, this.weights[row]!);
      this.weights[row] = 0;
    }
    return { rows: this.rows, alphas: this.alphas, count: this.count };
  }

  /** Whether a row lies below those before it; otherwise it lies above those after it. */
  private hidden(row: number, at: Place, side: number, opaque: Opaque, hides: boolean): boolean {
    if (opaque.apart(row)) return false;
    const [width, height] = opaque.halves(row);
    if (this.cover.hides(at.x, at.y, width * side, height * side)) return true;
    if (hides && at.whole) this.cover.add(at.x, at.y, width * side, height * side);
    return false;
  }
}

/** Thumbnails that one picture can hold: a frame of movement must not wait for what lies below. */
function mostFor({ all, moving = false }: Scene, side: number): number {
  if (!all) return MOST_SPREAD;
  const pixels = moving ? MOST_PIXELS.moving : MOST_PIXELS.rest;
  return Math.max(1, Math.min(MOST_OF_ALL, Math.floor(pixels / side ** 2)));
}

/** Where a row is drawn, in CSS pixels; `whole` where it is there at both ends of a movement. */
interface Place {
  x: number;
  y: number;
  whole: boolean;
}

/** Finds where rows are drawn; null where a thumbnail there does not touch the picture. */
function placesOf(
  { positions, uniforms, viewport }: Scene,
  side: number,
): (row: number) => Place | null {
  const { from, to, mix, dimensions } = positions;
  const { matrix: m } = uniforms;
  const { center, scale } = dimensions === 3 ? uniforms.spatialFrame : uniforms.planarFrame;
  const [cx, cy, cz] = [center[0]!, center[1]!, center[2]!];
  const { width, height } = viewport;
  const margin = 1 + 2.5 * side * Math.max(1 / width, 1 / height);
  // One for all rows: a picture asks for thousands.
  const place: Place = { x: 0, y: 0, whole: true };
  const along = (at: number) => {
    const [a, b] = [from[at]!, to[at]!];
    return Number.isNaN(a) ? b : Number.isNaN(b) ? a : a + (b - a) * mix;
  };
  return (row) => {
    const at = row * dimensions;
    const x = (along(at) - cx) * scale;
    const y = (along(at + 1) - cy) * scale;
    const z = dimensions === 3 ? (along(at + 2) - cz) * scale : 0;
    const w = m[3]! * x + m[7]! * y + m[11]! * z + m[15]!;
    if (!(w > 0)) return null;
    const across = (m[0]! * x + m[4]! * y + m[8]! * z + m[12]!) / w;
    const up = (m[1]! * x + m[5]! * y + m[9]! * z + m[13]!) / w;
    if (!(Math.abs(across) < margin && Math.abs(up) < margin)) return null;
    place.x = ((1 + across) / 2) * width;
    place.y = ((1 - up) / 2) * height;
    place.whole = !Number.isNaN(from[at]!) && !Number.isNaN(to[at]!);
    return place;
  };
}

function smooth(t: number): number {
  const held = Math.min(1, Math.max(0, t));
  return held * held * (3 - 2 * held);
}
