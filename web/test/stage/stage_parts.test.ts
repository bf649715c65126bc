import { describe, expect, it } from "vitest";
import { Camera } from "../../src/geometry/camera.js";
import { HIDDEN, HIGHLIGHTED, SELECTED } from "../../src/geometry/rows.js";
import { CameraMotion, decodeCamera, encodeCamera } from "../../src/stage/camera_motion.js";
import { Eye } from "../../src/stage/eye.js";
import { flagsOf, presentRows } from "../../src/stage/flags.js";
import { Morph } from "../../src/stage/morph.js";
import { Pace } from "../../src/stage/pace.js";
import { affordableSteps } from "../../src/stage/trail_source.js";
import type { ProjectionInfo } from "../../src/data/types.js";
import { RowSet } from "../../src/state/row_set.js";

const VIEWPORT = { width: 800, height: 600 };
const BOUNDS = {
  planar: { low: [-1, -1], high: [1, 1] },
  spatial: { low: [-1, -1, -1], high: [1, 1, 1] },
};

function infoWith(low: number[], high: number[]): ProjectionInfo {
  return { bounds: { low, high } } as ProjectionInfo;
}

describe("a camera in an address", () => {
  it("comes back to within a pixel", () => {
    const camera = Camera.around(BOUNDS, VIEWPORT)
      .zoom(3.3, 200, 100, VIEWPORT, 0)
      .orbit(40, 25, VIEWPORT, "turntable");
    const restored = decodeCamera(encodeCamera(camera), Camera.around(BOUNDS, VIEWPORT))!;

    for (const [position, depth] of [
      [[0.3, -0.7], 0],
      [[0.3, -0.7, 0.5], 1],
    ] as const) {
      const [a, b] = [camera, restored].map((one) => one.project(position, VIEWPORT, depth));
      expect(Math.hypot(a!.x - b!.x, a!.y - b!.y)).toBeLessThan(0.5);
    }
  });

  it("that makes no sense is refused", () => {
    const like = Camera.around(BOUNDS, VIEWPORT);

    expect(decodeCamera("1,2,3", like)).toBeNull();
    expect(decodeCamera("0,0,0,0,0,0,1,0,0,0,1", like)).toBeNull();
    expect(decodeCamera("x,0,1,0,0,0,1,0,0,0,1", like)).toBeNull();
  });
});

describe("the pace of a movement", () => {
  it("asks for simpler frames where they come late, until they come early again", () => {
    const pace = new Pace();
    const slowAfter = (...times: number[]) => {
      for (const now of times) pace.frame(now, 1000);
      return pace.slow;
    };

    expect(slowAfter(0, 10, 20)).toBe(false);
    expect(slowAfter(90)).toBe(true);
    expect(slowAfter(106)).toBe(true);
    expect(slowAfter(110)).toBe(false);
  });
});

describe("a flight", () => {
  it("begins where it was and ends where it should", () => {
    const from = Camera.around(BOUNDS, VIEWPORT);
    const to = from.zoom(4, 100, 100, VIEWPORT, 0);
    const motion = new CameraMotion(from, to);

    expect(motion.at(1000).camera.state.planar).toEqual(from.state.planar);
    expect(motion.at(1100).done).toBe(false);
    expect(motion.at(1300)).toEqual({ camera: to, done: true });
  });
});

describe("the eye", () => {
  it("keeps a view that somebody chose while the run grows, and refits one that nobody chose", () => {
    const [chosen, fresh] = [new Eye(), new Eye()];
    for (const eye of [chosen, fresh]) {
      eye.resize(800, 600);
      eye.rebound(infoWith([-1, -1], [1, 1]), null);
    }
    chosen.look((camera) => camera.pan(100, 0, VIEWPORT, 0));
    const before = chosen.camera!.project([0.5, 0.5], VIEWPORT, 0);
    for (const eye of [chosen, fresh]) eye.rebound(infoWith([-4, -4], [4, 4]), null);
    const after = chosen.camera!.project([0.5, 0.5], VIEWPORT, 0);
    const corner = fresh.camera!.project([4, 4], VIEWPORT, 0);

    expect(after.x).toBeCloseTo(before.x, 3);
    expect(after.y).toBeCloseTo(before.y, 3);
    expect(corner.x).toBeLessThan(800);
    expect(corner.y).toBeGreaterThan(0);
  });

  it("centres the 2D map in what the legend leaves free", () => {
    const eye = new Eye();
    eye.resize(800, 600);
    eye.rebound(infoWith([-1, -1], [1, 1]), null);
    eye.setInset(240);

    expect(eye.camera!.project([0, 0], VIEWPORT, 0).x).toBeCloseTo(520, 3);
    expect(eye.camera!.project([-1, 0], VIEWPORT, 0).x).toBeGreaterThan(240);
  });

  it("opens at the camera of the address", () => {
    const eye = new Eye();
    eye.resize(800, 600);
    eye.wanted = "0.5,0.25,0.1,0,0,0,1,0,0,0,1";
    eye.rebound(infoWith([-1, -1], [1, 1]), null);

    expect(eye.camera!.state.planar).toEqual({ x: 0.5, y: 0.25, halfHeight: 0.1 });
    expect(eye.text.value).toBe("0.5,0.25,0.1,0,0,0,1,0,0,0,1");
  });
});

describe("the morph", () => {
  it("takes 600 ms and ends exactly on the fit", () => {
    const morph = new Morph();
    morph.head(1);
    morph.advance(0);
    morph.advance(300);
    expect(morph.depth.value).toBeCloseTo(0.5, 6);
    morph.advance(600);

    expect(morph.depth.value).toBe(1);
    expect(morph.moving).toBe(false);
  });

  it("turns back from where it is", () => {
    const morph = new Morph();
    morph.head(1);
    morph.advance(0);
    morph.advance(300);
    morph.head(0);
    morph.advance(310);
    expect(morph.depth.value).toBeCloseTo(0.5, 6);
    morph.advance(910);

    expect(morph.depth.value).toBe(0);
  });
});

describe("the pace", () => {
  it("thins a picture that is too slow to move, and never below what can be read", () => {
    const pace = new Pace();
    for (let now = 0; now < 20_000; now += 500) pace.frame(now, 1_000_000);

    expect(pace.rows(1_000_000)).toBe(20_000);
    expect(pace.rows(500)).toBe(500);
  });

  it("waits longer for a slow hand before it draws everything, within limits", () => {
    const pace = new Pace();
    const waits = (every: number) => {
      for (let now = 0; now < 3_000; now += every) pace.frame(now, 1_000_000);
      pace.rest();
      return pace.patience;
    };

    expect(waits(10)).toBe(160);
    expect(waits(120)).toBe(360);
    expect(waits(900)).toBe(700);
    expect(waits(10)).toBe(160);
  });

  it("draws more again once it is quick", () => {
    const pace = new Pace();
    for (let now = 0; now < 2_000; now += 100) pace.frame(now, 1_000_000);
    const thin = pace.rows(1_000_000);
    pace.rest();
    for (let now = 5_000; now < 5_400; now += 8) pace.frame(now, 1_000_000);

    expect(pace.rows(1_000_000)).toBeGreaterThan(thin);
  });
});

describe("flags", () => {
  it("join what the state keeps apart", () => {
    const flags = flagsOf(4, RowSet.of(4, [0, 1]), RowSet.of(4, [1, 2]), [3]);

    expect([...flags]).toEqual([SELECTED, SELECTED | HIDDEN, HIDDEN, HIGHLIGHTED]);
  });

  it("leave out sets of another table", () => {
    expect([...flagsOf(2, RowSet.of(9, [0]), null, [7])]).toEqual([0, 0]);
  });

  it("know the rows without a position", () => {
    const coordinates = Float32Array.of(0, 1, Number.NaN, Number.NaN, 2, 3);

    expect([...presentRows(coordinates, 2, 3).absent]).toEqual([1]);
    expect(presentRows(coordinates, 2, 1).present).toBe(1);
  });
});

describe("trails", () => {
  it("read every step while that is cheap", () => {
    expect(affordableSteps([0, 10, 20], 10, 1000)).toEqual([0, 10, 20]);
  });

  it("read the steps around the playhead when it is not", () => {
    const steps = Array.from({ length: 100 }, (_, i) => i);
    const some = affordableSteps(steps, 50, 20 * 2 ** 20);

    expect(some).toEqual([46, 47, 48, 49, 50, 51, 52, 53, 54].slice(0, some.length));
    expect(some).toContain(50);
  });
});
