import { describe, expect, it } from "vitest";
import { sweptArea } from "../../src/geometry/brush.js";
import { insidePolygon } from "../../src/geometry/polygon.js";

/** Distance of a point from a path. */
function away(path: readonly number[], x: number, y: number): number {
  let best = Infinity;
  for (let i = 0; i < path.length; i += 2) {
    const [x0, y0] = [path[Math.max(i - 2, 0)]!, path[Math.max(i - 1, 1)]!];
    const [x1, y1] = [path[i]!, path[i + 1]!];
    const length = (x1 - x0) ** 2 + (y1 - y0) ** 2;
    const t = length === 0 ? 0 : ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length;
    const at = Math.min(1, Math.max(0, t));
    best = Math.min(best, Math.hypot(x - x0 - at * (x1 - x0), y - y0 - at * (y1 - y0)));
  }
  return best;
}

describe("what a brush has passed", () => {
  it.each([
    ["a dab", [50, 50]],
    ["a stroke", [20, 30, 80, 60]],
    ["a zigzag that crosses itself", [10, 10, 90, 20, 15, 40, 80, 80, 50, 5, 30, 90]],
    ["a way there and back", [20, 50, 80, 50, 20, 50]],
    ["a loop", [30, 30, 70, 30, 70, 70, 30, 70, 30, 30]],
    ["the same place twice", [40, 40, 40, 40, 60, 60]],
  ])("is inside the polygon of %s, and nothing else is", (_, path) => {
    const radius = 10;
    const polygon = sweptArea(path, radius);

    for (let x = 0.5; x < 100; x += 3) {
      for (let y = 0.5; y < 100; y += 3) {
        const distance = away(path, x, y);
        // A disc of twelve sides is a little smaller than the disc.
        if (distance < radius * 0.98) expect(insidePolygon(polygon, x, y)).toBe(true);
        if (distance > radius) expect(insidePolygon(polygon, x, y)).toBe(false);
      }
    }
  });
});
