import { describe, expect, test } from "vitest";
import { bitsetOf, countRows, emptyBitset, hasRow, rowsOf } from "../../src/geometry/bitset.js";
import { betweenIndices, betweenSteps, easeInOut } from "../../src/geometry/interpolate.js";
import { labelAnchors, withoutOverlap } from "../../src/geometry/labels.js";
import { IDENTITY, compose, rotationAround, slerp } from "../../src/geometry/rotation.js";

describe("between two steps", () => {
  const steps = [0, 10, 50, 51];

  test("a logged step is that snapshot alone", () => {
    steps.forEach((step, i) => {
      expect(betweenSteps(steps, step)).toEqual({ from: i, to: i, mix: 0 });
    });
  });

  test("any other step mixes its neighbours by its distance to them", () => {
    expect(betweenSteps(steps, 20)).toEqual({ from: 1, to: 2, mix: 0.25 });
    expect(betweenIndices(4, 2.5)).toEqual({ from: 2, to: 3, mix: 0.5 });
  });

  test("steps outside are held at the ends", () => {
    expect(betweenSteps(steps, -5)).toEqual({ from: 0, to: 0, mix: 0 });
    expect(betweenSteps(steps, 1e9)).toEqual({ from: 3, to: 3, mix: 0 });
    expect(betweenSteps([7], NaN)).toEqual({ from: 0, to: 0, mix: 0 });
    expect(betweenIndices(4, 99)).toEqual({ from: 3, to: 3, mix: 0 });
    expect(() => betweenSteps([], 0)).toThrow(RangeError);
  });
});

test("easing starts and ends at rest", () => {
  expect([easeInOut(-1), easeInOut(0), easeInOut(0.5), easeInOut(2)]).toEqual([0, 0, 0.5, 1]);
  expect(easeInOut(0.01)).toBeLessThan(0.001);
});

describe("a bitset", () => {
  test("gives back the rows put into it", () => {
    const rows = [0, 7, 8, 31, 99];
    const bits = bitsetOf(rows, 100);

    expect([...rowsOf(bits)]).toEqual(rows);
    expect(countRows(bits)).toBe(5);
    expect(bits.length).toBe(13);
  });

  test("has no row that was not put into it", () => {
    expect(hasRow(bitsetOf([3], 9), 4)).toBe(false);
    expect(hasRow(emptyBitset(9), 1000)).toBe(false);
  });
});

describe("a rotation", () => {
  const quarter = rotationAround([0, 1, 0], Math.PI / 2);

  test("half way is half the angle", () => {
    const eighth = rotationAround([0, 1, 0], Math.PI / 4);

    slerp(IDENTITY, quarter, 0.5).forEach((value, i) => expect(value).toBeCloseTo(eighth[i]!));
  });

  test("takes the short way, also from nearly nothing", () => {
    const same = quarter.map((value) => -value) as unknown as typeof quarter;

    expect(Math.abs(slerp(quarter, same, 0.5)[3])).toBeCloseTo(quarter[3]);
    expect(slerp(quarter, quarter, 0.3)[1]).toBeCloseTo(quarter[1]);
  });

  test("twice a quarter is a half", () => {
    const half = rotationAround([0, 1, 0], Math.PI);

    compose(quarter, quarter).forEach((value, i) => expect(value).toBeCloseTo(half[i]!));
  });
});

describe("labels", () => {
  test("stand in the middle of their group's crowd, the largest group first", () => {
    const positions = new Float32Array([0, 0, 1, 1, 2, 2, 1000, 1000, 9, 9, NaN, NaN]);
    const anchors = labelAnchors([1, 1, 1, 1, 0, 0], 2, positions, 2);

    expect(anchors.map(({ code, count }) => [code, count])).toEqual([
      [1, 4],
      [0, 1],
    ]);
    // Near the three that keep company, wherever the stray one is.
    expect(anchors[0]!.position[0]).toBeCloseTo(1, 5);
  });

  test("are not made for groups that are filtered out", () => {
    const positions = new Float32Array([0, 0, 5, 5]);

    expect(labelAnchors([0, 1], 2, positions, 2, (row) => row === 1)).toHaveLength(1);
  });

  test("that would overlap a more important one are left out", () => {
    const box = { width: 40, height: 16 };
    const kept = withoutOverlap([
      { x: 100, y: 100, ...box },
      { x: 120, y: 105, ...box },
      { x: 100, y: 125, ...box },
    ]);

    expect(kept.map(({ y }) => y)).toEqual([100, 125]);
  });
});
