import { describe, expect, it } from "vitest";
import { LEVELS, roomOf, thin, type Thinned } from "../../src/geometry/thinning.js";

function run(
  coordinates: Float32Array,
  dimensions: 2 | 3,
  usable: (row: number) => boolean = () => true,
  sides?: readonly [number, number],
): Thinned {
  const work = thin(coordinates, dimensions, usable, sides);
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

function cloud(count: number, dimensions: number): Float32Array {
  let seed = 7;
  return Float32Array.from({ length: count * dimensions }, () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  });
}

/** How far apart two rows are along the axis on which they are farthest apart, in box sides. */
function gap(
  data: Float32Array,
  d: number,
  a: number,
  b: number,
  sides: readonly number[],
): number {
  let widest = 0;
  for (let i = 0; i < d; i++) {
    widest = Math.max(widest, Math.abs(data[a * d + i]! - data[b * d + i]!) / (sides[i] ?? 1));
  }
  return widest;
}

describe("thinning", () => {
  for (const [dimensions, sides] of [
    [2, [1, 1]],
    [2, [1, 0.5]],
    [3, [1, 1, 1]],
  ] as const) {
    it(`leaves the room of its level between rows in ${dimensions}D, boxes ${sides}`, () => {
      const data = cloud(600, dimensions);
      const thinned = run(data, dimensions, () => true, [sides[0], sides[1]]);

      expect([...thinned.order].sort((a, b) => a - b)).toEqual([...Array(600).keys()]);
      for (const level of [3, 8, 11]) {
        const rows = thinned.order.subarray(0, thinned.stops[level]);
        const room = roomOf(thinned, level) * (1 - 1e-6);
        let closest = Infinity;
        for (const [i, a] of rows.entries()) {
          for (const b of rows.subarray(0, i)) {
            closest = Math.min(closest, gap(data, dimensions, a, b, sides));
          }
        }
        expect(closest).toBeGreaterThanOrEqual(room);
        const missed: number[] = [];
        // Nothing that would still fit was left out.
        for (const row of thinned.order.subarray(thinned.stops[level])) {
          const nearest = Math.min(...[...rows].map((a) => gap(data, dimensions, a, row, sides)));
          if (nearest >= roomOf(thinned, level)) missed.push(row);
        }
        expect(missed).toEqual([]);
      }
    });
  }

  it("takes the first rows first and leaves out what is not usable or not there", () => {
    const data = cloud(100, 2);
    data[2 * 3] = Number.NaN;
    const thinned = run(data, 2, (row) => row !== 0);

    expect(thinned.order[0]).toBe(1);
    expect([...thinned.order]).not.toContain(0);
    expect([...thinned.order]).not.toContain(3);
    expect(thinned.order).toHaveLength(98);
  });

  it("finds no room for all but one of many rows at one place", () => {
    const thinned = run(new Float32Array(40), 2);

    expect(thinned.stops[0]).toBe(1);
    expect(thinned.stops[LEVELS - 1]).toBe(1);
    expect(thinned.stops[LEVELS]).toBe(20);
  });

  it("makes nothing of nothing", () => {
    const thinned = run(new Float32Array(0), 2);

    expect(thinned.order).toHaveLength(0);
    expect(Number.isFinite(thinned.typical)).toBe(true);
  });
});
