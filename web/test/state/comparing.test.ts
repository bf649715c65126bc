import { describe, expect, it } from "vitest";
import { Client } from "../../src/data/client.js";
import { MemoryTransport } from "../../src/data/memory.js";
import { Prefixes } from "../../src/data/prefixes.js";
import { sampleRun } from "../../src/data/sample.js";
import { SAMPLE_METHODS } from "../../src/data/sample_maps.js";
import { Camera } from "../../src/geometry/camera.js";
import { cameraOf, glanceOf } from "../../src/stage/camera_link.js";
import { Pace } from "../../src/stage/pace.js";
import { decodeBeside, encodeBeside } from "../../src/state/comparing.js";
import { LinkedSelection } from "../../src/state/linked_selection.js";
import { GridError, gridRecipes } from "../../src/state/map_grid.js";
import { Multiples, seedRows } from "../../src/state/multiples.js";
import { NO_PARTNER, Pairing } from "../../src/state/pairing.js";
import { RowSet } from "../../src/state/row_set.js";
import { Selection } from "../../src/state/selection.js";
import { decodeAddress, encodeAddress } from "../../src/state/url.js";
import { ViewerState } from "../../src/state/viewer_state.js";

/** Four items here, three there; the second is missing there, and one there is missing here. */
const pairing = new Pairing(4, 4, Uint32Array.of(2, NO_PARTNER, 0, 3));

describe("Pairing", () => {
  it("finds rows both ways, and none for what the other lacks", () => {
    expect([0, 1, 2, 3].map((row) => pairing.beside(row))).toEqual([2, null, 0, 3]);
    expect([0, 1, 2, 3].map((row) => pairing.main(row))).toEqual([2, null, 0, 3]);
    expect(pairing.shared).toBe(3);
  });

  it("carries sets and values over by item", () => {
    expect([...pairing.setBeside(RowSet.of(4, [0, 1])).rows]).toEqual([2]);
    expect([...pairing.setMain(RowSet.of(4, [0, 1, 2])).rows]).toEqual([0, 2]);
    const ordered = pairing.inMainOrder(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), 2);
    expect([...ordered]).toEqual([5, 6, Number.NaN, Number.NaN, 1, 2, 7, 8]);
  });

  it("is the identity for maps of one run", () => {
    const same = Pairing.same(5);
    const rows = RowSet.of(5, [1, 4]);
    expect([same.beside(3), same.main(3), same.shared]).toEqual([3, 3, 5]);
    expect(same.setMain(rows)).toBe(rows);
  });
});

describe("LinkedSelection", () => {
  it("shows the main selection by item and changes nothing but it", () => {
    const main = new Selection();
    main.reset(4);
    const beside = new LinkedSelection(main, () => pairing);
    beside.reset(4);
    main.apply(RowSet.of(4, [0, 1]));
    beside.follow();
    expect([...beside.rows.value.rows]).toEqual([2]);

    beside.apply(RowSet.of(4, [0]), "add");
    beside.follow();
    // What the other run lacks stays selected while something is added there.
    expect([...main.rows.value.rows]).toEqual([0, 1, 2]);
    expect([...beside.rows.value.rows]).toEqual([0, 2]);
    beside.undo();
    expect([...main.rows.value.rows]).toEqual([0, 1]);
  });
});

describe("a linked camera", () => {
  const viewport = { width: 400, height: 300 };
  const around = (size: number, at: number) =>
    Camera.around({ planar: { low: [at, at], high: [at + size, at + size] } }, viewport);

  it("glances at the same part of a map with other units", () => {
    const [own, other] = [around(10, 0), around(2000, 500)];
    const moved = own.zoom(4, 100, 80, viewport, 0);
    const there = cameraOf(glanceOf(moved, own), other);

    expect(there.state.bounds).toEqual(other.state.bounds);
    expect(there.state.planar.halfHeight / other.state.planar.halfHeight).toBeCloseTo(0.25);
    const back = cameraOf(glanceOf(there, other), own);
    expect(back.state.planar.x).toBeCloseTo(moved.state.planar.x, 9);
    expect(back.state.planar.y).toBeCloseTo(moved.state.planar.y, 9);
  });

  it("leaves an overview an overview", () => {
    const [own, other] = [around(10, 0), around(3, -1)];
    expect(cameraOf(glanceOf(own, own), other).state.planar).toEqual(other.state.planar);
  });
});

describe("the address", () => {
  const choice = { run: "a & b", space: "hidden", map: '["umap",{"n_neighbors":5}]', step: 20 };

  it("brings back the maps beside the main one", () => {
    const address = { beside: [choice, { ...choice, step: null, map: "" }], free: true };
    const read = decodeAddress(`#${encodeAddress({ ...address, overlay: 0.25 })}`);
    expect(read).toMatchObject({ ...address, overlay: 0.25 });
    expect(decodeBeside(encodeBeside(choice))).toEqual(choice);
  });

  it.each(["", "3", "[1,2,3,4]", '["a","b","nonsense",null]', '["a","b",""]'])(
    "leaves out what makes no sense: %s",
    (text) => {
      expect(decodeBeside(text)).toBeNull();
    },
  );
});

describe("gridRecipes", () => {
  const umap = SAMPLE_METHODS.find((one) => one.name === "umap")!;

  it("combines values and seeds, without what the method does anyway", () => {
    const varied = [
      { name: "n_neighbors", text: "5, 15" },
      { name: "min_dist", text: "0.1 0.5" },
    ];
    const recipes = gridRecipes(umap, varied, "0, 3");

    expect(recipes).toHaveLength(8);
    expect(recipes[0]).toEqual({
      method: "umap",
      parameters: { n_neighbors: 5 },
      random_state: 0,
    });
    expect(recipes.at(-1)).toEqual({
      method: "umap",
      parameters: { min_dist: 0.5 },
      random_state: 3,
    });
  });

  it.each([
    ["n_neighbors", "5.5", "0", "Neighbours is a whole number, not “5.5”."],
    ["n_neighbors", "1", "0", "Neighbours lies between 2 and 500, not at 1."],
    ["metric", "chebyshev", "0", "Distance is one of euclidean, cosine"],
    ["densmap", "yes", "0", "Keep density is on or off"],
    ["n_neighbors", "5", "-1", "A seed is a whole number from 0 up"],
    ["n_neighbors", "2 3 4 5 6 7 8", "0 1 2 3 4 5", "These are 42 maps; at most 36"],
  ])("refuses %s over %s with seeds %s", (name, text, seeds, words) => {
    const ask = () => gridRecipes(umap, [{ name, text }], seeds);
    expect(ask).toThrow(GridError);
    expect(ask).toThrow(words);
  });
});

describe("Multiples", () => {
  function opened(projection: "ready" | "absent") {
    const run = sampleRun({ n: 60, steps: [0, 10] });
    const transport = new MemoryTransport([run], { projection, estimateSeconds: 7 });
    const client = new Client(transport);
    const state = new ViewerState();
    const multiples = new Multiples(client, new Prefixes(transport), state);
    return { transport, client, state, multiples, run };
  }

  it("reads kept maps when it is opened, and makes none", async () => {
    const { client, state, multiples, transport, run } = opened("ready");
    state.run.set(await client.run(run.name));
    state.spaceName.set("hidden");
    await multiples.load();

    expect(multiples.maps.value.map((one) => one.recipe.method)).toEqual(["umap", "tsne", "pca"]);
    expect(multiples.missing).toEqual([]);
    const points = await multiples.points(multiples.maps.value[0]!.info!);
    expect(points).toHaveLength(120);
    expect(transport.asked.filter((path) => path.startsWith("POST"))).toEqual([]);
  });

  it("adds up what a grid would cost before anything is made", async () => {
    const { client, state, multiples, transport, run } = opened("absent");
    state.run.set(await client.run(run.name));
    state.spaceName.set("hidden");
    await multiples.plan("umap", [{ name: "n_neighbors", text: "5, 50" }], "0, 1");

    expect(seedRows(multiples.maps.value)[0]!.maps.map((one) => one.recipe.random_state)).toEqual([
      0, 1,
    ]);
    // Four of the grid, and three that the sample lists but does not have in this state.
    expect(multiples.missing).toHaveLength(7);
    expect(multiples.estimate).toBe(49);
    expect(transport.asked.filter((path) => path.startsWith("POST"))).toEqual([]);
    await multiples.make();
    expect(transport.asked.filter((path) => path.startsWith("POST"))).toHaveLength(7);
    expect(multiples.missing).toEqual([]);
  });
});

describe("the pace of several maps", () => {
  it("lets each draw fewer points while they move, and all of them at rest", () => {
    const [alone, shared] = [new Pace(), new Pace()];
    shared.maps = 4;
    for (const pace of [alone, shared]) {
      for (let now = 0; now < 4000; now += 100) pace.frame(now, 1_000_000);
    }

    expect(alone.rows(1_000_000)).toBe(20_000);
    expect(shared.rows(1_000_000)).toBe(5_000);
    expect(shared.rows(1_000)).toBe(1_000);
  });
});
