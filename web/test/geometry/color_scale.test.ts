import { describe, expect, test } from "vitest";
import { contrast, fromHex, fromOklab, toHex, toOklab } from "../../src/geometry/color.js";
import {
  CategoryColors,
  NO_SLOT,
  diverging,
  missingColor,
  naturally,
  paintCategories,
  paintNumbers,
  sample,
  sequential,
  slotColor,
} from "../../src/geometry/color_scale.js";
import { CANVAS, CATEGORIES, CHOSEN_BY_HAND, MISSING, OTHER } from "../../src/geometry/palettes.js";
import { farthestPairs, hexes, pair, seen } from "./glasbey.js";

const themes = ["dark", "light"] as const;
const lab = (hex: string) => toOklab(fromHex(hex));

describe.each(themes)("on the %s canvas", (theme) => {
  const canvas = fromHex(CANVAS[theme]);

  test("every category colour and both greys stand out", () => {
    const colors = [...CATEGORIES[theme], MISSING[theme], OTHER[theme]];

    expect(colors.filter((hex) => contrast(fromHex(hex), canvas) < 3)).toEqual([]);
  });

  test("no two of the first ten, nor of all sixty-four, look alike", () => {
    const closest = (colors: readonly string[]) =>
      Math.min(...colors.flatMap((a, i) => colors.slice(0, i).map((b) => seen(lab(a), lab(b)))));

    expect(CATEGORIES[theme].length).toBe(64);
    expect(closest(CATEGORIES[theme].slice(0, 10))).toBeGreaterThan(0.1);
    expect(closest(CATEGORIES[theme])).toBeGreaterThan(0.04);
  });

  test.each(["sequential", "diverging"] as const)("all of the %s map stands out", (name) => {
    const map = name === "sequential" ? sequential(theme) : diverging(theme);
    for (let i = 0; i <= 50; i++) {
      expect(contrast(sample(map, i / 50), canvas)).toBeGreaterThanOrEqual(3);
    }
  });

  test("the sequential map's contrast rises all the way", () => {
    const map = sequential(theme);
    const values = Array.from({ length: 33 }, (_, i) => contrast(sample(map, i / 32), canvas));

    expect(values).toEqual([...values].sort((a, b) => a - b));
    expect(values[32]! / values[0]!).toBeGreaterThan(2.5);
  });

  test("the diverging map is grey at zero and equally far from it at both ends", () => {
    const map = diverging(theme);
    const [low, middle, high] = [0, 0.5, 1].map((t) => toOklab(sample(map, t)));

    expect(Math.hypot(middle![1], middle![2])).toBeLessThan(0.03);
    expect(Math.abs(low![0] - high![0])).toBeLessThan(0.08);
    expect(Math.hypot(low![1], low![2])).toBeGreaterThan(0.1);
    expect(Math.hypot(high![1], high![2])).toBeGreaterThan(0.1);
  });
});

test("the tables are what the generator makes of the colours chosen by hand", () => {
  const first = CATEGORIES.dark
    .slice(0, CHOSEN_BY_HAND)
    .map((dark, i) => pair(dark, CATEGORIES.light[i]!));
  const pairs = farthestPairs(first, 64);

  for (const theme of themes) expect(hexes(pairs, theme)).toEqual(CATEGORIES[theme]);
});

test("Oklab and hexadecimal survive the way there and back", () => {
  for (const hex of CATEGORIES.dark) {
    expect(toHex(fromOklab(lab(hex))).toUpperCase()).toBe(hex);
  }
});

describe("the colour of a value", () => {
  test("does not depend on the order of the list", () => {
    const names = ["dog", "cat", "bird", "fish"];
    const a = new CategoryColors().assign("label", names);
    const b = new CategoryColors().assign("label", [...names].reverse());

    expect(b.reverse()).toEqual(a);
  });

  test("stays when values vanish or others appear", () => {
    const colors = new CategoryColors();
    const [cat, dog] = colors.assign("label", ["cat", "dog"]);

    expect(colors.assign("label", ["dog"])).toEqual([dog]);
    const [, , ant] = colors.assign("label", ["dog", "cat", "ant"]);
    expect(colors.assign("label", ["cat", "dog"])).toEqual([cat, dog]);
    expect(ant).toBe(2);
  });

  test("is its own in each column", () => {
    const colors = new CategoryColors();
    colors.assign("label", ["cat", "dog"]);

    expect(colors.assign("split", ["test", "train"])).toEqual([0, 1]);
  });

  test("follows the numbers in names", () => {
    const names = ["class 10", "class 9", "class 1"];

    expect(new CategoryColors().assign("label", names)).toEqual([2, 1, 0]);
    expect(["10", "9", "1.5", "-2", "b2", "b10", ""].sort(naturally)[0]).toBe("");
  });

  test("goes to the most frequent values when there are more values than colours", () => {
    const names = Array.from({ length: 100 }, (_, i) => `class ${i}`);
    const counts = names.map((_, i) => i);
    const slots = new CategoryColors(30).assign("label", names, counts);

    expect(slots.filter((slot) => slot === NO_SLOT)).toHaveLength(70);
    expect(slots.slice(70)).not.toContain(NO_SLOT);
    expect(slotColor(NO_SLOT, "dark")).toEqual(fromHex(OTHER.dark));
  });
});

test("rows get their category's colour, and grey without one", () => {
  const red = [200, 10, 20] as const;
  const painted = paintCategories(new Uint16Array([0, 65535]), [red], missingColor("dark"));

  expect([...painted]).toEqual([...red, 255, ...missingColor("dark"), 255]);
  expect([...paintCategories(new Int32Array([-1]), [red], [1, 2, 3])]).toEqual([1, 2, 3, 255]);
});

test("numbers outside the range are held, NaN is grey, one single value is the middle", () => {
  const map = sequential("dark");
  const values = new Float32Array([-5, 0, 10, 99, NaN]);
  const painted = paintNumbers(values, [0, 10], map, [1, 2, 3]);
  const at = (row: number) => [...painted.subarray(4 * row, 4 * row + 3)];

  expect(at(0)).toEqual([...sample(map, 0)]);
  expect(at(1)).toEqual(at(0));
  expect(at(3)).toEqual(at(2));
  expect(at(4)).toEqual([1, 2, 3]);
  expect([...paintNumbers([7], [7, 7], map, [1, 2, 3])].slice(0, 3)).toEqual([
    ...sample(map, 127 / 255),
  ]);
});
