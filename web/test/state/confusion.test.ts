import { describe, expect, it } from "vitest";
import type { RunDescription } from "../../src/data/types.js";
import { predictedClasses } from "../../src/state/coloring_choice.js";
import { confusionOf } from "../../src/state/confusion.js";

const NONE = 0xffff;
const data = (predicted: number[]) => ({
  predicted: Uint16Array.from(predicted),
  confidence: new Float32Array(predicted.length),
});

describe("a confusion matrix", () => {
  it("joins predictions and labels by name, not by number", () => {
    const found = confusionOf(
      ["cat", "dog"],
      data([0, 0, 1, 1, NONE]),
      ["dog", "cat"],
      [1, 0, 0, 0, 0],
      20,
    );

    expect(found.classes).toEqual(["cat", "dog"]);
    expect([...found.counts]).toEqual([1, 0, 1, 2]);
    expect([found.total, found.right]).toEqual([4, 3]);
    expect([...found.rowsOf(1, 0).rows]).toEqual([1]);
  });

  it("leaves out what has no label", () => {
    const found = confusionOf(["a"], data([0, 0]), ["a"], Uint16Array.from([0, NONE]), 20);

    expect(found.total).toBe(1);
  });

  it("shows the classes with most errors when there are too many", () => {
    const names = ["a", "b", "c", "d"];
    const found = confusionOf(names, data([0, 1, 2, 2, 2]), names, [0, 1, 2, 3, 3], 2);

    expect(found.classes).toEqual(["c", "d"]);
    expect(found.of).toBe(4);
    expect([...found.counts]).toEqual([1, 0, 2, 0]);
  });
});

describe("the classes of predictions", () => {
  const run = (classes: string[] | null) => ({ classes }) as unknown as RunDescription;

  it("are those that the run declares, in their order", () => {
    expect(predictedClasses(run(["dog", "cat"]), ["cat", "dog"])).toEqual(["dog", "cat"]);
  });

  it("are the numbers where labels are numbers, also when they are sorted as text", () => {
    expect(predictedClasses(run(null), ["0", "10", "2"])[10]).toBe("10");
  });

  it("are asked for rather than guessed where labels are names", () => {
    expect(() => predictedClasses(run(null), ["cat", "dog"])).toThrow(/classes=/);
    expect(() => predictedClasses(run(null), ["01", "02"])).toThrow(/classes=/);
  });
});
