import type { Viewport } from "./camera.js";

/** A polygon drawn into square cells of one pixel: 0 outside, 1 inside, 2 touched by an edge. */
export interface PolygonMask {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly cells: Uint8Array;
}

/** Whether a point lies inside a closed polygon of (x, y) pairs, by its winding number. */
export function insidePolygon(polygon: Float32Array, x: number, y: number): boolean {
  let winding = 0;
  const count = polygon.length >> 1;
  for (let i = 0, j = count - 1; i < count; j = i++) {
    const x0 = polygon[2 * j]!;
    const y0 = polygon[2 * j + 1]!;
    const x1 = polygon[2 * i]!;
    const y1 = polygon[2 * i + 1]!;
    if (y0 <= y === y1 <= y) continue;
    const side = (x1 - x0) * (y - y0) - (x - x0) * (y1 - y0);
    if (y1 > y0 ? side > 0 : side < 0) winding += y1 > y0 ? 1 : -1;
  }
  return winding !== 0;
}

/** Draws a polygon into the part of its bounding box that is on screen; undefined if none is. */
export function rasterize(polygon: Float32Array, viewport: Viewport): PolygonMask | undefined {
  const count = polygon.length >> 1;
  if (count < 3) return undefined;
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < count; i++) {
    left = Math.min(left, polygon[2 * i]!);
    right = Math.max(right, polygon[2 * i]!);
    top = Math.min(top, polygon[2 * i + 1]!);
    bottom = Math.max(bottom, polygon[2 * i + 1]!);
  }
  left = Math.max(0, Math.floor(left));
  top = Math.max(0, Math.floor(top));
  const width = Math.min(Math.ceil(viewport.width), Math.floor(right) + 1) - left;
  const height = Math.min(Math.ceil(viewport.height), Math.floor(bottom) + 1) - top;
  if (!(width > 0) || !(height > 0)) return undefined;
  const mask = { left, top, width, height, cells: new Uint8Array(width * height) };
  for (let line = 0; line < height; line++) fillLine(mask, line, polygon);
  for (let i = 0, j = count - 1; i < count; j = i++) {
    markEdge(mask, polygon[2 * j]!, polygon[2 * j + 1]!, polygon[2 * i]!, polygon[2 * i + 1]!);
  }
  return mask;
}

/** Fills the inside of one line of cells, sampled through the cells' centres. */
function fillLine(mask: PolygonMask, line: number, polygon: Float32Array): void {
  const y = mask.top + line + 0.5;
  const crossings: { x: number; turn: number }[] = [];
  const count = polygon.length >> 1;
  for (let i = 0, j = count - 1; i < count; j = i++) {
    const y0 = polygon[2 * j + 1]!;
    const y1 = polygon[2 * i + 1]!;
    if (y0 <= y === y1 <= y) continue;
    const x0 = polygon[2 * j]!;
    const x = x0 + ((y - y0) / (y1 - y0)) * (polygon[2 * i]! - x0);
    crossings.push({ x, turn: y1 > y0 ? 1 : -1 });
  }
  crossings.sort((a, b) => a.x - b.x);
  let winding = 0;
  for (let k = 0; k + 1 < crossings.length; k++) {
    winding += crossings[k]!.turn;
    if (winding === 0) continue;
    const start = Math.max(0, Math.ceil(crossings[k]!.x - 0.5) - mask.left);
    const end = Math.min(mask.width, Math.ceil(crossings[k + 1]!.x - 0.5) - mask.left);
    if (end > start) mask.cells.fill(1, line * mask.width + start, line * mask.width + end);
  }
}

/** Marks every cell that an edge passes through, one line of cells at a time. */
function markEdge(mask: PolygonMask, x0: number, y0: number, x1: number, y1: number): void {
  const [low, high] = y0 < y1 ? [y0, y1] : [y1, y0];
  const first = Math.max(0, Math.floor(low) - mask.top);
  const last = Math.min(mask.height - 1, Math.floor(high) - mask.top);
  for (let line = first; line <= last; line++) {
    const from = Math.max(low, mask.top + line);
    const to = Math.min(high, mask.top + line + 1);
    const at = (y: number) => (y1 === y0 ? x0 : x0 + ((y - y0) / (y1 - y0)) * (x1 - x0));
    const [a, b] = y1 === y0 ? [x0, x1] : [at(from), at(to)];
    // Rounding may put the end of a piece into the next cell: one more on each side is safe.
    const start = Math.max(0, Math.floor(Math.min(a, b) - 1e-3) - mask.left);
    const end = Math.min(mask.width - 1, Math.floor(Math.max(a, b) + 1e-3) - mask.left);
    if (end >= start) mask.cells.fill(2, line * mask.width + start, line * mask.width + end + 1);
  }
}
