import { describe, expect, test } from "vitest";
import { countRows, hasRow, rowsOf } from "../../src/geometry/bitset.js";
import { Camera, type Viewport, projectWith } from "../../src/geometry/camera.js";
import { type LassoScene, lassoRows, rectangle } from "../../src/geometry/lasso.js";
import { insidePolygon, rasterize } from "../../src/geometry/polygon.js";
import { HIDDEN, SELECTED } from "../../src/geometry/rows.js";
import { random } from "../render/scenes.js";

const viewport: Viewport = { width: 800, height: 600 };

/** A hundred corners around the middle, in and out: what a hand might draw. */
function scribble(seed: number, corners = 100): Float32Array {
  const next = random(seed);
  const polygon = new Float32Array(2 * corners);
  for (let i = 0; i < corners; i++) {
    const angle = (2 * Math.PI * i) / corners;
    const radius = 120 + 160 * next();
    polygon[2 * i] = 400 + radius * Math.cos(angle);
    polygon[2 * i + 1] = 300 + radius * Math.sin(angle);
  }
  return polygon;
}

function scene(count: number, depth: number, changes: Partial<LassoScene> = {}): LassoScene {
  const next = random(9);
  const planar = Float32Array.from({ length: 2 * count }, () => 20 * next() - 10);
  const spatial = Float32Array.from({ length: 3 * count }, () => 20 * next() - 10);
  const camera = Camera.around(
    {
      planar: { low: [-10, -10], high: [10, 10] },
      spatial: { low: [-10, -10, -10], high: [10, 10, 10] },
    },
    viewport,
  );
  return {
    from: { planar, spatial },
    to: { planar, spatial },
    mix: 0,
    depth,
    camera: camera.toUniforms(viewport, depth),
    viewport,
    drawCount: count,
    ...changes,
  };
}

describe.each([
  ["2D", 0, 2],
  ["3D", 1, 3],
] as const)("in %s", (_, depth, dimensions) => {
  test("finds exactly the points that the polygon test finds", () => {
    const all = scene(20_000, depth);
    const polygon = scribble(1);
    const bits = lassoRows(polygon, all);
    const positions = depth ? all.to.spatial! : all.to.planar!;

    let inside = 0;
    for (let row = 0; row < 20_000; row++) {
      const start = row * dimensions;
      const position = positions.subarray(start, start + dimensions);
      const { x, y } = projectWith(all.camera, position, viewport);
      const expected = insidePolygon(polygon, x, y);
      if (expected) inside++;

      expect(hasRow(bits, row)).toBe(expected);
    }
    expect(inside).toBeGreaterThan(1000);
    expect(countRows(bits)).toBe(inside);
  });
});

test("leaves hidden rows and rows past the drawn prefix alone", () => {
  const flags = new Uint8Array(1000).fill(SELECTED);
  for (let row = 0; row < 1000; row += 2) flags[row] = HIDDEN;
  const everything = rectangle(0, 0, 800, 600);
  const rows = rowsOf(lassoRows(everything, scene(1000, 0, { flags, drawCount: 500 })));

  expect(rows.length).toBe(250);
  expect([...rows].every((row) => row % 2 === 1 && row < 500)).toBe(true);
});

test("selects nothing that is off the screen, wherever the lasso goes", () => {
  const all = scene(5000, 0);
  const zoomed = {
    ...all,
    camera: Camera.around({ planar: { low: [-1, -1], high: [1, 1] } }, viewport).toUniforms(
      viewport,
      0,
    ),
  };
  const bits = lassoRows(rectangle(-5000, -5000, 5000, 5000), zoomed);
  for (const row of rowsOf(bits)) {
    const { x, y } = projectWith(
      zoomed.camera,
      zoomed.to.planar!.subarray(2 * row, 2 * row + 2),
      viewport,
    );

    expect(x >= 0 && x < 800 && y >= 0 && y < 600).toBe(true);
  }
  expect(countRows(bits)).toBeLessThan(5000);
});

test("takes a row from where the mix draws it", () => {
  const from = { planar: new Float32Array([-10, 0]) };
  const to = { planar: new Float32Array([10, 0]) };
  const half = scene(1, 0, { from, to, mix: 0.5 });

  expect(hasRow(lassoRows(rectangle(390, 290, 410, 310), half), 0)).toBe(true);
  expect(hasRow(lassoRows(rectangle(0, 290, 380, 310), half), 0)).toBe(false);
});

test.each([
  [0.2, true],
  [0.8, false],
])("a row that vanishes can be taken at mix %s: %s", (mix, expected) => {
  const from = { planar: new Float32Array([0, 0]) };
  const to = { planar: new Float32Array([NaN, NaN]) };
  const bits = lassoRows(rectangle(0, 0, 800, 600), scene(1, 0, { from, to, mix }));

  expect(hasRow(bits, 0)).toBe(expected);
});

test("follows points on their way from 2D to 3D", () => {
  const all = scene(200, 0.4);
  const rows = rowsOf(lassoRows(rectangle(0, 0, 800, 600), all));

  expect(rows.length).toBe(200);
});

test("a loop wound twice has no hole", () => {
  const square = [200, 200, 600, 200, 600, 500, 200, 500];
  const twice = new Float32Array([...square, ...square]);

  expect(insidePolygon(twice, 400, 300)).toBe(true);
  expect(countRows(lassoRows(twice, scene(4000, 0)))).toBe(
    countRows(lassoRows(new Float32Array(square), scene(4000, 0))),
  );
});

test.each([
  ["no corner", []],
  ["two corners", [10, 10, 500, 500]],
  ["no area", [300, 300, 300, 300, 300, 300]],
  ["nothing on screen", [-50, -50, -10, -50, -10, -10]],
])("a polygon with %s selects nothing", (_, corners) => {
  expect(countRows(lassoRows(new Float32Array(corners), scene(1000, 0)))).toBe(0);
});

test("the mask asks the polygon only along its edge", () => {
  const { cells } = rasterize(scribble(4), viewport)!;
  const asked = cells.filter((cell) => cell === 2).length;

  expect(asked / cells.length).toBeLessThan(0.2);
});
