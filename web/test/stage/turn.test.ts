import { describe, expect, it } from "vitest";
import { carriedOver, rescaled, Turn } from "../../src/stage/turn.js";

const SMALL = { low: [-1, -1], high: [1, 1] };
const LARGE = { low: [90, 90], high: [110, 110] };

describe("a turn to another map", () => {
  it("brings the map before to the place and scale of the new one", () => {
    const corners = Float32Array.of(-1, -1, 1, 1, 0, 0);

    expect([...rescaled(corners, 2, SMALL, LARGE)]).toEqual([90, 90, 110, 110, 100, 100]);
    expect([...corners]).toEqual([-1, -1, 1, 1, 0, 0]);
  });

  it("leaves rows without a position without one", () => {
    const [x, y] = rescaled(Float32Array.of(Number.NaN, Number.NaN), 2, SMALL, LARGE);

    expect([x, y]).toEqual([Number.NaN, Number.NaN]);
  });

  it("needs the bounds of both maps", () => {
    const before = { planar: Float32Array.of(0, 0) };

    expect(carriedOver(before, "planar", SMALL, null)).toBeNull();
    expect(carriedOver(before, "spatial", SMALL, LARGE)).toBeNull();
    expect(carriedOver(before, "planar", SMALL, LARGE)?.planar).toEqual(Float32Array.of(100, 100));
  });

  it("rises from 0 to 1 and is over", () => {
    const turn = new Turn();
    turn.begin(10);

    const mixes = [0, 100, 300, 500, 600].map((now) => turn.mix(now));

    expect(mixes[0]).toBe(0);
    expect(mixes).toEqual([...mixes].sort((a, b) => a - b));
    expect(mixes.at(-1)).toBe(1);
    expect(turn.moving).toBe(false);
    expect(turn.at(10)).toBe(false);
  });
});
