import { describe, expect, it } from "vitest";
import { Camera } from "../../src/geometry/camera.js";
import { opacityForOverlap } from "../../src/geometry/density.js";
import { densityOf, strengthsAt } from "../../src/stage/density_layer.js";
import { thinned } from "../../src/stage/trail_source.js";
import { pairsOf, strengthsOf } from "../../src/state/edge_lines.js";
import { groupByCategory } from "../../src/state/grouping.js";
import { Layers } from "../../src/state/layers.js";
import { RowSet } from "../../src/state/row_set.js";

const VIEWPORT = { width: 800, height: 600 };

describe("layers in an address", () => {
  it("come back as they were", () => {
    const chosen = new Layers();
    chosen.crowds.set("contours");
    chosen.byGroup.set(false);
    chosen.opacity.set(0.045);
    chosen.names.set(false);
    chosen.edges.set("all");
    const again = new Layers();
    again.read(chosen.text.value);

    expect(chosen.text.value).toBe("contours.whole.o0.045.nameless.edges-all");
    expect(again.text.value).toBe(chosen.text.value);
    expect(again.opacity.value).toBe(0.045);
  });

  it("are as at the start where the text makes no sense", () => {
    const layers = new Layers();
    layers.read("fog.o7.o.edges-none.<b>");

    expect(layers.text.value).toBe("");
  });
});

describe("the opacity of a dot", () => {
  it("falls with the overlap so that what lies on a pixel covers most of it, never all", () => {
    for (const overlap of [3, 30, 300]) {
      const cover = 1 - (1 - opacityForOverlap(overlap, 0.006)) ** overlap;
      expect(cover).toBeGreaterThan(0.8);
      expect(cover).toBeLessThan(0.95);
    }
    expect(opacityForOverlap(0.1)).toBe(0.92);
  });
});

describe("crowds", () => {
  it("give way to dots as one comes near, and later the more points there are", () => {
    const far = Camera.around({ planar: { low: [-1, -1], high: [1, 1] } }, VIEWPORT);
    const near = far.zoom(6, 400, 300, VIEWPORT, 0);

    expect(strengthsAt("shade", far, VIEWPORT, 2000)).toEqual({
      density: 1,
      contours: 0,
      dots: 0.25,
    });
    expect(strengthsAt("shade", near, VIEWPORT, 2000).density).toBe(0);
    expect(strengthsAt("shade", near, VIEWPORT, 1e6).density).toBeGreaterThan(0.8);
    expect(strengthsAt("contours", near, VIEWPORT, 2000)).toMatchObject({
      contours: 0.25,
      dots: 1,
    });
    expect(strengthsAt("off", far, VIEWPORT, 1e6)).toEqual({ density: 0, contours: 0, dots: 1 });
  });

  it("are drawn in the colours of the points that are in sight", () => {
    const coordinates = Float32Array.from({ length: 400 }, (_, i) =>
      i % 4 < 2 ? Math.sin(i) : 20 + Math.sin(i),
    );
    const colors = new Uint8Array(800);
    for (let row = 0; row < 200; row++)
      colors.set(row % 2 ? [0, 255, 0, 255] : [255, 0, 0, 255], 4 * row);
    const codes = Array.from({ length: 200 }, (_, row) => row % 2);
    const made = (crowds: "shade" | "contours", hidden: RowSet | null) =>
      densityOf({
        coordinates,
        colors,
        plain: [9, 9, 9],
        hidden,
        grouping: groupByCategory("g", "g", ["a", "b"], codes),
        crowds,
      })!;
    const sums = ({ shade }: { shade: Uint8Array }) =>
      [0, 1, 2].map((c) => shade.reduce((sum, value, i) => sum + (i % 4 === c ? value : 0), 0));
    const both = sums(made("shade", null));
    const one = sums(
      made(
        "shade",
        RowSet.where(200, (row) => row % 2 === 0),
      ),
    );
    const lines = made("contours", null);

    expect(both[0]).toBeGreaterThan(0);
    expect(both[1]).toBeGreaterThan(0);
    expect(one[0]).toBe(0);
    expect(one[1]).toBeGreaterThan(0);
    expect(lines.colors).toHaveLength(lines.lines.length);
    expect(new Set(lines.colors.filter((_, i) => i % 4 === 0))).toEqual(new Set([0, 255]));
  });
});

describe("lines of the neighbour graph", () => {
  it("are drawn once, whichever end said so, and only between points in sight", () => {
    const answer = {
      n_samples: 4,
      rows: [0, 1],
      neighbors: [
        [1, 2, -1],
        [0, 3, 1],
      ],
    };
    const { from, to, said } = pairsOf(answer, (row) => row !== 3);

    expect([[...from], [...to], said]).toEqual([[0, 0], [1, 2], 3]);
  });

  it("are fainter the longer they are; one without an end is not drawn", () => {
    const places = Float32Array.from([0, 0, 1, 0, 4, 0, Number.NaN, Number.NaN]);
    const strength = strengthsOf(Uint32Array.of(0, 0, 1, 0), Uint32Array.of(1, 2, 2, 3), places, 2);

    expect(strength[0]).toBeGreaterThan(strength[2]!);
    expect(strength[2]).toBeGreaterThan(strength[1]!);
    expect(strength[3]).toBe(0);
  });
});

describe("trails over many steps", () => {
  it("keep the ends and the step on screen", () => {
    const steps = Array.from({ length: 1000 }, (_, i) => i * 10);
    const some = thinned(steps, 4321, 50);

    expect(some.length).toBeLessThanOrEqual(50);
    expect([some[0], some.at(-1)]).toEqual([0, 9990]);
    expect(some).toContain(4320);
    expect(thinned([1, 2, 3], 2, 50)).toEqual([1, 2, 3]);
  });
});
