import { afterEach, describe, expect, it } from "vitest";
import { Client } from "../../src/data/client.js";
import { Knowing } from "../../src/data/knowing.js";
import { MemoryTransport, type MemoryBehaviour } from "../../src/data/memory.js";
import { sampleRun } from "../../src/data/sample.js";
import { Clusters } from "../../src/state/clusters.js";
import { Colorist, type Reasons } from "../../src/state/colorist.js";
import { Measures } from "../../src/state/measures.js";
import { PointMeasures } from "../../src/state/point_measures.js";
import { Session } from "../../src/state/session.js";
import type { Address } from "../../src/state/url.js";
import { ViewerState } from "../../src/state/viewer_state.js";

/** What colours by reasons are made of; no test here is about them. */
function reasonsOf(transport: MemoryTransport, state: ViewerState): Reasons {
  const knowing = new Knowing(transport);
  return { knowing, clusters: new Clusters(knowing, state), way: () => null, changed: [] };
}

const open: Session[] = [];
afterEach(() => {
  for (const session of open.splice(0)) session.close();
});

async function start(behaviour: MemoryBehaviour = {}, address: Address = {}, runs = [small()]) {
  const transport = new MemoryTransport(runs, behaviour);
  const client = new Client(transport);
  const state = new ViewerState();
  const session = new Session(client, state);
  const measures = new Measures(client, state);
  const points = new PointMeasures(client, state, measures);
  const colorist = new Colorist(
    client,
    state,
    session.projections.trust,
    points,
    reasonsOf(transport, state),
  );
  open.push(session);
  await session.start(address);
  await settled();
  return { transport, client, state, session, colorist };
}

function small(name = "digits-mlp") {
  return sampleRun({ name, n: 60, steps: [0, 10, 20], tile: null });
}

/** Lets everything that is under way in memory come to its end. */
async function settled(): Promise<void> {
  for (let i = 0; i < 40; i++) await new Promise((done) => setTimeout(done));
}

describe("a session", () => {
  it("opens the first run at its last step, coloured by its labels", async () => {
    const { state } = await start();

    expect(state.run.value?.name).toBe("digits-mlp");
    expect(state.timeline.steps.value).toEqual([0, 10, 20]);
    expect(state.timeline.position.value).toBe(20);
    expect(state.coloring.value).toEqual({ by: "column", name: "label" });
    expect(state.grouping.value?.groups.length).toBeGreaterThan(2);
  });

  it("opens what the address says", async () => {
    const address: Address = {
      run: "second",
      space: "logits",
      dimensions: 3,
      step: 10,
      color: "trust",
      selection: { order: "order of 60", rows: [3, 5] },
    };
    const { state } = await start({}, address, [small(), small("second")]);

    expect(state.run.value?.name).toBe("second");
    expect(state.spaceName.value).toBe("logits");
    expect(state.shownFit.value).toBe(3);
    expect(state.timeline.position.value).toBe(10);
    expect(state.coloring.value).toEqual({ by: "trust" });
    expect([...state.selection.rows.value.rows]).toEqual([3, 5]);
  });

  it("is not led astray by news that comes before its first answer", async () => {
    const transport = new MemoryTransport([small(), small("second")], { delay: 5 });
    const client = new Client(transport);
    const state = new ViewerState();
    const session = new Session(client, state);
    open.push(session);
    const started = session.start({ run: "second" });
    transport.emit({ type: "run", name: "digits-mlp", revision: 1 });
    transport.emit({ type: "run", name: "second", revision: 1 });
    await started;
    await new Promise((done) => setTimeout(done, 100));

    expect(state.run.value?.name).toBe("second");
  });

  it("ignores a selection made under another row order", async () => {
    const { state } = await start({}, { selection: { order: "other", rows: [3] } });

    expect(state.selection.count.value).toBe(0);
  });

  it("says that there are no runs, and opens the first that comes", async () => {
    const { state, transport } = await start({}, {}, []);
    expect(state.status.value.kind).toBe("no-runs");
    transport.runs.push(small());
    transport.emit({ type: "run", name: "digits-mlp", revision: 1 });
    await settled();

    expect(state.run.value?.name).toBe("digits-mlp");
  });

  it("follows a run that grows, without being told which part grew", async () => {
    const { state, transport } = await start();
    transport.log("digits-mlp", 30);
    await settled();

    expect(state.timeline.steps.value).toEqual([0, 10, 20, 30]);
    expect(state.timeline.position.value).toBe(30);
  });

  it("does not start a slow projection by itself", async () => {
    const { state, transport } = await start({ projection: "absent", estimateSeconds: 40 });

    expect(state.status.value).toEqual({ kind: "absent", fit: 2, seconds: 40 });
    expect(transport.asked.some((path) => path.startsWith("POST"))).toBe(false);
  });

  it("starts one that takes a moment", async () => {
    const { state } = await start({ projection: "absent", estimateSeconds: 0.5 });

    expect(state.projection.value?.steps).toEqual([0, 10, 20]);
  });

  it("starts a slow one when asked to", async () => {
    const { state, session } = await start({ projection: "absent", estimateSeconds: 40 });
    await session.projections.project(2);
    await settled();

    expect(state.projection.value?.status).toBe("ready");
  });

  it("shows why a projection failed, and does not try again by itself", async () => {
    const { state, transport } = await start({ projection: "failed", estimateSeconds: 0.1 });

    expect(state.status.value).toMatchObject({ kind: "failed", reason: /9.1 GB/ });
    expect(transport.asked.some((path) => path.startsWith("POST"))).toBe(false);
  });

  it("says so when the server is gone, and reads everything again when it is back", async () => {
    const { state, transport } = await start();
    transport.emit({ type: "lost" });
    expect(state.connection.value).toBe("lost");
    transport.runs[0]!.steps.push(99);
    transport.emit({ type: "open" });
    await settled();

    expect(state.connection.value).toBe("live");
    expect(state.timeline.last).toBe(99);
  });

  it("says so when the run on screen is deleted", async () => {
    const { state, transport } = await start();
    transport.emit({ type: "run", name: "digits-mlp", revision: -1 });
    await settled();

    expect(state.status.value).toMatchObject({ kind: "error" });
  });

  it("shows an unknown run's error in the server's words", async () => {
    const { state, session } = await start();
    await session.open("gone");

    expect(state.problem.value?.message).toBe("No run named 'gone'.");
  });
});

describe("hidden groups", () => {
  it("of a coloring that follows the step are found again at each step", async () => {
    const { state, colorist } = await start({}, { color: "correctness", step: 0 });
    await settled();
    const legend = colorist.legend.value!;
    const wrong = legend.entries.find((entry) => entry.key === "=wrong")!;
    state.filter.toggleGroup(legend.id, wrong.key, wrong.rows);
    const atFirst = state.filter.hidden.value?.count ?? 0;
    state.timeline.seek(20);
    await settled();
    const now = colorist.legend.value!.entries.find((entry) => entry.key === "=wrong")!;

    expect(atFirst).toBeGreaterThan(now.count);
    expect(state.filter.hidden.value?.count ?? 0).toBe(now.count);
  });

  it("of an address are hidden once their rows are known", async () => {
    const transport = new MemoryTransport([small()]);
    const client = new Client(transport);
    const state = new ViewerState();
    const session = new Session(client, state);
    const measures = new Measures(client, state);
    const points = new PointMeasures(client, state, measures);
    const colorist = new Colorist(
      client,
      state,
      session.projections.trust,
      points,
      reasonsOf(transport, state),
    );
    open.push(session);
    colorist.hideLater([["column:label", "=digit 3"]]);
    await session.start({});
    await settled();

    expect(state.filter.hidden.value?.count).toBe(6);
  });
});

describe("frames", () => {
  it("stay on screen while a grown projection's frames are on their way", async () => {
    const { state, session, transport } = await start();
    session.projections.planarFrames.want([20]);
    await settled();
    const before = session.projections.planarFrames.get(20);
    const source = session.projections.planarFrames.current!;
    transport.behaviour.delay = 30;
    session.projections.planarFrames.use({ ...source, projection: "digits-mlp-new-2" });

    expect(session.projections.planarFrames.get(20)).toBe(before);
    expect(session.projections.planarFrames.has(20)).toBe(false);
    await new Promise((done) => setTimeout(done, 80));
    expect(session.projections.planarFrames.get(20)).not.toBe(before);
    expect(session.projections.planarFrames.has(20)).toBe(true);
    expect(state.problem.value).toBeNull();
  });

  it("that nobody wants any more are given up", async () => {
    const { session, transport } = await start();
    transport.behaviour.delay = 20;
    session.projections.planarFrames.want([0]);
    session.projections.planarFrames.want([10]);
    await new Promise((done) => setTimeout(done, 60));

    expect(session.projections.planarFrames.get(0)).toBeUndefined();
    expect(session.projections.planarFrames.has(10)).toBe(true);
  });
});
