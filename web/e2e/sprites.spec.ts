// Images in the place of dots: each on its own row, wherever that row is.
import type { JSHandle, Page } from "@playwright/test";
import type { App } from "../src/app.js";
import type {} from "../test/render/harness.js";
import { appOf, expect, open, ready, test } from "./served.js";
import { GALLERY } from "../playwright.config.js";

/** Waits until thumbnails have come and nothing fades any more. */
async function settled(page: Page): Promise<void> {
  await ready(page);
  const app = await appOf(page);
  const rests = () =>
    app.evaluate(async ({ stage }) => {
      const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
      // What was just asked for begins with the next picture.
      for (let i = 0; i < 3; i++) await frame();
      const { resting, settled } = stage.sprites;
      return !stage.eye.moving && resting && settled.rows.length > 0;
    });
  await expect.poll(rests).toBe(true);
}

/**
 * Compares what the map shows at each thumbnail with the images of all items: how many there are,
 * how many look like their own image, and how many like another's.
 */
function compare(app: JSHandle<App>) {
  return app.evaluate(async ({ stage, viewer }) => {
    const renderer = stage.renderer!;
    const view = stage.view()!;
    const { viewport } = stage.eye;
    const { rows, side } = stage.sprites.settled;
    const picture = renderer.capturePixels(view, 1);
    const fit = view.depth > 0.5 ? "spatial" : "planar";
    const d = fit === "spatial" ? 3 : 2;
    const n = viewer.state.run.value!.n_items;
    const canvas = new OffscreenCanvas(8, 8);
    const context = canvas.getContext("2d", { willReadFrequently: true })!;
    const normed = (values: number[]) => {
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const rest = values.map((value) => value - mean);
      const norm = Math.hypot(...rest) || 1;
      return rest.map((value) => value / norm);
    };
    const images: (number[] | null)[] = [];
    for (let row = 0; row < n; row++) {
      const tile = await viewer.items.thumbnail(row);
      if (tile === null) {
        images.push(null);
        continue;
      }
      context.drawImage(tile.page, tile.x, tile.y, tile.width, tile.height, 0, 0, 8, 8);
      const { data } = context.getImageData(0, 0, 8, 8);
      images.push(normed(Array.from({ length: 64 }, (_, i) => data[4 * i]!)));
    }
    let [own, other, outside] = [0, 0, 0];
    for (const row of rows) {
      const one = new Uint32Array([row]);
      const a = renderer.readPositions(view.from, fit, one);
      const b = renderer.readPositions(view.to, fit, one);
      const at = Array.from(a, (value, i) => value + (b[i]! - value) * view.mix);
      const place = view.camera.project(at.slice(0, d), viewport, view.depth);
      const long = side * (d === 3 ? Math.min(4, Math.max(0.35, place.scale)) : 1);
      const reach = long / 2 + 3;
      const inside =
        place.x > reach &&
        place.y > reach &&
        place.x < viewport.width - reach &&
        place.y < viewport.height - reach;
      if (!inside) {
        outside++;
        continue;
      }
      const seen = normed(
        Array.from({ length: 64 }, (_, i) => {
          const x = Math.floor(place.x + (((i % 8) + 0.5) / 8 - 0.5) * long);
          const y = Math.floor(place.y + ((Math.floor(i / 8) + 0.5) / 8 - 0.5) * long);
          const [r, g, b] = picture.data.subarray(4 * (y * picture.width + x));
          return r! + g! + b!;
        }),
      );
      const likeness = images.map((image) =>
        image === null ? -1 : image.reduce((sum, value, i) => sum + value * seen[i]!, 0),
      );
      const best = likeness.indexOf(Math.max(...likeness));
      if (likeness[best]! < 0.6) continue;
      if (best === row) own++;
      else other++;
    }
    return { looked: rows.length - outside, own, other, drawn: renderer.sprites.count };
  });
}

/** Comes closer to where the first row is, which is in the middle of a crowd. */
const zoomIn = (app: JSHandle<App>, factor: number) =>
  app.evaluate(({ stage }, factor) => {
    const view = stage.view()!;
    const place = stage.renderer!.readPositions(view.from, "planar", new Uint32Array([0]));
    const { x, y } = view.camera.project(place, stage.eye.viewport, 0);
    stage.pan(stage.eye.viewport.width / 2 - x, stage.eye.viewport.height / 2 - y);
    stage.zoomCentre(factor);
  }, factor);

test("each image is its own row's: in 2D, isolated, half way, in 3D, and after a lost context", async ({
  page,
  server,
}) => {
  await open(page, server, "run=moving&images=frame");
  const app = await appOf(page);
  await zoomIn(app, 4);
  await settled(page);
  const flat = await compare(app);
  expect(flat.looked).toBeGreaterThan(3);
  expect(flat.other).toBe(0);
  expect(flat.own).toBeGreaterThan(0.9 * flat.looked);

  // One key away, and back.
  const sign = page.getByRole("switch", { name: "Images" });
  await page.keyboard.press("s");
  await expect(sign).toHaveAttribute("aria-checked", "false");
  await expect.poll(() => app.evaluate(({ stage }) => stage.renderer!.sprites.count)).toBe(0);
  await expect.poll(() => page.url()).toContain("images=off.frame");
  await page.keyboard.press("s");
  await settled(page);
  expect(await compare(app)).toEqual(flat);

  await test.step("isolated", async () => {
    await app.evaluate(({ viewer }) => {
      const { selection, grouping } = viewer.state;
      selection.apply(grouping.value!.rowsOf("=bee"));
    });
    await page.keyboard.press("h");
    await expect
      .poll(() => app.evaluate(({ viewer }) => viewer.state.filter.hidden.value?.count))
      .toBe(200);
    await page.keyboard.press("f");
    await settled(page);
    const alone = await compare(app);
    const strangers = await app.evaluate(({ stage, viewer }) => {
      const hidden = viewer.state.filter.hidden.value!;
      return stage.sprites.settled.rows.filter((row) => hidden.has(row)).length;
    });
    expect(strangers).toBe(0);
    expect(alone.looked).toBeGreaterThan(3);
    expect(alone.other).toBe(0);
    expect(alone.own).toBeGreaterThan(0.9 * alone.looked);
    await page.keyboard.press("h");
    await page.keyboard.press("Escape");
  });

  await test.step("half way between two snapshots", async () => {
    await app.evaluate(({ viewer }) => {
      viewer.state.timeline.pause();
      viewer.state.timeline.seek(75);
    });
    await settled(page);
    const between = await compare(app);
    expect(await app.evaluate(({ stage }) => stage.view()!.mix)).toBeCloseTo(0.5, 5);
    expect(between.looked).toBeGreaterThan(3);
    expect(between.other).toBe(0);
    expect(between.own).toBeGreaterThan(0.9 * between.looked);
  });

  await test.step("in space, where some hide others", async () => {
    await page.keyboard.press("3");
    await settled(page);
    const deep = await compare(app);
    expect(deep.looked).toBeGreaterThan(3);
    expect(deep.own).toBeGreaterThan(0.3 * deep.looked);
    // What hides a thumbnail is another one, so some look like their neighbour in front.
    expect(deep.other).toBeLessThan(deep.own);
  });

  await test.step("after the graphics context was lost", async () => {
    await page.keyboard.press("2");
    await settled(page);
    const before = await compare(app);
    await app.evaluate(({ stage }) => stage.renderer!.loseContext());
    await page.waitForTimeout(60);
    await app.evaluate(({ stage }) => stage.renderer!.restoreContext());
    await expect.poll(() => app.evaluate(({ stage }) => stage.renderer!.stats().losses)).toBe(1);
    await settled(page);
    expect(await compare(app)).toEqual(before);
  });
});

test("a device with small textures shows the same images, at half size and then whole", async ({
  page,
  server,
}) => {
  await page.addInitScript(() => {
    const read = WebGL2RenderingContext.prototype.getParameter;
    WebGL2RenderingContext.prototype.getParameter = function (name: number): unknown {
      return name === this.MAX_TEXTURE_SIZE ? 128 : (read.call(this, name) as unknown);
    };
  });
  await open(page, server, "run=moving&images=frame");
  const app = await appOf(page);
  await zoomIn(app, 4);
  await settled(page);
  const seen = await compare(app);
  const atlas = await app.evaluate(({ stage }) => {
    const { pages, near } = stage.renderer!.sprites;
    return { pages: pages.width, near: near.width };
  });

  // 18 tiles of 8 pixels are 144: too many for a texture of 128.
  expect(atlas).toEqual({ pages: 72, near: 128 });
  expect(seen.looked).toBeGreaterThan(3);
  expect(seen.other).toBe(0);
  expect(seen.own).toBeGreaterThan(0.9 * seen.looked);
});

test.describe("the renderer", () => {
  test.beforeEach(async ({ page }) => {
    await page.goto(`${GALLERY}/test/render/harness.html`);
    await page.waitForFunction(() => window.lab !== undefined);
  });

  for (const [name, depth] of [
    ["2D", 0],
    ["3D", 1],
  ] as const) {
    test(`draws, hides, rings and picks rectangles in ${name}`, async ({ page }) => {
      const seen = await page.evaluate(async (depth) => {
        const { lab } = window;
        const size = { width: 400, height: 200 };
        const renderer = lab.start(400, 200);
        const planar = new Float32Array([-1, 0, 0, 0, 1, 0]);
        const spatial = new Float32Array([-1, 0, 0, 0, 0, 0, 1, 0, 0]);
        const bounds = {
          planar: { low: [-2, -1], high: [2, 1] },
          spatial: { low: [-2, -1, -1], high: [2, 1, 1] },
        };
        const camera = lab.Camera.around(bounds, size);
        renderer.setSnapshot("0", { planar, spatial });
        const blue = [0, 0, 255, 255];
        renderer.setColors(new Uint8Array([...blue, ...blue, ...blue]));
        // Two tiles: red over green, and one of which only the left half is not clear.
        const canvas = new OffscreenCanvas(32, 16);
        const context = canvas.getContext("2d")!;
        context.fillStyle = "#f00";
        context.fillRect(0, 0, 16, 8);
        context.fillStyle = "#0f0";
        context.fillRect(0, 8, 16, 8);
        context.fillStyle = "#fff";
        context.fillRect(16, 0, 8, 16);
        const page = await createImageBitmap(canvas);
        const { sprites } = renderer;
        sprites.pages.allocate(32, 16, 2);
        sprites.pages.put(1, 0, 0, page, null);
        const tile = { y: 0, width: 16, height: 16, longest: 16, layer: 1, near: false, alpha: 1 };
        const show = (style: "frame" | "behind" | "ink") => {
          const entries = new Uint32Array(8);
          // Row 2 has the first tile and row 0 the second: the place says nothing.
          lab.packSprite(entries, 0, { ...tile, row: 2, x: 0 });
          lab.packSprite(entries, 1, { ...tile, row: 0, x: 16 });
          sprites.set({ entries, count: 2, side: 32, style });
        };
        const at = (row: number) =>
          depth > 0
            ? camera.project(spatial.subarray(3 * row, 3 * row + 3), size, 1)
            : camera.project(planar.subarray(2 * row, 2 * row + 2), size, 0);
        const [a, b, c] = [at(0), at(1), at(2)];
        const view = lab.view(camera, { pointSize: 6, opacity: 1, depth });
        const look = () => {
          renderer.draw(view);
          const pixels = lab.pixels();
          // What is nearer is larger, in space.
          const pixel = (place: typeof a, dx: number, dy: number) => {
            const scale = depth > 0 ? place.scale : 1;
            return lab.pixelAt(pixels, place.x + scale * dx, place.y + scale * dy);
          };
          return {
            top: pixel(c, 1, -8),
            bottom: pixel(c, 1, 8),
            frame: pixel(c, 16.8, 0),
            solid: pixel(a, -8, 0),
            clear: pixel(a, 8, 0),
            dot: pixel(b, 0, 0),
            ring: pixel(c, depth > 0 ? 18 : 19, 0),
          };
        };
        show("frame");
        const frame = look();
        const picked = [
          await renderer.pick(c.x + 12, c.y - 12, view),
          await renderer.pick(a.x - 12, a.y + 12, view),
          await renderer.pick(b.x + 12, b.y, view),
        ];
        const captured = renderer.capturePixels(view, 2);
        const place = 4 * (Math.floor(2 * (c.y - 8)) * captured.width + Math.floor(2 * (c.x + 1)));
        const capturedTop = [...captured.data.subarray(place, place + 3)];
        show("behind");
        const behind = look();
        show("ink");
        const ink = look();
        show("frame");
        renderer.setFlags(new Uint8Array([lab.HIDDEN, 0, lab.SELECTED]));
        const flagged = look();
        const pickedHidden = await renderer.pick(a.x - 12, a.y + 12, view);
        return { frame, picked, behind, ink, flagged, pickedHidden, capturedTop };
      }, depth);

      const { frame, behind, ink, flagged } = seen;
      const canvas = [7, 9, 12];
      // Haze takes a little of the light of what is farther away.
      const white = (pixel: number[]) => Math.min(...pixel) >= (depth > 0 ? 230 : 255);
      expect(frame).toMatchObject({ top: [255, 0, 0], bottom: [0, 255, 0], frame: [0, 0, 255] });
      expect(frame).toMatchObject({ clear: canvas, ring: canvas });
      expect(frame.dot[2]).toBeGreaterThan(200);
      expect(seen.picked).toEqual([2, 0, -1]);
      expect(seen.capturedTop).toEqual([255, 0, 0]);
      expect(behind).toMatchObject({ frame: canvas });
      expect([frame.solid, behind.solid].every(white)).toBe(true);
      expect(behind.clear[2]).toBeGreaterThan(230);
      expect(behind.clear[0]).toBeLessThan(20);
      expect(ink.clear).toEqual(canvas);
      expect(ink.solid[2]).toBeGreaterThan(230);
      expect(ink.solid[0]).toBeLessThan(20);
      expect(flagged).toMatchObject({ top: [255, 0, 0], solid: canvas });
      expect(Math.min(...flagged.ring)).toBeGreaterThan(150);
      expect(seen.pickedHidden).toBe(-1);
    });
  }
});

test("the exhibit of images shows them, and says how to see more", async ({ page }) => {
  await page.goto(`${GALLERY}/gallery.html?show=sprites`);
  await ready(page);
  const control = page.getByRole("switch", { name: "Images" });
  await expect(control).toHaveAttribute("aria-checked", "true");
  const app = await appOf(page);
  await expect
    .poll(() => app.evaluate(({ viewer }) => viewer.state.sprites.drawn.value))
    .toBeGreaterThan(500);

  await page.getByRole("combobox", { name: "Which points become images" }).click();
  await page.getByRole("option", { name: /With room/ }).click();
  await expect.poll(() => page.url()).toMatch(/images=ink(&|$)/);
  // Rows without an image keep their dots, so nobody waits for one.
  const bare = await app.evaluate(({ stage }) =>
    stage.sprites.settled.rows.filter((r) => r % 41 === 0),
  );
  expect(bare).toEqual([]);
});
