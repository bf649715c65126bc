import { boundsOf } from "../../src/geometry/bounds.js";
import { Camera, type Viewport } from "../../src/geometry/camera.js";
import { type Rgb, fromHex } from "../../src/geometry/color.js";
import { paintCategories, slotColor, missingColor } from "../../src/geometry/color_scale.js";
import { CANVAS, type ThemeName } from "../../src/geometry/palettes.js";
import type { MapTheme, View } from "../../src/render/renderer.js";

/** Random numbers in [0, 1), the same for the same seed (Tommy Ettinger's mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Gaussian blobs as a network in training would separate them: two fits of several snapshots. */
export interface Blobs {
  readonly codes: Uint16Array;
  readonly snapshots: readonly { planar: Float32Array; spatial: Float32Array }[];
  readonly classes: number;
}

export function blobs(count: number, classes: number, steps: number, seed = 1): Blobs {
  const next = random(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const centers = Array.from({ length: classes }, () => [normal() * 4, normal() * 4, normal() * 4]);
  const widths = Array.from({ length: classes }, () => 0.45 + 0.8 * next());
  const codes = new Uint16Array(count);
  const noise = new Float32Array(count * 3);
  for (let row = 0; row < count; row++) {
    codes[row] = Math.floor(next() * classes);
    for (let d = 0; d < 3; d++) noise[row * 3 + d] = normal();
  }
  const snapshots = Array.from({ length: steps }, (_, step) => {
    // From one cloud to separate classes, with a turn on the way.
    const apart = steps > 1 ? step / (steps - 1) : 1;
    const turn = (1 - apart) * 1.4;
    const planar = new Float32Array(count * 2);
    const spatial = new Float32Array(count * 3);
    for (let row = 0; row < count; row++) {
      const code = codes[row]!;
      const width = widths[code]! * apart + 2.2 * (1 - apart);
      const at = centers[code]!.map((c, d) => c * apart + noise[row * 3 + d]! * width);
      spatial.set(at, row * 3);
      const [x, y] = [at[0]! + 0.3 * at[2]!, at[1]! - 0.4 * at[2]!];
      planar[row * 2] = Math.cos(turn) * x - Math.sin(turn) * y;
      planar[row * 2 + 1] = Math.sin(turn) * x + Math.cos(turn) * y;
    }
    return { planar, spatial };
  });
  return { codes, snapshots, classes };
}

export function theme(name: ThemeName): MapTheme {
  return {
    canvas: fromHex(CANVAS[name]),
    highlight: name === "dark" ? [232, 236, 241] : [22, 27, 34],
    plain: name === "dark" ? [155, 166, 180] : [85, 96, 110],
  };
}

export function classColors({ codes, classes }: Blobs, name: ThemeName): Uint8Array {
  const colors: Rgb[] = Array.from({ length: classes }, (_, slot) => slotColor(slot, name));
  return paintCategories(codes, colors, missingColor(name));
}

export function cameraOver({ snapshots }: Blobs, viewport: Viewport): Camera {
  const last = snapshots[snapshots.length - 1]!;
  const planar = boundsOf(last.planar, 2);
  const spatial = boundsOf(last.spatial, 3);
  return Camera.around({ planar, spatial }, viewport);
}

export function view(camera: Camera, changes: Partial<View> = {}): View {
  return {
    from: "0",
    to: "0",
    mix: 0,
    depth: 0,
    camera,
    drawCount: 1e9,
    pointSize: 5,
    theme: theme("dark"),
    selectionActive: false,
    trustFade: 0,
    ...changes,
  };
}
