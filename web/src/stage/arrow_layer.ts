import type { Camera, Viewport } from "../geometry/camera.js";
import type { MapArrow } from "../state/viewer.js";
import type { Arrows } from "../state/why.js";

/** Pixels below which an arrow would be a dot. */
const SHORTEST = 6;

/** Arrows as they lie on screen, each as long as its feature's contribution is on the map. */
export function placedArrows(
  { at, arrows }: Arrows,
  camera: Camera,
  viewport: Viewport,
  depth: number,
): MapArrow[] {
  const start = camera.project(at, viewport, depth);
  if (start.scale <= 0) return [];
  return arrows.flatMap(({ name, way }): MapArrow[] => {
    const end = camera.project(
      at.map((value, d) => value + way[d]!),
      viewport,
      depth,
    );
    const length = Math.hypot(end.x - start.x, end.y - start.y);
    if (end.scale <= 0 || length < SHORTEST) return [];
    return [{ name, from: [start.x, start.y], to: [end.x, end.y] }];
  });
}
