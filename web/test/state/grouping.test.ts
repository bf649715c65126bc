import { describe, expect, it } from "vitest";
import type { ColumnInfo } from "../../src/data/types.js";
import { Coloring, MOST_COLORS, OTHER_KEY } from "../../src/state/coloring.js";
import {
  groupByCategory,
  groupByColumn,
  groupByCorrectness,
  groupByNumber,
  groupByPrediction,
  groupByTrust,
  MISSING_KEY,
  NO_LABEL_KEY,
  type Grouping,
} from "../../src/state/grouping.js";
import { RowSet } from "../../src/state/row_set.js";

const NONE = 0xffff;

function colorOf(coloring: Coloring, grouping: Grouping, row: number): string {
  return coloring
    .paint(grouping, "dark")
    .slice(row * 4, row * 4 + 4)
    .join();
}

const TAGS: ColumnInfo = {
  name: "tags",
  kind: "set",
  n_missing: 1,
  categories: [
    { name: "loop", count: 3 },
    { name: "faint", count: 2 },
  ],
};
// Rows: {loop}, {loop, faint}, {}, missing, {loop, faint}.
const TAG_DATA = {
  kind: "set" as const,
  offsets: Uint32Array.of(0, 1, 3, 3, 3, 5),
  codes: Uint16Array.of(0, 0, 1, 0, 1),
  present: Uint8Array.of(1, 1, 1, 0, 1),
};

describe("categories", () => {
  const grouping = groupByCategory("label", "label", ["a", "b", "unused"], [0, 1, 1, NONE]);

  it("count their rows, the missing ones too", () => {
    expect(grouping.groups.map(({ key, count }) => [key, count])).toEqual([
      ["=a", 1],
      ["=b", 2],
      ["=unused", 0],
      [MISSING_KEY, 1],
    ]);
  });

  it("know their rows", () => {
    expect([...grouping.rowsOf("=b").rows]).toEqual([1, 2]);
    expect([...grouping.rowsOf(MISSING_KEY).rows]).toEqual([3]);
    expect(grouping.rowsOf("=nothing").empty).toBe(true);
  });

  it("tally a selection in the order of the groups", () => {
    expect(grouping.tally(RowSet.of(4, [1, 3]))).toEqual([0, 1, 0, 1]);
  });
});

describe("colours", () => {
  it("belong to the value, not to its place in the list", () => {
    const coloring = new Coloring();
    const before = groupByCategory("label", "label", ["cat", "dog"], [0, 1]);
    const after = groupByCategory("label", "label", ["ant", "dog", "cat"], [2, 1]);

    expect(colorOf(coloring, after, 0)).toBe(colorOf(coloring, before, 0));
    expect(colorOf(coloring, after, 1)).toBe(colorOf(coloring, before, 1));
  });

  it("of a predicted class are those of the label", () => {
    const coloring = new Coloring();
    const labels = groupByCategory("column:label", "label", ["cat", "dog"], [0, 1]);
    const data = { predicted: Uint16Array.of(1, NONE), confidence: Float32Array.of(0.5, 0.5) };
    const predicted = groupByPrediction(["cat", "dog"], data, "label");

    expect(colorOf(coloring, predicted, 0)).toBe(colorOf(coloring, labels, 1));
  });

  it("run out after thirty values, and the rest are one grey entry", () => {
    const names = Array.from({ length: MOST_COLORS + 12 }, (_, i) => `class ${i}`);
    // Class i has i + 1 rows, so the twelve smallest are the ones left over.
    const codes = names.flatMap((_, i) => Array.from({ length: i + 1 }, () => i));
    const legend = new Coloring().legend(groupByCategory("c", "c", names, codes), "dark");
    const other = legend.entries.find((entry) => entry.key === OTHER_KEY);

    expect(legend.entries).toHaveLength(MOST_COLORS + 1);
    expect(other?.name).toBe("other 12");
    expect(other?.count).toBe(78);
    expect(other?.rows().count).toBe(78);
  });

  it("of missing values are grey in every coloring", () => {
    const coloring = new Coloring();
    const category = groupByCategory("a", "a", ["x"], [0, NONE]);
    const number = groupByNumber("b", "b", [1, Number.NaN], "number");

    expect(colorOf(coloring, category, 1)).toBe(colorOf(coloring, number, 1));
    expect(colorOf(coloring, category, 1)).not.toBe(colorOf(coloring, category, 0));
  });
});

describe("the legend", () => {
  it("lists the largest first and the missing last", () => {
    const grouping = groupByCategory("l", "l", ["a", "b", "c"], [1, 1, 2, 2, 2, NONE, NONE]);
    const names = new Coloring().legend(grouping, "dark").entries.map((entry) => entry.name);

    expect(names).toEqual(["c", "b", "a", "missing"]);
  });
});

describe("numbers", () => {
  it("fall into bins that together hold every row", () => {
    const grouping = groupByNumber("n", "n", [0, 0.5, 1, 1, Number.NaN], "number");
    const counts = grouping.groups.map((group) => group.count);

    expect(counts.reduce((a, b) => a + b)).toBe(5);
    expect(grouping.groups.at(-1)?.key).toBe(MISSING_KEY);
  });

  it("that are all equal make one bin", () => {
    const grouping = groupByNumber("n", "n", [3, 3], "number");

    expect(grouping.groups.map((group) => group.count)).toEqual([2]);
  });

  it("that are all missing break nothing", () => {
    const grouping = groupByNumber("n", "n", [Number.NaN], "number");

    expect(grouping.groups.find((group) => group.kind === "missing")?.count).toBe(1);
  });
});

describe("labels of a set column", () => {
  it("count every row they are on, so that the counts exceed the rows", () => {
    const grouping = groupByColumn(TAGS, TAG_DATA);
    const counts = Object.fromEntries(grouping.groups.map((group) => [group.key, group.count]));

    expect(counts).toEqual({ "=loop": 3, "=faint": 2, [NO_LABEL_KEY]: 1, [MISSING_KEY]: 1 });
    expect(grouping.overlapping).toBe(true);
  });

  it("give rows in more than one group", () => {
    const grouping = groupByColumn(TAGS, TAG_DATA);

    expect([...grouping.rowsOf("=loop").rows]).toEqual([0, 1, 4]);
    expect([...grouping.rowsOf("=faint").rows]).toEqual([1, 4]);
    expect(grouping.tally(RowSet.of(5, [1]))).toEqual([1, 1, 0, 0]);
  });

  it("are coloured by their number, in which no label is not missing", () => {
    const { paint } = groupByColumn(TAGS, TAG_DATA);

    expect(paint.kind === "scale" && Array.from(paint.values)).toEqual([0.5, 1, 0, Number.NaN, 1]);
  });

  it("or by the membership of one", () => {
    const grouping = groupByColumn(TAGS, TAG_DATA, "=faint");
    const coloring = new Coloring();

    expect(colorOf(coloring, grouping, 1)).toBe(colorOf(coloring, grouping, 4));
    expect(colorOf(coloring, grouping, 1)).not.toBe(colorOf(coloring, grouping, 0));
    expect(colorOf(coloring, grouping, 0)).toBe(colorOf(coloring, grouping, 2));
  });
});

describe("records", () => {
  it("of the same name in two groups stay apart", () => {
    const info: ColumnInfo = {
      name: "r",
      kind: "records",
      n_missing: 0,
      categories: [
        { group: "size", name: "big", count: 1 },
        { group: "cat", name: "big", count: 1 },
      ],
    };
    const data = {
      kind: "records" as const,
      offsets: Uint32Array.of(0, 1, 2),
      codes: Uint16Array.of(0, 1),
      present: null,
    };
    const grouping = groupByColumn(info, data);

    expect(grouping.groups.map((group) => group.name)).toEqual(["size: big", "cat: big"]);
    expect([...grouping.rowsOf("cat=big").rows]).toEqual([1]);
  });
});

describe("correctness", () => {
  it("compares names, and says nothing where one is missing", () => {
    const data = { predicted: Uint16Array.of(0, 0, NONE, 1), confidence: new Float32Array(4) };
    const grouping = groupByCorrectness(["cat", "dog"], data, ["dog", "cat"], [1, 0, 0, NONE]);

    expect([...grouping.rowsOf("=correct").rows]).toEqual([0]);
    expect([...grouping.rowsOf("=wrong").rows]).toEqual([1]);
    expect([...grouping.rowsOf(MISSING_KEY).rows]).toEqual([2, 3]);
  });
});

describe("trust", () => {
  it("that was not measured is not low trust", () => {
    const grouping = groupByTrust(Uint8Array.of(0, 254, 255));

    expect(grouping.groups[0]?.count).toBe(1);
    expect(grouping.groups.at(-1)?.name).toBe("not measured");
    expect(grouping.groups.at(-1)?.count).toBe(1);
  });
});
