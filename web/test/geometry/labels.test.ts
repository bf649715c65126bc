import { describe, expect, it } from "vitest";
import { crowdedPlace, labelAnchors, placeLabels } from "../../src/geometry/labels.js";
import { random } from "../render/scenes.js";

const label = (key: string, x: number, weight: number, rank = 1) => ({
  key,
  x,
  y: 0,
  width: 40,
  height: 10,
  rank,
  weight,
});
const keysOf = (labels: readonly { key: string }[]) => labels.map(({ key }) => key);

describe("the place of a name", () => {
  it("is in the larger of two crowds, not between them", () => {
    const next = random(2);
    const places = Array.from({ length: 90 }, (_, row) => [
      (row % 3 === 0 ? -10 : 10) + next(),
      next(),
    ]).flat();
    const found = crowdedPlace(
      Array.from({ length: 90 }, (_, row) => row),
      Float32Array.from(places),
      2,
    )!;

    expect(found[0]).toBeGreaterThan(9.5);
    expect(found[0]).toBeLessThan(11.5);
  });

  it("of a ring is on the ring", () => {
    const places = Array.from({ length: 200 }, (_, row) => [Math.cos(row), Math.sin(row)]).flat();
    const rows = Array.from({ length: 200 }, (_, row) => row);
    const found = crowdedPlace(rows, Float32Array.from(places), 2)!;

    expect(Math.hypot(found[0]!, found[1]!)).toBeGreaterThan(0.4);
  });

  it("of twins, of one row and of none makes sense", () => {
    const places = Float32Array.from([3, 4, 5, 3, 4, 5, Number.NaN, 0, 0]);

    expect(crowdedPlace([0, 1], places, 3)).toEqual([3, 4, 5]);
    expect(crowdedPlace([1], places, 3)).toEqual([3, 4, 5]);
    expect(crowdedPlace([2, 99], places, 3)).toBeUndefined();
  });

  it("counts only rows in sight, the largest group first", () => {
    const places = Float32Array.from([0, 0, 1, 1, 9, 9, 9, 9]);
    const found = labelAnchors([0, 0, 1, 1], 2, places, 2, (row) => row !== 0);

    expect(found.map(({ code, count }) => [code, count])).toEqual([
      [1, 2],
      [0, 1],
    ]);
    expect(found[1]!.position).toEqual([1, 1]);
  });
});

describe("labels that ask for room", () => {
  it("get it by rank, then by weight, and never over another", () => {
    const placed = placeLabels(
      [label("a", 0, 5), label("b", 20, 9), label("c", 30, 1, 2)],
      new Set(),
    );

    expect(keysOf(placed)).toEqual(["c"]);
    expect(keysOf(placeLabels([label("a", 0, 5), label("b", 100, 9)], new Set()))).toEqual([
      "b",
      "a",
    ]);
  });

  it("do not flicker: what is there stays until something clearly heavier comes or they touch", () => {
    const there = new Set(["a"]);

    expect(keysOf(placeLabels([label("a", 0, 10), label("b", 20, 11)], there))).toEqual(["a"]);
    expect(keysOf(placeLabels([label("a", 0, 10), label("b", 20, 20)], there))).toEqual(["b"]);
    // Two pixels apart: enough for a label that is there, too little for a new one.
    const near = [label("big", 0, 10), label("small", 42, 1)];
    expect(keysOf(placeLabels(near, new Set()))).toEqual(["big"]);
    expect(keysOf(placeLabels(near, new Set(["big", "small"])))).toEqual(["big", "small"]);
  });
});
