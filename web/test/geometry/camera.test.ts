import { describe, expect, test } from "vitest";
import { Camera, type Viewport } from "../../src/geometry/camera.js";
import type { Vector3 } from "../../src/geometry/rotation.js";
import { random } from "../render/scenes.js";

const viewport: Viewport = { width: 800, height: 600 };
const planar = { low: [-10, 5], high: [30, 25] };
const spatial = { low: [-1, -2, -3], high: [3, 2, 1] };
const camera = Camera.around({ planar, spatial }, viewport);

const corners = [0, 1, 2, 3, 4, 5, 6, 7].map((i) =>
  [0, 1, 2].map((d) => ((i >> d) & 1 ? spatial.high[d]! : spatial.low[d]!)),
);

describe("in 2D", () => {
  test("all of the bounds are in view, centred and upright", () => {
    const low = camera.project(planar.low, viewport, 0);
    const high = camera.project(planar.high, viewport, 0);

    expect(low.x).toBeGreaterThan(0);
    expect(high.x).toBeLessThan(800);
    expect(low.x + high.x).toBeCloseTo(800, 3);
    expect(low.y + high.y).toBeCloseTo(600, 3);
    // The data's second axis points up.
    expect(low.y).toBeGreaterThan(high.y);
    // Both axes have one scale.
    expect((high.x - low.x) / (low.y - high.y)).toBeCloseTo(40 / 20, 4);
  });

  test("zooming keeps the place under the pointer", () => {
    const before = camera.unproject(123, 456, viewport);
    const after = camera.zoom(3.7, 123, 456, viewport, 0).unproject(123, 456, viewport);

    expect(after[0]).toBeCloseTo(before[0], 6);
    expect(after[1]).toBeCloseTo(before[1], 6);
  });

  test("panning moves what is under the pointer with it", () => {
    const before = camera.project([0, 10], viewport, 0);
    const after = camera.pan(31, -17, viewport, 0).project([0, 10], viewport, 0);

    expect(after.x - before.x).toBeCloseTo(31, 3);
    expect(after.y - before.y).toBeCloseTo(-17, 3);
  });

  test("unproject undoes project", () => {
    const moved = camera.zoom(5, 10, 20, viewport, 0).pan(5, 9, viewport, 0);
    const at = moved.project([3, 17], viewport, 0);

    const [x, y] = moved.unproject(at.x, at.y, viewport);
    expect(x).toBeCloseTo(3, 3);
    expect(y).toBeCloseTo(17, 3);
  });

  test("turning the 3D fit changes nothing", () => {
    const turned = camera.orbit(200, 90, viewport, "trackball");

    expect(turned.toUniforms(viewport, 0).matrix).toEqual(camera.toUniforms(viewport, 0).matrix);
  });

  test("the zoom stops at both ends", () => {
    let [near, far] = [camera, camera];
    for (let i = 0; i < 200; i++) {
      near = near.zoom(2, 400, 300, viewport, 0);
      far = far.zoom(0.5, 400, 300, viewport, 0);
    }

    for (const held of [near, far]) {
      expect([...held.toUniforms(viewport, 0).matrix].every(Number.isFinite)).toBe(true);
    }
    expect(near.state.planar.halfHeight).toBeGreaterThan(0);
  });
});

describe("in 3D", () => {
  test("what is nearer is larger and in front", () => {
    const side = camera.turnedTo([0, 0, 0, 1]);
    const near = side.project([1, 0, 1], viewport, 1);
    const far = side.project([1, 0, -3], viewport, 1);

    expect(near.scale).toBeGreaterThan(far.scale);
    expect(clipDepth(side, [1, 0, 1], 1)).toBeLessThan(clipDepth(side, [1, 0, -3], 1));
  });

  test("the target's plane has the same scale in both projections", () => {
    const side = camera.turnedTo([0, 0, 0, 1]);
    const middle = side.project([1, 0, -1], viewport, 1);

    expect(middle.x).toBeCloseTo(400, 3);
    expect(middle.y).toBeCloseTo(300, 3);
    expect(middle.scale).toBeCloseTo(1, 6);
  });

  test("a turntable keeps the vertical axis upright", () => {
    let turned = camera;
    const next = random(3);
    for (let i = 0; i < 200; i++) {
      turned = turned.orbit(200 * (next() - 0.5), 200 * (next() - 0.5), viewport, "turntable");
    }

    const up = turned.axes(1)[1]!;
    expect(up[0]).toBeCloseTo(0, 6);
    expect(up[1]).toBeGreaterThan(0);
  });

  test("dragging right moves the near side to the right", () => {
    const side = camera.turnedTo([0, 0, 0, 1]);
    const before = side.project([1, 0, 1], viewport, 1);
    const after = side.orbit(40, 0, viewport, "turntable").project([1, 0, 1], viewport, 1);

    expect(after.x).toBeGreaterThan(before.x + 10);
  });

  test("dragging down shows the scene from above", () => {
    const above = camera.turnedTo([0, 0, 0, 1]).orbit(0, 60, viewport, "turntable");

    // The vertical axis now leans towards the reader.
    expect(above.axes(1)[1]![2]).toBeGreaterThan(0);
  });

  test("zooming keeps the place under the pointer, in the target's plane", () => {
    const side = camera.turnedTo([0, 0, 0, 1]);
    const at = side.project([2.5, 1.5, -1], viewport, 1);
    const after = side.zoom(2.5, at.x, at.y, viewport, 1).project([2.5, 1.5, -1], viewport, 1);

    expect(after.x).toBeCloseTo(at.x, 2);
    expect(after.y).toBeCloseTo(at.y, 2);
  });

  test("the ball inside the bounds is in view from every side", () => {
    const next = random(5);
    for (let i = 0; i < 50; i++) {
      const turned = camera.orbit(900 * next(), 900 * next(), viewport, "trackball");
      const fitted = turned.fit(spatial, "spatial", viewport);
      for (let d = 0; d < 3; d++) {
        for (const sign of [-1, 1]) {
          const at = [1, 0, -1];
          at[d]! += sign * 2;
          const { x, y } = fitted.project(at, viewport, 1);

          expect(x > 0 && x < 800 && y > 0 && y < 600).toBe(true);
        }
      }
    }
  });
});

describe("between 2D and 3D", () => {
  test("the view moves without a jump", () => {
    // Steps of a hundredth; no step moves anything by more than a few pixels.
    let last = corners.map((corner) => camera.project(corner, viewport, 0));
    for (let depth = 0.01; depth <= 1.0001; depth += 0.01) {
      const now = corners.map((corner) => camera.project(corner, viewport, Math.min(1, depth)));
      now.forEach((point, i) => {
        expect(Math.hypot(point.x - last[i]!.x, point.y - last[i]!.y)).toBeLessThan(20);
      });
      last = now;
    }
  });

  test("order in depth is kept at every mix of the projections", () => {
    for (const depth of [0.01, 0.3, 0.7, 1]) {
      const sight = camera.axes(depth).map((axis) => axis[2]);
      let last = -Infinity;
      for (let step = 6; step >= -6; step--) {
        const along = [1, 0, -1].map((c, d) => c + 0.2 * step * sight[d]!);
        const now = clipDepth(camera, along, depth);

        expect(now).toBeGreaterThan(last);
        last = now;
      }
    }
  });

  test("going there and back returns to the same view", () => {
    const before = camera.zoom(4, 100, 100, viewport, 0);
    const after = before.orbit(50, 50, viewport, "turntable").pan(90, 0, viewport, 1);

    expect(after.toUniforms(viewport, 0)).toEqual(before.toUniforms(viewport, 0));
  });
});

test("bounds that grow leave what is on screen where it was", () => {
  const zoomed = camera.zoom(3, 50, 70, viewport, 0);
  const before = zoomed.project([4, 12], viewport, 0);
  const grown = zoomed.withBounds({ planar: { low: [-90, 0], high: [40, 60] }, spatial });
  const after = grown.project([4, 12], viewport, 0);

  expect(after.x).toBeCloseTo(before.x, 2);
  expect(after.y).toBeCloseTo(before.y, 2);
});

test.each([
  ["one point", [7, 7], [7, 7]],
  ["a line", [0, 3], [10, 3]],
  ["a billion times larger", [-1e9, -1e9], [1e9, 1e9]],
  ["a billion times smaller", [1e-9, 1e-9], [2e-9, 3e-9]],
])("bounds of %s give finite numbers and a centred view", (_, low, high) => {
  const around = Camera.around({ planar: { low, high } }, viewport);
  const middle = around.project(
    low.map((value, d) => (value + high[d]!) / 2),
    viewport,
    0,
  );

  expect([...around.toUniforms(viewport, 0).matrix].every(Number.isFinite)).toBe(true);
  expect(middle.x).toBeCloseTo(400, 2);
  expect(middle.y).toBeCloseTo(300, 2);
});

test("its state survives being written as JSON", () => {
  const moved = camera.orbit(10, 20, viewport, "turntable").zoom(2, 5, 5, viewport, 1);
  const back = new Camera(JSON.parse(JSON.stringify(moved.state)));

  expect(back.toUniforms(viewport, 0.4)).toEqual(moved.toUniforms(viewport, 0.4));
});

function clipDepth(from: Camera, position: readonly number[], depth: number): number {
  const { matrix: m, spatialFrame } = from.toUniforms(viewport, depth);
  const [x, y, z] = position.map(
    (value, d) => (value - spatialFrame.center[d]!) * spatialFrame.scale,
  ) as unknown as Vector3;
  const row = (i: number) => m[i]! * x + m[4 + i]! * y + m[8 + i]! * z + m[12 + i]!;
  return row(2) / row(3);
}
