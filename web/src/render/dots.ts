import { projectWith } from "../geometry/camera.js";
import { HIDDEN, HIGHLIGHTED, SELECTED, UNKNOWN_TRUST } from "../geometry/rows.js";
import type { Viewport } from "../geometry/camera.js";
import type { View } from "./view.js";

/** What the shader of the points reads, as plain arrays. */
export interface DotSource {
  /** Coordinates of the fit on screen at both ends of the mix. */
  from: Float32Array;
  to: Float32Array;
  dimensions: 2 | 3;
  colors: Uint8Array;
  flags: Uint8Array;
  trust: Uint8Array | null;
  viewport: Viewport;
  opacity: number;
  selectedOpacity: number;
}

/** Dots as the shader of `points.ts` would draw them, as columns of numbers. */
export interface DotColumns {
  rows: Uint32Array;
  x: Float32Array;
  y: Float32Array;
  radius: Float32Array;
  color: Uint8Array;
  /** How many of the first are drawn below lines; the others are selected or highlighted. */
  plain: number;
}

/**
 * The dots of a view, for files that hold shapes in place of pixels. In 3D the nearest come last;
 * the shading of the discs is left out.
 */
export function dotsOf(view: View, source: DotSource): DotColumns {
  const { from, to, dimensions, flags, viewport, colors } = source;
  const uniforms = view.camera.toUniforms(viewport, view.depth);
  const n = Math.min(view.drawCount, Math.max(from.length, to.length) / dimensions);
  const found: { row: number; x: number; y: number; scale: number; raised: number }[] = [];
  const place = new Float32Array(dimensions);
  for (let row = 0; row < n; row++) {
    const flag = flags[row] ?? 0;
    if (flag & HIDDEN || !between(place, from, to, row, dimensions, view.mix)) continue;
    const { x, y, scale } = projectWith(uniforms, place, viewport);
    if (scale <= 0) continue;
    const raised = flag & HIGHLIGHTED ? 2 : flag & SELECTED ? 1 : 0;
    found.push({ row, x, y, scale, raised });
  }
  // A stable sort keeps the rows' own order, which decides in 2D.
  found.sort((a, b) => a.raised - b.raised || (view.depth > 0 ? a.scale - b.scale : 0));
  const dots: DotColumns = {
    rows: Uint32Array.from(found, (one) => one.row),
    x: Float32Array.from(found, (one) => one.x),
    y: Float32Array.from(found, (one) => one.y),
    radius: new Float32Array(found.length),
    color: new Uint8Array(4 * found.length),
    plain: found.filter((one) => one.raised === 0).length,
  };
  found.forEach(({ row, scale, raised }, i) => {
    const fade = fadeOf(view, source.trust?.[row], raised);
    const near = Math.min(4, Math.max(0.35, scale)) * (0.6 + 0.4 * fade);
    dots.radius[i] = (view.pointSize / 2) * (1 + (near - 1) * view.depth) + (raised === 2 ? 1 : 0);
    const haze = 0.6 * smooth(0.85, 2.2, 1 / scale);
    const toCanvas = view.depth * (1 - fade * (1 - haze));
    for (let c = 0; c < 3; c++) {
      const own = colors[4 * row + c] ?? view.theme.plain[c]!;
      dots.color[4 * i + c] = Math.round(own + (view.theme.canvas[c]! - own) * toCanvas);
    }
    const own = colors[4 * row + 3] ?? 255;
    const opacity = raised > 0 ? source.selectedOpacity : source.opacity;
    const faded = opacity * (fade + (1 - fade) * view.depth);
    dots.color[4 * i + 3] = Math.round(own * (raised === 2 ? 1 : faded));
  });
  return dots;
}

/** Writes where a row is between two frames; false where it has no place. */
function between(
  place: Float32Array,
  from: Float32Array,
  to: Float32Array,
  row: number,
  dimensions: number,
  mix: number,
): boolean {
  for (let d = 0; d < dimensions; d++) {
    const [a, b] = [from[row * dimensions + d]!, to[row * dimensions + d]!];
    // On one side only, a row stays where it is.
    place[d] = Number.isFinite(a) ? (Number.isFinite(b) ? a + (b - a) * mix : a) : b;
    if (!Number.isFinite(place[d]!)) return false;
  }
  return true;
}

function fadeOf(
  { trustFade, selectionActive, depth }: View,
  trust: number | undefined,
  raised: number,
) {
  const known = trust === undefined || trust === UNKNOWN_TRUST ? 1 : trust / 254;
  const faded = trustFade > 0 ? 1 + (Math.max(0.04, known * known) - 1) * trustFade : 1;
  return raised === 0 && selectionActive ? faded * (0.22 + 0.1 * depth) : faded;
}

function smooth(low: number, high: number, value: number): number {
  const t = Math.min(1, Math.max(0, (value - low) / (high - low)));
  return t * t * (3 - 2 * t);
}
