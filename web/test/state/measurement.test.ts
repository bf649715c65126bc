import { afterEach, describe, expect, it, vi } from "vitest";
import { Client } from "../../src/data/client.js";
import { MemoryTransport, type MemoryBehaviour } from "../../src/data/memory.js";
import { motionOf, similarityOf, tracksOf, type SpaceTracks } from "../../src/data/measured.js";
import { measuredSample } from "../../src/data/memory_measured.js";
import { sampleRun } from "../../src/data/sample.js";
import { lanesOf, usualLanes, valueAt } from "../../src/state/lanes.js";
import { Measurement } from "../../src/state/measurement.js";
import { motionStep } from "../../src/state/point_measures.js";

const RUN = sampleRun({ n: 60, steps: [0, 10, 30] });

async function asked(behaviour: MemoryBehaviour) {
  const transport = new MemoryTransport([RUN], behaviour);
  const client = new Client(transport);
  const run = await client.run(RUN.name);
  const measurement = new Measurement<SpaceTracks>(client, tracksOf);
  const posts = () => transport.asked.filter((path) => path.startsWith("POST"));
  return { measurement, run, posts };
}
const TRACKS = { kind: "tracks", space: "hidden" } as const;
const settled = () => new Promise((done) => setTimeout(done, 20));

afterEach(() => vi.useRealTimers());

describe("a measurement", () => {
  it("that is kept is read at once, and none is started", async () => {
    const { measurement, run, posts } = await asked({});
    measurement.want(run, TRACKS);
    await settled();

    expect(measurement.value.value?.cka.steps).toEqual(Float64Array.from([0, 10, 30]));
    expect(posts()).toEqual([]);
  });

  it("that takes long is offered, and made when somebody asks", async () => {
    const { measurement, run, posts } = await asked({ measured: "absent", estimateSeconds: 40 });
    measurement.want(run, TRACKS);
    await settled();
    expect(measurement.info.value?.status).toBe("absent");
    expect(posts()).toEqual([]);
    await measurement.start();

    expect(posts()).toHaveLength(1);
    expect(measurement.value.value).not.toBeNull();
  });

  it("that is quick begins by itself, unless it may not", async () => {
    for (const [mayStart, n] of [
      [false, 0],
      [true, 1],
    ] as const) {
      const { measurement, run, posts } = await asked({ measured: "absent", estimateSeconds: 1 });
      measurement.want(run, TRACKS, mayStart);
      await settled();

      expect(posts()).toHaveLength(n);
    }
  });

  it("that failed is not begun again by itself", async () => {
    const { measurement, run, posts } = await asked({ measured: "failed", estimateSeconds: 0.1 });
    measurement.want(run, TRACKS);
    await settled();

    expect(measurement.info.value?.reason).toContain("at least 4");
    expect(posts()).toEqual([]);
  });

  it("of something else forgets the numbers of the old", async () => {
    const { measurement, run } = await asked({});
    measurement.want(run, TRACKS);
    await settled();
    measurement.want(run, { ...TRACKS, space: "logits" });

    expect(measurement.value.value).toBeNull();
  });
});

describe("lanes", () => {
  const tracks = tracksOf(measuredSample(RUN, "tracks", null, undefined));
  const motion = motionOf(measuredSample(RUN, "motion", null, undefined));
  const lanes = lanesOf(RUN.scalars, null, motion, tracks);

  it("are one for each scalar, track and score, with errors where there are any", () => {
    const rank = lanes.find((lane) => lane.id === "track:effective_rank|")!;

    expect(lanes.map((lane) => lane.heading)).toContain("Motion of the map");
    expect(rank.errors).toHaveLength(3);
    expect(rank.n?.[0]).toBe(60);
    expect(lanes.find((lane) => lane.id === "scalar:loss")?.errors).toBeNull();
  });

  it("begin with the loss", () => {
    expect(usualLanes(lanes)).toEqual(["scalar:loss"]);
  });

  it("say the value of the last step that is not after the playhead", () => {
    const jumps = lanes.find((lane) => lane.id === "motion:J")!;

    expect([...Array.from(jumps.steps)]).toEqual([10, 30]);
    expect([valueAt(jumps, 5), valueAt(jumps, 10), valueAt(jumps, 99)]).toEqual([-1, 0, 1]);
  });
});

describe("what is measured", () => {
  it("of a selection says of how many", () => {
    const cka = similarityOf(measuredSample(RUN, "similarity", null, "2500"));

    expect([cka.n, cka.of]).toEqual([1000, 2500]);
    expect(cka.values).toHaveLength(9);
  });

  it("between frames is seen on the way from the step shown, at the end on the way to it", () => {
    expect(motionStep([0, 10, 30], 0)).toBe(0);
    expect(motionStep([0, 10, 30], 30)).toBe(10);
    expect(motionStep([0, 10, 30], 7)).toBeNull();
    expect(motionStep([0], 0)).toBeNull();
  });
});
