import type { Camera, Viewport } from "../geometry/camera.js";
import { withoutOverlap, type PlacedLabel } from "../geometry/labels.js";
import type { MapArrow } from "../state/viewer.js";
import type { Arrows } from "../state/why.js";

/** Pixels below which an arrow would be a dot. */
const SHORTEST = 6;
const LONGEST_NAME = 24;
/** Of the mono type that names are set in. */
const LETTER = 7.3;
const LINE = 14;

/** Arrows as they lie on screen, each as long as its feature's contribution is on the map. */
export function placedArrows(
  { at, arrows }: Arrows,
  camera: Camera,
  viewport: Viewport,
  depth: number,
): MapArrow[] {
  const start = camera.project(at, viewport, depth);
  if (start.scale <= 0) return [];
  const taken: PlacedLabel[] = [];
  return arrows.flatMap(({ name, way }): MapArrow[] => {
    const end = camera.project(
      at.map((value, d) => value + way[d]!),
      viewport,
      depth,
    );
    const length = Math.hypot(end.x - start.x, end.y - start.y);
    if (end.scale <= 0 || length < SHORTEST) return [];
    const label = room(name, end.x, end.y, end.x < start.x, end.y < start.y);
    // The longest arrows come first, so they keep their names.
    const free = withoutOverlap([...taken, label]).length > taken.length;
    if (free) taken.push(label);
    return [{ name: free ? clipped(name) : "", from: [start.x, start.y], to: [end.x, end.y] }];
  });
}

/** The room that a name takes beside the head of its arrow. */
function room(name: string, x: number, y: number, left: boolean, up: boolean): PlacedLabel {
  const width = Math.min(name.length, LONGEST_NAME) * LETTER;
  return {
    x: x + (left ? -1 : 1) * (5 + width / 2),
    y: y + (up ? -9 : 9),
    width,
    height: LINE,
  };
}

function clipped(name: string): string {
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name;
}
