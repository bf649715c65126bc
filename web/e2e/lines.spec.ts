import { expect, test } from "@playwright/test";
// Brings the type of `window.lab`, which the harness page defines.
import type {} from "../test/render/harness.js";

test.beforeEach(async ({ page }) => {
  await page.goto("/test/render/harness.html");
  await page.waitForFunction(() => window.lab !== undefined);
});

for (const [fit, depth] of [
  ["2D", 0],
  ["3D", 1],
] as const) {
  test(`a line joins its rows and a ring surrounds its row in ${fit}`, async ({ page }) => {
    const seen = await page.evaluate((depth) => {
      const { lab } = window;
      const size = { width: 400, height: 200 };
      const renderer = lab.start(400, 200);
      const planar = new Float32Array([-1, 0, 1, 0, 0, 0.6]);
      const spatial = new Float32Array([-1, 0, 0, 1, 0, 0, 0, 0.6, 0]);
      const bounds = {
        planar: { low: [-2, -1], high: [2, 1] },
        spatial: { low: [-2, -1, -1], high: [2, 1, 1] },
      };
      const camera = lab.Camera.around(bounds, size);
      renderer.setSnapshot("0", { planar, spatial });
      renderer.setColors(new Uint8Array([0, 0, 255, 255, 0, 0, 255, 255, 0, 0, 255, 255]));
      const red = [255, 0, 0, 255];
      const green = [0, 255, 0, 255];
      const at = (row: number) => {
        const place =
          depth > 0
            ? spatial.subarray(3 * row, 3 * row + 3)
            : planar.subarray(2 * row, 2 * row + 2);
        return camera.project(place, size, depth);
      };
      const [a, b, c] = [at(0), at(1), at(2)];
      const look = () => {
        renderer.draw(lab.view(camera, { pointSize: 6, opacity: 1, depth }));
        const pixels = lab.pixels();
        const around = [-9, -8, -7, -6, -5, -4].map((dx) => lab.pixelAt(pixels, c.x + dx, c.y)[1]!);
        // The line may lie between two lines of pixels.
        const redAt = (x: number, y: number) =>
          Math.max(...[-1, 0, 1].map((dy) => lab.pixelAt(pixels, x, y + dy)[0]!));
        const along = (t: number) => redAt(a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * t);
        const beads = Array.from({ length: 60 }, (_, i) => along((i + 10) / 80));
        return {
          middle: along(0.5),
          ring: Math.max(...around),
          red: beads.filter((red) => red > 128).length,
        };
      };
      const nothing = look();
      renderer.setLines({
        ends: new Uint32Array([0, 1]),
        colors: new Uint8Array(red),
        dashed: new Uint8Array([0]),
      });
      renderer.setRings({ rows: new Uint32Array([2]), colors: new Uint8Array(green) });
      const both = look();
      renderer.setLines({
        ends: new Uint32Array([0, 1]),
        colors: new Uint8Array(red),
        dashed: new Uint8Array([1]),
      });
      const dashed = look();
      renderer.setFlags(new Uint8Array([lab.HIDDEN, 0, lab.HIDDEN]));
      const hidden = look();
      return { nothing, both, dashed, hidden };
    }, depth);

    expect(seen.nothing.middle).toBe(7);
    expect(seen.both.middle).toBeGreaterThan(150);
    expect(seen.both.ring).toBeGreaterThan(200);
    expect(seen.nothing.ring).toBeLessThan(20);
    // A broken line shows some of the canvas between its ends, a whole one none.
    expect(seen.both.red).toBe(60);
    expect(seen.dashed.red).toBeGreaterThan(20);
    expect(seen.dashed.red).toBeLessThan(50);
    expect(seen.hidden.middle).toBe(7);
    expect(seen.hidden.ring).toBeLessThan(20);
  });
}

test("lines and rings come back after the context was lost", async ({ page }) => {
  const [before, after] = await page.evaluate(async () => {
    const { lab } = window;
    const size = { width: 400, height: 200 };
    const renderer = lab.start(400, 200);
    const planar = new Float32Array([-1, 0, 1, 0]);
    const camera = lab.Camera.around({ planar: { low: [-2, -1], high: [2, 1] } }, size);
    renderer.setSnapshot("0", { planar });
    renderer.setLines({
      ends: new Uint32Array([0, 1]),
      colors: new Uint8Array([255, 0, 0, 255]),
      dashed: new Uint8Array([0]),
    });
    renderer.setRings({ rows: new Uint32Array([1]), colors: new Uint8Array([0, 255, 0, 255]) });
    const look = () => {
      renderer.draw(lab.view(camera));
      return [...lab.pixels()];
    };
    const event = (name: string) =>
      new Promise((resolve) => lab.canvas.addEventListener(name, resolve, { once: true }));
    const before = look();
    const lost = event("lab-lost");
    renderer.loseContext();
    await lost;
    await new Promise((resolve) => setTimeout(resolve, 50));
    const restored = event("lab-restored");
    renderer.restoreContext();
    await restored;
    return [before, look()];
  });

  expect(after).toEqual(before);
});
