import { describe, expect, it } from "vitest";
import { Timeline } from "../../src/state/timeline.js";

function timeline(): Timeline {
  const made = new Timeline();
  made.setSteps([0, 10, 20, 50, 100]);
  return made;
}

describe("a pair of snapshots", () => {
  it("shows the earlier first, whichever was named first", () => {
    const time = timeline();
    time.compare(100, 10);

    expect(time.pair.value).toEqual({ from: 10, to: 100 });
    expect(time.place.value).toEqual({ from: 10, to: 10, mix: 0 });
    expect(time.wanted()).toEqual([10, 100]);
  });

  it("blends the two, and nothing between them", () => {
    const time = timeline();
    time.compare(10, 50);
    time.blend(0.25);

    expect(time.place.value).toEqual({ from: 10, to: 50, mix: 0.25 });
    time.blend(1);
    expect(time.place.value).toEqual({ from: 50, to: 50, mix: 0 });
    expect(time.step.value).toBe(50);
  });

  it("plays from one to the other once both are here, and stays", () => {
    const time = timeline();
    time.compare(10, 50);
    time.play();
    time.advance(1, () => false);
    expect(time.position.value).toBe(10);
    time.advance(1, () => true);
    expect(time.place.value?.mix).toBeCloseTo(1 / 1.6);
    time.advance(1, () => true);

    expect(time.playing.value).toBe(false);
    expect(time.position.value).toBe(50);
    expect(time.pair.value).toEqual({ from: 10, to: 50 });
  });

  it("ends when the playhead goes elsewhere, or when it is left", () => {
    const time = timeline();
    time.compare(10, 50);
    time.seek(20);
    expect(time.pair.value).toBeNull();
    time.compare(10, 50);
    time.blend(0.9);
    time.uncouple();

    expect(time.pair.value).toBeNull();
    expect(time.position.value).toBe(50);
  });

  it("stays while the run grows, and a pair of one step is none", () => {
    const time = timeline();
    time.compare(10, 50);
    time.setSteps([0, 10, 20, 50, 100, 200]);
    expect(time.pair.value).toEqual({ from: 10, to: 50 });
    time.compare(20, 20);

    expect(time.pair.value).toBeNull();
    expect(time.position.value).toBe(20);
  });
});
