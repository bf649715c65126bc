import { describe, expect, it } from "vitest";
import { Client } from "../../src/data/client.js";
import { base64, Knowing, type Explanation, type NeighborAnswer } from "../../src/data/knowing.js";
import { MemoryTransport } from "../../src/data/memory.js";
import { sampleRun } from "../../src/data/sample.js";
import { decodeColoring, encodeColoring, type Coloring } from "../../src/state/coloring_choice.js";
import { groupByContribution } from "../../src/state/grouping.js";
import { listOf, methodOf, Neighbors } from "../../src/state/neighbors.js";
import { Reference } from "../../src/state/reference.js";
import { RowSet } from "../../src/state/row_set.js";
import { summaryOf } from "../../src/state/summary.js";
import { sorted, sortKeys, Table } from "../../src/state/table.js";
import { ViewerState } from "../../src/state/viewer_state.js";
import { arrowsOf, scaleOf, Why } from "../../src/state/why.js";

const RUN = sampleRun({ name: "small", n: 60, steps: [0, 10, 20], tile: null });

async function start() {
  const transport = new MemoryTransport([RUN]);
  const client = new Client(transport);
  const knowing = new Knowing(transport);
  const state = new ViewerState();
  const reference = new Reference();
  const run = await client.run("small");
  state.run.set(run);
  state.spaceName.set("hidden");
  const request = { space: "hidden", method: "pca", n_components: 2, basis: "all" } as const;
  const info = await client.projection("small", request as never);
  state.planar.set(info);
  state.timeline.setSteps([0, 10, 20]);
  state.selection.reset(run.n_items);
  return { transport, client, knowing, state, reference, run };
}

const wait = (ms = 200) => new Promise((done) => setTimeout(done, ms));

function answer(now: number[], then?: number[]): NeighborAnswer {
  const list = (rows: number[]) => rows.map((row, i) => ({ row, id: row, distance: i + 1 }));
  return {
    row: 0,
    space: "hidden",
    step: 20,
    metric: "euclidean",
    neighbors: list(now),
    ...(then && { other: { space: "hidden", step: 0, neighbors: list(then) } }),
  };
}

describe("neighbours of two steps", () => {
  it("are listed once each, and say in which list they are", () => {
    const listed = listOf(answer([3, 5, 7], [5, 9]));

    expect(listed.map((one) => [one.row, one.where])).toEqual([
      [3, "A"],
      [5, "both"],
      [7, "A"],
      [9, "B"],
    ]);
    expect(listed[1]).toMatchObject({ rank: 2, otherRank: 1 });
  });

  it("are the neighbours of one step where there is no other", () => {
    expect(listOf(answer([3, 5])).map((one) => one.where)).toEqual(["A", "A"]);
  });

  it("say how they were found and with what measured recall", () => {
    expect(methodOf({ ...answer([1]), method: "exact" })).toBe("exact");
    expect(methodOf({ ...answer([1]), method: "approximate", recall: 0.985, n_checked: 200 })).toBe(
      "approximate: finds 98.5 % of the true ones, measured at 200 items",
    );
  });

  it("are drawn as lines, of another kind where only the other step has them", async () => {
    const { client, knowing, state, reference } = await start();
    const neighbors = new Neighbors(client, knowing, state, reference);
    state.focus.set(4);
    await wait();
    reference.setStep(0);
    await wait();

    const { lines } = state.lines.of("neighbors")!;
    const list = listOf(neighbors.answer.value!);
    expect(lines!.map((set) => set.to.length)).toEqual(
      ["both", "A", "B"].map((where) => list.filter((one) => one.where === where).length),
    );
    expect(lines![2]!.dashed).toBe(true);
    neighbors.drawn.set(false);
    expect(state.lines.of("neighbors")).toBeNull();
  });

  it("are looked for once, when a playhead that moves comes to rest", async () => {
    const { client, knowing, state, reference, transport } = await start();
    new Neighbors(client, knowing, state, reference);
    const asked = () => transport.asked.filter((path) => path.includes("/neighbors?"));
    state.focus.set(4);
    for (const step of [0, 10, 20]) {
      state.timeline.seek(step);
      state.timeline.settle();
    }
    await wait();
    expect(asked()).toHaveLength(1);
    state.timeline.seek(0);
    state.timeline.toggle();
    await wait();

    expect(state.timeline.playing.value).toBe(true);
    expect(asked()).toHaveLength(1);
    state.timeline.pause();
    await wait();
    expect(asked()).toHaveLength(2);
  });

  it("that were asked for later win over those that come later", async () => {
    const { client, knowing, state, reference } = await start();
    const neighbors = new Neighbors(client, knowing, state, reference);
    state.focus.set(1);
    state.focus.set(2);
    await wait();

    expect(neighbors.answer.value?.row).toBe(2);
    neighbors.select();
    expect(state.selection.count.value).toBe(16);
  });
});

describe("an explanation", () => {
  it("is of the focused item, or of the mean of the selection", async () => {
    const { client, knowing, state, reference } = await start();
    const why = new Why(client, knowing, state, reference);
    state.focus.set(7);
    await wait();
    const one = why.answer.value as Explanation;
    state.selection.apply(RowSet.of(60, [1, 2, 3]));
    await wait();
    const some = why.answer.value as Explanation;

    expect([one.n_asked, some.n_asked]).toEqual([1, 3]);
    for (const axis of one.axes) {
      const total = axis.features.reduce((sum, feature) => sum + feature.contribution, 0);
      expect(total + axis.offset + axis.rest).toBeCloseTo(axis.coordinate, 5);
    }
  });

  it("is of the way from the marked step, where that comes before", async () => {
    const { client, knowing, state, reference } = await start();
    const why = new Why(client, knowing, state, reference);
    reference.setStep(10);
    expect(why.way).toMatchObject({ step: 20, since: 10 });
    state.timeline.seek(0);
    state.timeline.settle();
    expect(why.way).not.toHaveProperty("since");
  });

  it("has arrows for the features that carry a place farthest", async () => {
    const { client, knowing, state, reference } = await start();
    const why = new Why(client, knowing, state, reference);
    state.focus.set(7);
    await wait();
    const found = why.answer.value as Explanation;
    const arrows = arrowsOf(found);

    expect(arrows.length).toBe(5);
    const lengths = arrows.map(({ way }) => Math.hypot(...way));
    expect(lengths).toEqual([...lengths].sort((a, b) => b - a));
    expect(why.shownArrows.value?.at).toEqual(found.axes.map((axis) => axis.coordinate));
    expect(scaleOf(found)).toBeGreaterThanOrEqual(lengths[0]! / Math.SQRT2);
    why.drawn.set(false);
    expect(why.shownArrows.value).toBeNull();
  });

  it("that does not know has no arrows", async () => {
    const { client, state, reference } = await start();
    const unknown = new MemoryTransport([RUN], { reasons: "unknown" });
    const why = new Why(client, new Knowing(unknown), state, reference);
    state.focus.set(7);
    await wait();

    expect(why.answer.value).toMatchObject({ status: "ready", knows: false });
    expect(why.shownArrows.value).toBeNull();
  });

  it("travels with one bit per row", () => {
    const rows = RowSet.of(20, [0, 9, 19]);

    expect([...atob(base64(rows.bits))].map((letter) => letter.charCodeAt(0))).toEqual([1, 2, 8]);
  });
});

describe("a colouring by a feature", () => {
  it.each<Coloring>([
    { by: "feature", index: 3, name: "a, b", axis: 1 },
    { by: "feature", index: 0, name: "0", axis: null },
    { by: "winning" },
    { by: "clusters" },
  ])("survives the address: %o", async (coloring) => {
    const { run } = await start();

    expect(decodeColoring(encodeColoring(coloring), run)).toEqual(coloring);
  });

  it.each(["feature:[1]", "feature:[-1,1,0]", "feature:{", 'feature:[0,"a",7]', "feature:null"])(
    "that is none is ignored: %s",
    async (text) => {
      const { run } = await start();

      expect(decodeColoring(text, run)).toBeNull();
    },
  );

  it("has zero in the middle of its scale", () => {
    const grouping = groupByContribution("f", "f", Float32Array.of(-1, 0, 4, Number.NaN), true);

    expect(grouping.paint).toMatchObject({ kind: "scale", low: -4, high: 4, signed: true });
    expect(grouping.paint.kind === "scale" && grouping.paint.values[1]).toBe(0.5);
    expect(grouping.groups.at(-1)).toMatchObject({ kind: "missing", count: 1 });
  });
});

describe("rows of the table", () => {
  it("are ordered by a column, equals as they were, and what is missing last", () => {
    const keys = Float64Array.of(2, Number.NaN, 1, 2);

    expect([...sorted(Uint32Array.of(0, 1, 2, 3), keys, false)]).toEqual([2, 0, 3, 1]);
    expect([...sorted(Uint32Array.of(0, 1, 2, 3), keys, true)]).toEqual([0, 3, 2, 1]);
  });

  it("are ordered by the names of categories, as people sort them", () => {
    const info = {
      name: "label",
      kind: "categorical",
      n_missing: 0,
      categories: ["class 10", "class 2"].map((name) => ({ name, count: 1 })),
    } as const;
    const data = { kind: "categorical", codes: Uint16Array.of(0, 1, 0xffff), missing: 0xffff };

    expect([...sortKeys(info as never, data as never)]).toEqual([1, 0, Number.NaN]);
  });

  it("are those of the selection, and are asked for in blocks", async () => {
    const { client, knowing, state, transport } = await start();
    const table = new Table(client, knowing, state);
    table.open.set(true);
    await wait(5);
    expect(table.rows.value.length).toBe(60);
    state.selection.apply(RowSet.of(60, [5, 9]));
    await wait(5);
    expect([...table.rows.value]).toEqual([5, 9]);
    const before = transport.asked.length;
    const lines = await table.lines(0, 2);
    await table.lines(0, 1);

    expect([lines.get(0)?.id, lines.get(1)?.id]).toEqual([5, 9]);
    expect(transport.asked.length).toBe(before + 1);
  });

  it("are not read while the drawer is closed", async () => {
    const { client, knowing, state } = await start();
    const table = new Table(client, knowing, state);
    state.selection.apply(RowSet.of(60, [5]));

    expect(table.rows.value.length).toBe(0);
  });
});

describe("a summary", () => {
  it("puts the share among some rows beside the share among all", async () => {
    const { client, run } = await start();
    const info = run.columns.find((one) => one.name === "validation")!;
    const data = await client.column(run.name, run.order, info);
    const summary = summaryOf(info, data, [0, 1, 5, 10]);

    expect(summary.kind === "values" && summary.values[0]).toMatchObject({
      name: "true",
      count: 3,
      share: 0.75,
      whole: 0.2,
    });
  });

  it("of numbers has the same bins for some rows as for all", async () => {
    const { client, run } = await start();
    const info = run.columns.find((one) => one.name === "difficulty")!;
    const summary = summaryOf(info, await client.column(run.name, run.order, info), [3]);
    if (summary.kind !== "numbers") throw new Error("no numbers");

    expect(summary.some.counts.reduce((a, b) => a + b)).toBe(1);
    expect(summary.all.counts.reduce((a, b) => a + b)).toBe(60);
    expect(summary.some.low).toBe(summary.all.low);
  });

  it("of sets counts a row for each of its labels", async () => {
    const { client, run } = await start();
    const info = run.columns.find((one) => one.name === "written with")!;
    const summary = summaryOf(info, await client.column(run.name, run.order, info), null);
    if (summary.kind !== "values") throw new Error("no values");

    expect(summary.overlapping).toBe(true);
    expect(summary.values.reduce((sum, one) => sum + one.count, 0)).toBe(120);
  });
});
