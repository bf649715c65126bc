import { describe, expect, it } from "vitest";
import { histogram, middleOf } from "../../src/geometry/histogram.js";
import { listWindow, scrollTo } from "../../src/geometry/virtual.js";

describe("the lines of a long list", () => {
  it("are those in view and a few around them", () => {
    const { start, stop, height, offset } = listWindow(1000, 28, 280, 2800);

    expect(start).toBeLessThanOrEqual(100);
    expect(start).toBeGreaterThan(90);
    expect(stop).toBeGreaterThanOrEqual(110);
    expect(stop).toBeLessThan(120);
    expect(height).toBe(28_000);
    expect(offset).toBe(start * 28);
  });

  it("never go past either end", () => {
    expect(listWindow(5, 28, 280, 0)).toMatchObject({ start: 0, stop: 5 });
    expect(listWindow(1000, 28, 280, 1e9).stop).toBe(1000);
    expect(listWindow(0, 28, 280, 0)).toMatchObject({ start: 0, stop: 0, height: 0 });
  });

  it("reach the last of ten million although no element is that tall", () => {
    const count = 10_000_000;
    const { height } = listWindow(count, 28, 280, 0);
    const end = listWindow(count, 28, 280, height - 280);

    expect(height).toBeLessThan(10_000_000);
    expect(end.stop).toBe(count);
    // The last line ends where the list ends.
    expect(end.offset + (end.stop - end.start) * 28).toBeCloseTo(height, 3);
  });

  it.each([
    [1000, 28],
    [10_000_000, 28],
  ])("of %i are brought into view by scrolling", (count, line) => {
    for (const index of [0, 7, Math.floor(count / 2), count - 1]) {
      const scroll = scrollTo(index, count, line, 280, 0);
      const { start, stop } = listWindow(count, line, 280, scroll);

      expect(start).toBeLessThanOrEqual(index);
      expect(stop).toBeGreaterThan(index);
    }
  });

  it("do not move when they are in view already", () => {
    expect(scrollTo(3, 1000, 28, 280, 0)).toBe(0);
    expect(scrollTo(105, 1000, 28, 280, 2800)).toBe(2800);
  });
});

describe("a histogram", () => {
  it("counts every value once and those that are not finite apart", () => {
    const values = [0, 1, 2, 3, Number.NaN, 4, Infinity];
    const { counts, missing } = histogram(values, null, 0, 4, 4);

    expect(counts).toEqual([1, 1, 1, 2]);
    expect(missing).toBe(2);
  });

  it("counts only the rows that are chosen", () => {
    expect(histogram([0, 1, 2, 3], [1, 3], 0, 4, 4).counts).toEqual([0, 1, 0, 1]);
  });

  it("of one value has one bin that is full", () => {
    expect(histogram([5, 5], null, 5, 5, 3).counts).toEqual([2, 0, 0]);
  });

  it("goes with a mean and a median of the known values", () => {
    expect(middleOf([1, Number.NaN, 2, 9], null)).toEqual({ mean: 4, median: 2 });
    expect(middleOf([1, 2, 3, 4], [1, 2])).toEqual({ mean: 2.5, median: 2.5 });
    expect(middleOf([Number.NaN], null)).toBeNull();
  });
});
