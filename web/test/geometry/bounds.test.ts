import { describe, expect, test } from "vitest";
import { boundsOf, frameOf, union } from "../../src/geometry/bounds.js";
import { occupiedArea, opacityForOverlap } from "../../src/geometry/density.js";
import { random } from "../render/scenes.js";

describe("bounds", () => {
  test("leave absent points out", () => {
    const positions = new Float32Array([1, 2, NaN, NaN, -3, 9, Infinity, 0]);

    expect(boundsOf(positions, 2)).toEqual({ low: [-3, 2], high: [1, 9] });
    expect(boundsOf(positions, 2, new Uint32Array([0]))).toEqual({ low: [1, 2], high: [1, 2] });
    expect(boundsOf(new Float32Array([NaN, NaN]), 2)).toBeUndefined();
  });

  test("of two boxes hold both", () => {
    const both = union({ low: [0, 0], high: [1, 1] }, { low: [-1, 0.5], high: [0, 3] });

    expect(both).toEqual({ low: [-1, 0], high: [1, 3] });
  });

  test("of any size become a world of one size", () => {
    const { center, scale } = frameOf({ low: [100, 200], high: [106, 208] });

    expect(center).toEqual([103, 204, 0]);
    expect(scale).toBeCloseTo(1 / 5);
    expect(frameOf({ low: [4, 4], high: [4, 4] }).scale).toBe(1);
  });
});

describe("the occupied area", () => {
  const square = (side: number, count: number, seed = 1) => {
    const next = random(seed);
    return Float32Array.from({ length: 2 * count }, () => side * next());
  };

  test("is that of the square which points fill evenly", () => {
    expect(occupiedArea(square(3, 10_000)) / 9).toBeGreaterThan(0.85);
    expect(occupiedArea(square(3, 10_000)) / 9).toBeLessThan(1.05);
  });

  test("does not count the room between clusters", () => {
    const positions = square(1, 10_000);
    for (let i = 0; i < positions.length; i += 4) positions[i]! += 20;

    expect(occupiedArea(positions)).toBeLessThan(8);
  });

  test("is not fooled by a few points far away", () => {
    const positions = square(1, 10_000);
    positions[0] = 1e6;
    positions[3] = -1e6;

    expect(occupiedArea(positions)).toBeLessThan(1.2);
  });

  test.each([
    ["no point", []],
    ["one point", [1, 1]],
    ["one place", [1, 1, 1, 1, 1, 1]],
    ["absent points", [NaN, NaN, NaN, NaN]],
  ])("of %s is nothing", (_, positions) => {
    expect(occupiedArea(new Float32Array(positions))).toBe(0);
  });
});

test("dots turn translucent as they crowd, within limits", () => {
  const opacities = [0, 0.5, 2, 10, 100, 1e6].map((overlap) => opacityForOverlap(overlap));

  expect(opacities).toEqual([...opacities].sort((a, b) => b - a));
  expect(opacities[0]).toBeLessThanOrEqual(1);
  expect(opacities[5]).toBe(0.07);
});
