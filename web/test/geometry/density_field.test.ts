import { describe, expect, it } from "vitest";
import {
  contourLines,
  densityField,
  fieldBox,
  levelsOf,
  smooth,
  smoothingCells,
  type DensityField,
} from "../../src/geometry/density_field.js";
import { random } from "../render/scenes.js";

function bell(n: number, seed = 1): Float32Array {
  const next = random(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return Float32Array.from({ length: 2 * n }, normal);
}

function cone(size: number): DensityField {
  const values = new Float32Array(size * size);
  const middle = (size - 1) / 2;
  for (let i = 0; i < values.length; i++) {
    values[i] = 100 - Math.hypot((i % size) - middle, Math.floor(i / size) - middle);
  }
  return { size, low: [0, 0], high: [size, size], values };
}

describe("a density field", () => {
  it("keeps every point that smoothing does not carry over the edge", () => {
    const planar = bell(5000);
    const field = densityField(planar, fieldBox(planar)!, 128, 3);
    const total = field.values.reduce((sum, value) => sum + value, 0);

    expect(total / 5000).toBeCloseTo(1, 2);
  });

  it("leaves out what has no place or counts nothing", () => {
    const planar = Float32Array.from([0, 0, Number.NaN, Number.NaN, 1, 1, 1, 1]);
    const box = fieldBox(planar)!;
    const field = densityField(planar, box, 64, 1.2, (row) => (row === 3 ? 0 : 1));

    expect(field.values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(2, 4);
    expect(fieldBox(Float32Array.from([Number.NaN, Number.NaN]))).toBeNull();
  });

  it("does not depend on the order of the rows", () => {
    const planar = bell(300);
    const turned = planar.slice();
    for (let row = 0; row < 300; row++) {
      turned.set(planar.subarray(2 * row, 2 * row + 2), 2 * (299 - row));
    }
    const box = fieldBox(planar)!;

    expect(densityField(turned, box, 64, 2).values).toEqual(
      densityField(planar, box, 64, 2).values,
    );
  });

  it("is smoothed by about the deviation asked for", () => {
    const values = new Float32Array(101 * 101);
    values[50 * 101 + 50] = 1;
    smooth(values, 101, 5);
    let variance = 0;
    for (let i = 0; i < values.length; i++) variance += values[i]! * ((i % 101) - 50) ** 2;

    expect(Math.sqrt(variance)).toBeGreaterThan(4.4);
    expect(Math.sqrt(variance)).toBeLessThan(5.6);
  });

  it("is finer the more points there are", () => {
    expect(smoothingCells(1e6, 256)).toBeLessThan(smoothingCells(2000, 256));
  });
});

describe("contour lines", () => {
  it("of a cone are circles, and closed", () => {
    const lines = contourLines(cone(101), 80.37);
    const ends = new Map<string, number>();
    for (let i = 0; i < lines.length; i += 2) {
      const [x, y] = [lines[i]! - 50.5, lines[i + 1]! - 50.5];
      expect(Math.abs(Math.hypot(x, y) - 19.63)).toBeLessThan(0.05);
      const key = `${lines[i]!.toFixed(3)} ${lines[i + 1]!.toFixed(3)}`;
      ends.set(key, (ends.get(key) ?? 0) + 1);
    }

    expect(lines.length).toBeGreaterThan(400);
    expect(new Set(ends.values())).toEqual(new Set([2]));
  });

  it("enclose the share of the points that they say", () => {
    const planar = bell(20_000);
    const field = densityField(planar, fieldBox(planar)!, 128, 1.5);
    const [outer, inner] = levelsOf(field, [0.9, 0.3]);
    const radius = (level: number) => {
      const lines = contourLines(field, level);
      let sum = 0;
      for (let i = 0; i < lines.length; i += 2) sum += Math.hypot(lines[i]!, lines[i + 1]!);
      return sum / (lines.length / 2);
    };

    // Of a bell in the plane a share s lies within sqrt(-2 log(1 - s)).
    expect(radius(outer!)).toBeCloseTo(Math.sqrt(-2 * Math.log(0.1)), 0);
    expect(Math.abs(radius(inner!) - Math.sqrt(-2 * Math.log(0.7)))).toBeLessThan(0.2);
  });

  it("are none where nothing is, or where no level is known", () => {
    const empty = { ...cone(8), values: new Float32Array(64) };

    expect(contourLines(empty, levelsOf(empty, [0.5])[0]!)).toHaveLength(0);
  });
});
