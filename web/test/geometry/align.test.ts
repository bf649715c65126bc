import { describe, expect, it } from "vitest";
import { aligned, alignment } from "../../src/geometry/align.js";
import { groupMean, spreadOf } from "../../src/geometry/group_means.js";
import { strongestMovers } from "../../src/geometry/movers.js";
import { paintSmall } from "../../src/geometry/small_map.js";

/** Scattered points, always the same. */
function cloud(n: number, dimensions: number): Float32Array {
  let state = 7;
  return Float32Array.from({ length: n * dimensions }, () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647 - 0.5;
  });
}

describe("alignment", () => {
  it.each([2, 3] as const)("takes out any turn, mirror, scale and shift in %i dimensions", (d) => {
    const fixed = cloud(200, d);
    const angle = 2.1;
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    const moving = fixed.map((_, i) => {
      const row = Math.floor(i / d) * d;
      const [x, y] = [fixed[row]!, fixed[row + 1]!];
      // Turned and mirrored in x, y; made three times as large; moved away.
      const turned = [c * x + s * y, s * x - c * y, fixed[row + 2] ?? 0][i % d]!;
      return 3 * turned + 10 * (i % d);
    });
    const fit = alignment(moving, fixed, d)!;

    const back = aligned(moving, d, fit);
    expect(fit.residual).toBeLessThan(1e-9);
    expect(fit.scale).toBeCloseTo(1 / 3, 5);
    expect(Math.max(...back.map((value, i) => Math.abs(value - fixed[i]!)))).toBeLessThan(1e-5);
  });

  it("says how much no turn explains, and leaves missing rows out", () => {
    const fixed = cloud(400, 2);
    const other = cloud(800, 2).subarray(800);
    other[0] = Number.NaN;

    const fit = alignment(other, fixed, 2)!;
    expect(fit.residual).toBeGreaterThan(0.8);
    expect(fit.residual).toBeLessThanOrEqual(1);
    expect(aligned(other, 2, fit)[0]).toBeNaN();
  });

  it("has no answer for fewer than three rows or for one place", () => {
    expect(alignment(cloud(2, 2), cloud(2, 2), 2)).toBeNull();
    expect(alignment(new Float32Array(20), cloud(10, 2), 2)).toBeNull();
  });

  it("keeps a cloud on one line finite", () => {
    const line = Float32Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? i : 0));

    const fit = alignment(line, line, 2)!;
    expect(fit.residual).toBeLessThan(1e-6);
    expect(aligned(line, 2, fit).every(Number.isFinite)).toBe(true);
  });
});

describe("strongestMovers", () => {
  const from = Float32Array.from([0, 0, 0, 0, 0, 0, Number.NaN, 0]);
  const to = Float32Array.from([1, 0, 5, 0, 3, 0, 9, 9]);

  it("lists the farthest first and what is missing never", () => {
    expect([...strongestMovers(from, to, 2, null, 10)]).toEqual([1, 2, 0]);
  });

  it("keeps to the rows asked for, their number and those in sight", () => {
    expect([...strongestMovers(from, to, 2, Uint32Array.of(0, 2), 1)]).toEqual([2]);
    expect([...strongestMovers(from, to, 2, null, 10, (row) => row === 1)]).toEqual([2, 0]);
  });
});

describe("paintSmall", () => {
  it("draws every row in its colour and leaves out hidden and missing ones", () => {
    const bytes = new Uint8ClampedArray(40 * 40 * 4);
    paintSmall(bytes, 40, 40, {
      points: Float32Array.from([0, 0, 1, 1, 0, 1, Number.NaN, 0]),
      colors: Uint8Array.from([255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 9, 9, 9, 255]),
      plain: [1, 2, 3],
      hidden: (row) => row === 2,
      chosen: null,
    });

    const seen = new Set<string>();
    for (let at = 0; at < bytes.length; at += 4) {
      if (bytes[at + 3]! > 0) seen.add(bytes.slice(at, at + 3).join(" "));
    }
    expect([...seen].sort()).toEqual(["0 255 0", "255 0 0"]);
  });
});

describe("groupMean", () => {
  const values = Float32Array.from({ length: 400 }, (_, i) => (i % 2) + (i === 7 ? NaN : 0));

  it("gives a band that random groups of that size stay in", () => {
    const all = spreadOf(values);
    let state = 3;
    const draw = () => (state = (state * 48271) % 2147483647);
    let inside = 0;
    for (let round = 0; round < 500; round++) {
      const order = [...values.keys()].sort(() => (draw() % 2 === 0 ? -1 : 1));
      const keyed = order.map((row) => ({ row, key: draw() })).sort((a, b) => a.key - b.key);
      const rows = Uint32Array.from(keyed.slice(0, 100), ({ row }) => row);
      const { mean, low, high } = groupMean(values, rows, all)!;
      if (mean >= low && mean <= high) inside++;
    }
    expect(inside / 500).toBeGreaterThan(0.9);
    expect(inside / 500).toBeLessThan(0.99);
  });

  it("has no width for all rows, and no answer for rows that were not measured", () => {
    const all = spreadOf(values);
    const whole = groupMean(values, Uint32Array.from(values.keys()), all)!;
    expect([whole.n, whole.high - whole.low]).toEqual([399, 0]);
    expect(groupMean(values, Uint32Array.of(7), all)).toBeNull();
  });
});
