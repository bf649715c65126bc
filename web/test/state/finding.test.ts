import { afterEach, describe, expect, it, vi } from "vitest";
import { Client } from "../../src/data/client.js";
import { Finding } from "../../src/data/finding.js";
import { MemoryTransport } from "../../src/data/memory.js";
import { sampleRun } from "../../src/data/sample.js";
import { CrossFilter, rowsOf, setTest, type Chart } from "../../src/state/cross_filter.js";
import { Filter } from "../../src/state/filter.js";
import { Finder } from "../../src/state/finder.js";
import { RowSet } from "../../src/state/row_set.js";
import { SavedSelections } from "../../src/state/saved.js";
import { Session } from "../../src/state/session.js";
import { ViewerState } from "../../src/state/viewer_state.js";

const open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
  vi.useRealTimers();
});

async function opened() {
  const run = sampleRun({ n: 200 });
  const transport = new MemoryTransport([run]);
  const client = new Client(transport);
  const state = new ViewerState();
  const session = new Session(client, state);
  const finding = new Finding(transport);
  const saved = new SavedSelections(finding, state);
  session.listeners.add((event) => void saved.hear(event));
  open.push(session, saved);
  await session.start({});
  return {
    run,
    transport,
    state,
    finder: new Finder(finding, state),
    crossFilter: new CrossFilter(client, state),
    saved,
    info: (name: string) => state.run.value!.columns.find((one) => one.name === name)!,
  };
}

const rows = (set: RowSet) => [...set.rows];

describe("hidden rows", () => {
  it("stay hidden as long as one reason holds", () => {
    const filter = new Filter();
    filter.constrain("a", RowSet.of(6, [0, 1, 2, 3]));
    filter.constrain("b", RowSet.of(6, [2, 3, 4]));

    expect(rows(filter.visible(RowSet.all(6)))).toEqual([2, 3]);
    expect(rows(filter.visible(RowSet.all(6), "a"))).toEqual([2, 3, 4]);
    filter.constrain("a", null);
    expect(rows(filter.visible(RowSet.all(6)))).toEqual([2, 3, 4]);
    filter.clear();
    expect(filter.hidden.value).toBeNull();
  });
});

describe("a search", () => {
  it("finds rows and says how many", async () => {
    const { finder } = await opened();

    await finder.search({ text: "BOX 7", mode: "text", column: "", case: false });

    expect(finder.found.value?.count).toBe(
      Array.from({ length: 200 }, (_, row) => row).filter((row) => row % 12 === 7 && row % 50 !== 3)
        .length,
    );
    expect(finder.problem.value).toBeNull();
  });

  it("that cannot be says why and finds nothing", async () => {
    const { finder } = await opened();

    await finder.search({ text: "(", mode: "regex", column: "", case: false });

    expect(finder.found.value).toBeNull();
    expect(finder.problem.value).toContain("cannot be read");
  });

  it("is forgotten when a newer one has been asked", async () => {
    const { finder } = await opened();

    const first = finder.search({ text: "box 7", mode: "text", column: "", case: false });
    const second = finder.search({ text: "box 8", mode: "text", column: "", case: false });
    await Promise.all([first, second]);

    expect(finder.found.value?.said).toBe("“box 8”");
  });

  it("by meaning keeps the order of the scores", async () => {
    const { finder } = await opened();

    await finder.similar("a round one");

    const scores = finder.found.value!.ranked!.map(({ score }) => score);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    expect(finder.found.value!.count).toBe(new Set(finder.found.value!.rows.rows).size);
  });
});

describe("a condition", () => {
  it("hides what it does not hold for until it is taken back", async () => {
    const { finder, state } = await opened();

    expect(await finder.restrict('label = "digit 3"')).toBe(true);
    const held = finder.conditions.value;
    const hidden = state.filter.hidden.value!.count;
    finder.release('label = "digit 3"');

    expect(held).toEqual([{ text: 'label = "digit 3"', count: 200 - hidden }]);
    expect(hidden).toBeGreaterThan(100);
    expect(state.filter.hidden.value).toBeNull();
  });

  it("goes with everything else that is hidden when all is shown", async () => {
    const { finder, state } = await opened();
    await finder.restrict('label = "digit 3"');

    state.filter.clear();

    expect(finder.conditions.value).toEqual([]);
  });

  it("that cannot be read hides nothing", async () => {
    const { finder, state } = await opened();

    expect(await finder.restrict("label =")).toBe(false);

    expect(state.filter.hidden.value).toBeNull();
    expect(finder.problem.value).toContain("character");
  });
});

describe("charts", () => {
  it("count what the other charts leave, not what they leave themselves", async () => {
    const { crossFilter, state, info } = await opened();
    await crossFilter.add(info("difficulty"));
    await crossFilter.add(info("validation"));

    crossFilter.toggle("validation", 1);
    crossFilter.setRange("difficulty", [0.5, 1]);

    const [difficulty, validation] = crossFilter.charts.value;
    const left = (chart: Chart) => crossFilter.bars(chart).reduce((sum, bar) => sum + bar.left, 0);
    expect(left(difficulty!)).toBe(40); // every fifth of 200 is for validation
    const hard = crossFilter.bars(validation!).find((bar) => bar.name === "true")!;
    expect(hard.all).toBe(40);
    expect(hard.left).toBe(200 - state.filter.hidden.value!.count);
  });

  it("give up their choices when everything is shown", async () => {
    const { crossFilter, state, info } = await opened();
    await crossFilter.add(info("difficulty"));
    crossFilter.setRange("difficulty", [0.5, 1]);

    state.filter.clear();

    expect(crossFilter.charts.value[0]?.range).toBeNull();
  });

  it("are not made of text", async () => {
    const { crossFilter, info } = await opened();

    await crossFilter.add(info("note"));

    expect(crossFilter.charts.value).toEqual([]);
  });
});

describe("sets of labels", () => {
  // Rows: {0}, {0, 1}, {}, missing, {1, 2}
  const data = {
    kind: "set" as const,
    offsets: Uint32Array.of(0, 1, 3, 3, 3, 5),
    codes: Uint16Array.of(0, 0, 1, 1, 2),
    present: Uint8Array.of(1, 1, 1, 0, 1),
  };
  const matching = (labels: number[], mode: "any" | "all" | "none" | "exactly") =>
    [0, 1, 2, 3, 4].filter(setTest(data, new Set(labels), mode));

  it("are compared as any, all, none and exactly", () => {
    expect(matching([0, 1], "any")).toEqual([0, 1, 4]);
    expect(matching([0, 1], "all")).toEqual([1]);
    expect(matching([1], "none")).toEqual([0, 2]);
    expect(matching([0], "exactly")).toEqual([0]);
    expect(matching([], "exactly")).toEqual([2]);
  });

  it("hide nothing before a label is chosen, but for exactly none", () => {
    const chart = {
      info: { name: "t", kind: "set", n_missing: 0 },
      kind: "sets",
      data,
      range: null,
      labels: [],
    };

    expect(rowsOf({ ...chart, mode: "any" } as unknown as Chart, 5)).toBeNull();
    expect(rows(rowsOf({ ...chart, mode: "exactly" } as unknown as Chart, 5)!)).toEqual([2]);
  });
});

describe("kept selections", () => {
  it("come back as they were, as far as they are in sight", async () => {
    const { saved, state } = await opened();
    state.selection.apply(RowSet.of(200, [3, 4, 5]));
    expect(await saved.save("few")).toBe(true);
    state.selection.clear();
    state.filter.constrain("test", RowSet.of(200, [4, 5, 6]));

    await saved.use("few", "replace");

    expect(saved.list.value?.map((one) => [one.name, one.count])).toEqual([["few", 3]]);
    expect(rows(state.selection.rows.value)).toEqual([4, 5]);
    await saved.delete("few");
    expect(saved.list.value).toEqual([]);
  });

  it("tell Python what is selected, once the hand rests", async () => {
    const { state, transport } = await opened();
    vi.useFakeTimers();

    state.selection.apply(RowSet.of(200, [0]));
    state.selection.apply(RowSet.of(200, [0, 9]));
    await vi.advanceTimersByTimeAsync(500);

    const told = transport.asked.filter((path) => path.startsWith("POST") && path.endsWith("ed"));
    expect(told).toHaveLength(1);
  });
});
