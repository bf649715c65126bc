import { type Page, expect, test } from "@playwright/test";
import type {} from "../test/render/harness.js";

const HARNESS = "/test/render/harness.html";

async function open(page: Page): Promise<void> {
  await page.goto(HARNESS);
  await page.waitForFunction(() => window.lab !== undefined);
}

/** Draws, picks and reads back a known scene: what must be the same on every device. */
async function exercise(page: Page) {
  return page.evaluate(async () => {
    const { lab } = window;
    const size = { width: 400, height: 300 };
    const data = lab.blobs(6000, 5, 2);
    const renderer = lab.start(400, 300);
    data.snapshots.forEach((positions, i) => renderer.setSnapshot(String(i), positions));
    renderer.setColors(lab.classColors(data, "dark"));
    const camera = lab.cameraOver(data, size);
    const view = lab.view(camera, { to: "1", mix: 0.5, depth: 1 });
    renderer.draw(view);
    let sum = 0;
    let light = 0;
    for (const value of lab.pixels()) {
      sum = (sum * 31 + value) % 1000003;
      light += value;
    }
    const picks = [];
    for (let i = 0; i < 20; i++) picks.push(await renderer.pick(20 * i, 150, view));
    const last = renderer.readPositions("1", "spatial", new Uint32Array([5999]));
    const gl = lab.canvas.getContext("webgl2")!;
    return {
      sum,
      light,
      picks,
      readBack: [...last].every((value, d) => value === data.snapshots[1]!.spatial[17997 + d]),
      error: gl.getError(),
      limits: renderer.stats().limits,
    };
  });
}

test("needs no extension: without any the same rows are where they were", async ({ page }) => {
  await open(page);
  const plain = await exercise(page);
  await page.addInitScript(() => {
    WebGL2RenderingContext.prototype.getExtension = () => null;
    WebGL2RenderingContext.prototype.getSupportedExtensions = () => [];
  });
  await open(page);
  const bare = await exercise(page);

  // What cannot be added up is laid over, so that soft edges differ and nothing else.
  expect({ ...bare, sum: 0, light: 0 }).toEqual({ ...plain, sum: 0, light: 0 });
  expect(Math.abs(bare.light / plain.light - 1)).toBeLessThan(0.01);
  expect(bare.error).toBe(0);
  expect(bare.readBack).toBe(true);
  expect(bare.picks.some((row) => row >= 0)).toBe(true);
});

test("draws the same on a device with the smallest textures that WebGL 2 allows", async ({
  page,
}) => {
  await open(page);
  const usual = await exercise(page);
  await page.addInitScript(() => {
    const read = WebGL2RenderingContext.prototype.getParameter;
    WebGL2RenderingContext.prototype.getParameter = function (name: number): unknown {
      return name === this.MAX_TEXTURE_SIZE ? 2048 : (read.call(this, name) as unknown);
    };
  });
  await open(page);
  const small = await exercise(page);

  expect(small.limits.rowWidth).toBe(2048);
  expect(small.limits.capacity).toBe(2048 * 2048);
  expect({ ...small, limits: null }).toEqual({ ...usual, limits: null });
});

test("says why when there is no WebGL 2", async ({ page }) => {
  await page.addInitScript(() => {
    HTMLCanvasElement.prototype.getContext = () => null;
  });
  await open(page);
  const error = await page.evaluate(() => {
    try {
      window.lab.start();
      return undefined;
    } catch (problem) {
      return { name: (problem as Error).name, message: (problem as Error).message };
    }
  });

  expect(error?.name).toBe("NoWebGL2Error");
  expect(error?.message).toMatch(/could not start it.*acceleration/);
});

test("of more than four snapshots the longest unused leaves the GPU", async ({ page }) => {
  await open(page);
  const resident = await page.evaluate(() => {
    const { lab } = window;
    const renderer = lab.start(100, 100);
    const camera = lab.Camera.around({}, { width: 100, height: 100 });
    for (const key of ["a", "b", "c", "d"]) {
      renderer.setSnapshot(key, { planar: new Float32Array([0, 0]) });
    }
    renderer.draw(lab.view(camera, { from: "a", to: "a" }));
    renderer.setSnapshot("e", { planar: new Float32Array([0, 0]) });
    let message = "";
    try {
      renderer.draw(lab.view(camera, { from: "b", to: "b" }));
    } catch (problem) {
      message = (problem as Error).message;
    }
    return { keys: [...renderer.stats().resident].sort(), message };
  });

  expect(resident.keys).toEqual(["a", "c", "d", "e"]);
  expect(resident.message).toMatch(/No snapshot "b".*setSnapshot/);
});

test("trails lead to the dot they belong to and stay off hidden rows", async ({ page }) => {
  await open(page);
  const seen = await page.evaluate(() => {
    const { lab } = window;
    const size = { width: 300, height: 100 };
    const renderer = lab.start(300, 100);
    const camera = lab.Camera.around({ planar: { low: [-1, -0.3], high: [1, 0.3] } }, size);
    renderer.setSnapshot("0", { planar: new Float32Array([1, 0.2, 1, -0.2]) });
    renderer.setColors(new Uint8Array([255, 0, 0, 255, 0, 255, 0, 255]));
    // Row 0 came along the upper line, row 1 along the lower one with a step missing.
    const planar = new Float32Array([-1, 0.2, 0, 0.2, 1, 0.2, -1, -0.2, NaN, NaN, 1, -0.2]);
    const rows = new Uint32Array([0, 1]);
    const look = (flags: Uint8Array) => {
      renderer.setFlags(flags);
      renderer.setTrails(rows, 3, { planar }, 2);
      renderer.draw(lab.view(camera, { pointSize: 4 }));
      const pixels = lab.pixels();
      const at = (x: number, y: number) => {
        const place = camera.project([x, y], size, 0);
        return lab.pixelAt(pixels, place.x, place.y);
      };
      return { near: at(0.6, 0.2)[0]!, far: at(-0.9, 0.2)[0]!, gap: at(0.6, -0.2)[1]! };
    };
    return {
      shown: look(new Uint8Array([0, 0])),
      hidden: look(new Uint8Array([lab.HIDDEN, 0])),
    };
  });

  expect(seen.shown.near).toBeGreaterThan(seen.shown.far);
  expect(seen.shown.far).toBeGreaterThan(15);
  expect(seen.shown.gap).toBe(9);
  expect(seen.hidden.near).toBe(7);
});

test("a lasso around a million points is found in the worker", async ({ page }) => {
  await open(page);
  const found = await page.evaluate(async () => {
    const { lab } = window;
    const size = { width: 1280, height: 800 };
    const count = 1_000_000;
    const next = lab.random(1);
    const planar = Float32Array.from({ length: 2 * count }, () => 2 * next() - 1);
    const spatial = Float32Array.from({ length: 3 * count }, () => 2 * next() - 1);
    const camera = lab.Camera.around(
      {
        planar: { low: [-1, -1], high: [1, 1] },
        spatial: { low: [-1, -1, -1], high: [1, 1, 1] },
      },
      size,
    );
    const polygon = new Float32Array(200);
    for (let i = 0; i < 100; i++) {
      const angle = (2 * Math.PI * i) / 100;
      const radius = 150 + 180 * next();
      polygon.set([640 + radius * Math.cos(angle), 400 + radius * Math.sin(angle)], 2 * i);
    }
    const client = new lab.LassoClient();
    client.setPositions("1", { planar, spatial });
    client.setFlags(new Uint8Array(count));
    const result = [];
    for (const depth of [0, 1]) {
      const bits = await client.select(polygon, {
        from: "1",
        to: "1",
        mix: 0,
        depth,
        camera: camera.toUniforms(size, depth),
        viewport: size,
        drawCount: count,
      });
      result.push(bits.reduce((sum, byte) => sum + (byte === 0 ? 0 : 1), 0));
    }
    return { background: client.inBackground, result };
  });

  expect(found.background).toBe(true);
  for (const selected of found.result) expect(selected).toBeGreaterThan(1000);
});
