import { describe, expect, it } from "vitest";
import { Filter } from "../../src/state/filter.js";
import { RowSet } from "../../src/state/row_set.js";
import { modeOf, Selection } from "../../src/state/selection.js";

const rows = (...list: number[]) => RowSet.of(40, list);
const listed = (set: RowSet) => [...set.rows];

function selectionOf(...list: number[]): Selection {
  const selection = new Selection();
  selection.reset(40);
  selection.apply(rows(...list));
  return selection;
}

describe("a row set", () => {
  it("inverts without touching rows that are not there", () => {
    expect(rows(0, 39).invert().count).toBe(38);
    expect(RowSet.all(37).count).toBe(37);
  });

  it("of another size is not combined", () => {
    expect(() => rows(1).union(RowSet.of(8, [1]))).toThrow("40 and 8");
  });
});

describe("a selection", () => {
  it("is replaced, added to and taken from", () => {
    const selection = selectionOf(1, 2, 3);
    selection.apply(rows(3, 4), "add");
    expect(listed(selection.rows.value)).toEqual([1, 2, 3, 4]);
    selection.apply(rows(1, 9), "subtract");
    expect(listed(selection.rows.value)).toEqual([2, 3, 4]);
    selection.apply(rows(7));
    expect(listed(selection.rows.value)).toEqual([7]);
    expect(selection.count.value).toBe(1);
  });

  it("is undone and redone step by step", () => {
    const selection = selectionOf(1);
    selection.apply(rows(2), "add");
    selection.undo();
    expect(listed(selection.rows.value)).toEqual([1]);
    selection.undo();
    expect(listed(selection.rows.value)).toEqual([]);
    selection.redo();
    selection.redo();
    expect(listed(selection.rows.value)).toEqual([1, 2]);
    expect(selection.history.canRedo.value).toBe(false);
  });

  it("remembers nothing when nothing changed", () => {
    const selection = selectionOf(1);
    selection.apply(rows(1));
    selection.undo();

    expect(selection.count.value).toBe(0);
  });

  it("inverts only what is in sight", () => {
    const selection = selectionOf(1, 2);
    selection.invert(rows(1, 2, 3, 4));

    expect(listed(selection.rows.value)).toEqual([3, 4]);
  });

  it("loses a selected point to a second Shift-click", () => {
    const selection = selectionOf(1, 2);
    selection.pick(2, "add");
    expect(listed(selection.rows.value)).toEqual([1]);
    selection.pick(2, "add");
    expect(listed(selection.rows.value)).toEqual([1, 2]);
  });

  it("takes its mode from the keys held", () => {
    expect(modeOf({ shiftKey: false, altKey: false })).toBe("replace");
    expect(modeOf({ shiftKey: true, altKey: false })).toBe("add");
    expect(modeOf({ shiftKey: false, altKey: true })).toBe("subtract");
  });
});

describe("a filter", () => {
  it("hides groups and shows them again", () => {
    const filter = new Filter();
    filter.toggleGroup("label", "a", () => rows(1, 2));
    filter.toggleGroup("label", "b", () => rows(2, 3));
    expect(listed(filter.hidden.value!)).toEqual([1, 2, 3]);
    filter.toggleGroup("label", "a", () => rows(1, 2));
    expect(listed(filter.hidden.value!)).toEqual([2, 3]);
    filter.clear();
    expect(filter.hidden.value).toBeNull();
  });

  it("hides everything but an isolated selection, and keeps groups apart from that", () => {
    const filter = new Filter();
    filter.hideGroup("label", "a", rows(5));
    filter.isolate(rows(5, 6));
    expect(listed(filter.visible(RowSet.all(40)))).toEqual([6]);
    filter.isolate(null);

    expect(listed(filter.hidden.value!)).toEqual([5]);
  });
});
