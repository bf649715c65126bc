import { describe, expect, it } from "vitest";
import { Camera } from "../../src/geometry/camera.js";
import { thin, type Thinned } from "../../src/geometry/thinning.js";
import { Chooser, levelFades, sideFor, sizeFade, type Scene } from "../../src/stage/sprite_list.js";
import { shelfFor } from "../../src/stage/sprite_pages.js";
import { decodeSprites, encodeSprites, Sprites } from "../../src/state/sprites.js";

const size = { width: 400, height: 400 };
const grid = Float32Array.from({ length: 800 }, (_, i) =>
  i % 2 === 0 ? (i >> 1) % 20 : Math.floor((i >> 1) / 20),
);
const camera = Camera.around({ planar: { low: [0, 0], high: [19, 19] } }, size);

function thinned(coordinates: Float32Array): Thinned {
  const work = thin(coordinates, 2, () => true);
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

function scene(camera: Camera, all = false): Scene {
  const positions = { from: grid, to: grid, mix: 0, dimensions: 2 as const };
  return { positions, uniforms: camera.toUniforms(size, 0), viewport: size, all };
}

describe("thumbnails by zoom", () => {
  it("are dots from afar and whole from near, and never larger than the limit", () => {
    expect(sizeFade(5)).toBe(0);
    expect(sizeFade(30)).toBe(1);
    expect(sideFor(1, 1e6, false)).toBe(64);
    expect(sideFor(1, 0, true)).toBeGreaterThan(sizeFade(0));
  });

  it("never lose a row by coming closer", () => {
    const levels = thinned(grid);
    let before: number[] = [];
    for (const pixels of [2, 4, 8, 16, 32]) {
      const now = levelFades(levels, 20, pixels, false);
      before.forEach((fade, level) => expect(now[level]).toBeGreaterThanOrEqual(fade));
      before = now;
    }
    expect(before.length).toBeGreaterThan(3);
  });

  it("are chosen in view only, the most important first", () => {
    const parts = [{ thinned: thinned(grid), weight: 1 }];
    const whole = new Chooser().choose(scene(camera, true), 20, parts, 400);
    const corner = camera.zoom(8, 0, 0, size, 0);
    const chooser = new Chooser();
    const near = chooser.choose(scene(corner, true), 20, parts, 400);

    expect(whole.count).toBe(400);
    expect(whole.rows[0]).toBe(0);
    expect(near.count).toBeLessThan(60);
    expect(near.count).toBeGreaterThan(3);
    // What one picture leaves behind must not show in the next.
    expect(chooser.choose(scene(corner, true), 20, parts, 400)).toEqual(near);
  });

  it("that lie wholly below others are left out, and nothing else is", () => {
    const crowd = Float32Array.from(
      { length: 4000 },
      (_, i) => (Math.sin(i * 12.9898) * 43758) % 9,
    );
    const positions = { from: crowd, to: crowd, mix: 0, dimensions: 2 as const };
    const around = Camera.around({ planar: { low: [-9, -9], high: [9, 9] } }, size);
    const opaque = { halves: () => [0.5, 0.5] as const, apart: (row: number) => row === 1999 };
    const all = { ...scene(around, true), positions };
    const parts = [{ thinned: thinned(crowd), weight: 1 }];
    const whole = new Chooser().choose(all, 20, parts, 2000);
    const seen = new Chooser().choose({ ...all, opaque }, 20, parts, 2000);
    const top = topmost(whole);
    const kept = new Set(seen.rows.subarray(0, seen.count));

    // Every pixel shows the same row: what was left out is on top nowhere.
    expect(topmost(seen)).toEqual(top);
    for (const row of new Set(top)) if (row >= 0) expect(kept.has(row)).toBe(true);
    expect(seen.count).toBeLessThan(0.7 * whole.count);
    expect(kept.has(1999)).toBe(true);

    function topmost({ rows, count }: { rows: Uint32Array; count: number }): Int32Array {
      const pixels = new Int32Array(size.width * size.height).fill(-1);
      for (let i = count - 1; i >= 0; i--) {
        const { x, y } = around.project(
          [...crowd.subarray(2 * rows[i]!, 2 * rows[i]! + 2)],
          size,
          0,
        );
        for (let v = Math.ceil(y - 10); v < y + 10; v++) {
          for (let u = Math.ceil(x - 10); u < x + 10; u++) {
            if (u >= 0 && v >= 0 && u < 400 && v < 400 && rows[i] !== 1999) {
              pixels[v * 400 + u] = rows[i]!;
            }
          }
        }
      }
      return pixels;
    }
  });

  it("fade from one choice to another by their weights", () => {
    const levels = thinned(grid);
    const halves = [
      { thinned: levels, weight: 0.5 },
      { thinned: levels, weight: 0.5 },
    ];
    const both = new Chooser().choose(scene(camera, true), 20, halves, 400);

    expect(both.count).toBe(400);
    expect(both.alphas[0]).toBeCloseTo(1, 5);
  });
});

describe("pages of tiles on a device", () => {
  const limits = { textureSize: 2048, layers: 256 };
  const sheet = { tile_width: 64, tile_height: 64, columns: 32, rows: 32, n_failed: 0 };

  it("are kept whole where they fit", () => {
    expect(shelfFor({ ...sheet, n_pages: 2 }, 64 << 20, limits)).toEqual({
      scale: 1,
      width: 2048,
      height: 2048,
      layers: 2,
    });
  });

  it.each([1, 7, 68, 977])("stay within the budget, %s of them", (n_pages) => {
    const { width, height, layers, scale } = shelfFor({ ...sheet, n_pages }, 64 << 20, limits);

    expect(width * height * 5 * layers).toBeLessThanOrEqual(64 << 20);
    expect(layers).toBeGreaterThan(0);
    expect(64 * scale).toBeGreaterThanOrEqual(8);
  });

  it("shrink until they fit a texture", () => {
    const small = shelfFor({ ...sheet, n_pages: 1 }, 64 << 20, { textureSize: 512, layers: 256 });

    expect(Math.max(small.width, small.height)).toBeLessThanOrEqual(512);
  });
});

describe("images in an address", () => {
  it("come back as they were written", () => {
    const sprites = new Sprites();
    expect(encodeSprites(sprites)).toBe("");
    for (const text of ["off", "ink", "off.frame.all", "behind.all"]) {
      decodeSprites(text, sprites);
      expect(encodeSprites(sprites)).toBe(text);
    }
    decodeSprites("nonsense", sprites);
    expect(encodeSprites(sprites)).toBe("");
  });
});
