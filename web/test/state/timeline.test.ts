import { describe, expect, it } from "vitest";
import { placeOf, roundTicks, Timeline } from "../../src/state/timeline.js";

function timelineOf(...steps: number[]): Timeline {
  const timeline = new Timeline();
  timeline.setSteps(steps);
  return timeline;
}

const always = () => true;

describe("the playhead", () => {
  it("on a logged step shows exactly that snapshot", () => {
    for (const step of [0, 1, 10, 100]) {
      expect(placeOf([0, 1, 10, 100], step)).toEqual({ from: step, to: step, mix: 0 });
    }
  });

  it("between two steps mixes them by distance in steps", () => {
    expect(placeOf([0, 10, 110], 35)).toEqual({ from: 10, to: 110, mix: 0.25 });
  });

  it("starts at the end, where the newest snapshot is", () => {
    expect(timelineOf(0, 5, 9).position.value).toBe(9);
  });

  it("settles on the nearest snapshot", () => {
    const timeline = timelineOf(0, 10, 110);
    timeline.seek(60.1);
    timeline.settle();

    expect(timeline.position.value).toBe(110);
  });

  it("cannot leave the run", () => {
    const timeline = timelineOf(5, 10);
    timeline.seek(-3);
    expect(timeline.position.value).toBe(5);
    timeline.seek(99);
    expect(timeline.position.value).toBe(10);
  });
});

describe("a growing run", () => {
  it("is followed from its end", () => {
    const timeline = timelineOf(0, 10);
    timeline.setSteps([0, 10, 20]);

    expect(timeline.position.value).toBe(20);
  });

  it("is not followed from anywhere else", () => {
    const timeline = timelineOf(0, 10);
    timeline.seek(0);
    timeline.setSteps([0, 10, 20]);

    expect(timeline.position.value).toBe(0);
  });
});

describe("stepping", () => {
  it("goes by snapshots and stops at the ends", () => {
    const timeline = timelineOf(0, 3, 50, 51);
    timeline.stepBy(-1);
    expect(timeline.position.value).toBe(50);
    timeline.stepBy(-10);
    expect(timeline.position.value).toBe(0);
    timeline.stepBy(2);
    expect(timeline.position.value).toBe(50);
  });

  it("back from between two snapshots goes to the one just passed", () => {
    const timeline = timelineOf(0, 10, 20);
    timeline.seek(14);
    timeline.stepBy(-1);

    expect(timeline.position.value).toBe(10);
  });
});

describe("play", () => {
  it("passes equal numbers of steps in equal times, however unevenly they were logged", () => {
    const timeline = timelineOf(0, 1, 2, 4, 8, 16, 1000);
    timeline.play();
    timeline.advance(0.1, always);
    const first = timeline.position.value;
    timeline.advance(0.1, always);

    expect(timeline.position.value - first).toBeCloseTo(first, 9);
    expect(first).toBeCloseTo(0.1 * timeline.stepsPerSecond, 9);
  });

  it("from the end starts at the beginning, and stops at the end", () => {
    const timeline = timelineOf(0, 10);
    timeline.play();
    expect(timeline.position.value).toBe(0);
    timeline.advance(1000, always);

    expect(timeline.position.value).toBe(10);
    expect(timeline.playing.value).toBe(false);
  });

  it("waits at a snapshot whose successor has not arrived", () => {
    const timeline = timelineOf(0, 10, 20);
    timeline.play();
    timeline.advance(1000, (step) => step < 20);

    expect(timeline.position.value).toBe(10);
    expect(timeline.playing.value).toBe(true);
  });

  it("pauses on a snapshot", () => {
    const timeline = timelineOf(0, 10, 20);
    timeline.play();
    timeline.advance(0.13, always);
    timeline.pause();

    expect([0, 10, 20]).toContain(timeline.position.value);
  });

  it("needs two snapshots", () => {
    const timeline = timelineOf(5);
    timeline.play();

    expect(timeline.playing.value).toBe(false);
  });
});

describe("what is wanted", () => {
  it("is the snapshot, or both around the playhead, then the next", () => {
    const timeline = timelineOf(0, 10, 20, 30, 40);
    timeline.seek(10);
    expect(timeline.wanted()).toEqual([10, 20, 30]);
    timeline.seek(15);
    expect(timeline.wanted()).toEqual([10, 20, 30]);
    timeline.seek(40);
    expect(timeline.wanted()).toEqual([40]);
  });
});

describe("round ticks", () => {
  it("are round and whole", () => {
    expect(roundTicks(0, 1025, 5)).toEqual([0, 500, 1000]);
    expect(roundTicks(0, 3, 10)).toEqual([0, 1, 2, 3]);
    expect(roundTicks(7, 7, 5)).toEqual([7]);
  });
});
