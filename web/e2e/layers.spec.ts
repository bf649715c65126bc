import { expect, test, type Page } from "@playwright/test";
// Brings the type of `window.lab`, which the harness page defines.
import type {} from "../test/render/harness.js";
import { appOf } from "./served.js";

const HARNESS = "/test/render/harness.html";

async function openLab(page: Page): Promise<void> {
  await page.goto(HARNESS);
  await page.waitForFunction(() => window.lab !== undefined);
}

/** Waits until a map of the gallery is at rest, then gives the viewer. */
async function show(page: Page, name: string, hash = "") {
  await page.goto(`/gallery.html?show=${name}${hash === "" ? "" : `#${hash}`}`);
  const app = await appOf(page);
  await expect
    .poll(() => app.evaluate(({ viewer }) => viewer.state.shown.value.sampling))
    .toBe("all");
  await expect.poll(() => app.evaluate(({ viewer }) => viewer.state.shown.value.drawn)).not.toBe(0);
  return app;
}

test("the picture does not depend on the order of the rows, in 2D and in 3D", async ({ page }) => {
  await openLab(page);
  const found = await page.evaluate(() => {
    const { lab } = window;
    const size = { width: 300, height: 240 };
    const data = lab.blobs(3000, 5, 1, 3);
    const { planar, spatial } = data.snapshots[0]!;
    const colors = lab.classColors(data, "dark");
    const next = lab.random(9);
    const order = Array.from({ length: 3000 }, (_, row) => row)
      .map((row) => [next(), row] as const)
      .sort((a, b) => a[0] - b[0])
      .map(([, row]) => row);
    const moved = <T extends Float32Array | Uint8Array>(values: T, width: number): T => {
      const out = values.slice() as T;
      order.forEach((row, i) =>
        out.set(values.subarray(row * width, (row + 1) * width), i * width),
      );
      return out;
    };
    // Twins in one place with other colours are the hardest to keep in order.
    for (let row = 0; row < 60; row += 2) {
      planar.copyWithin(2 * row + 2, 2 * row, 2 * row + 2);
      spatial.copyWithin(3 * row + 3, 3 * row, 3 * row + 3);
    }
    const flags = Uint8Array.from({ length: 3000 }, (_, row) => (row % 9 ? 0 : lab.SELECTED));
    const renderer = lab.start(300, 240);
    const camera = lab.cameraOver(data, size);
    const look = (changes: object) => {
      renderer.draw(lab.view(camera, { pointSize: 6, ...changes }));
      return lab.pixels();
    };
    const views = [
      {},
      { opacity: 0.1 },
      { depth: 1 },
      { depth: 1, opacity: 0.2 },
      { selectionActive: true },
      { selectionActive: true, depth: 1 },
    ];
    const give = (permuted: boolean) => {
      renderer.dropSnapshot("0");
      renderer.setSnapshot("0", {
        planar: permuted ? moved(planar, 2) : planar,
        spatial: permuted ? moved(spatial, 3) : spatial,
      });
      renderer.setColors(permuted ? moved(colors, 4) : colors);
      renderer.setFlags(permuted ? moved(flags, 1) : flags);
      return views.map(look);
    };
    const [before, after] = [give(false), give(true)];
    return before.map((pixels, i) => ({
      differ: pixels.reduce((sum, value, at) => sum + Number(value !== after[i]![at]), 0),
      lit: pixels.reduce((sum, value) => sum + Number(value > 60), 0),
    }));
  });

  expect(found.map(({ differ }) => differ)).toEqual([0, 0, 0, 0, 0, 0]);
  for (const { lit } of found) expect(lit).toBeGreaterThan(5000);
});

test("faint points add up and do not vanish; without float targets they are still drawn", async ({
  page,
}) => {
  const stacked = async () => {
    await openLab(page);
    return page.evaluate(() => {
      const { lab } = window;
      const size = { width: 100, height: 100 };
      const n = 2000;
      const renderer = lab.start(100, 100);
      const camera = lab.Camera.around({ planar: { low: [-1, -1], high: [1, 1] } }, size);
      renderer.setSnapshot("0", { planar: new Float32Array(2 * n) });
      const colors = new Uint8Array(4 * n).fill(255);
      renderer.setColors(colors);
      const redOf = (drawCount: number) => {
        renderer.draw(lab.view(camera, { pointSize: 12, opacity: 0.01, drawCount }));
        return lab.pixelAt(lab.pixels(), 50, 50)[0]!;
      };
      const gl = lab.canvas.getContext("webgl2")!;
      return { one: redOf(1), many: redOf(100), all: redOf(n), error: gl.getError() };
    });
  };
  const mixed = await stacked();
  // As phones do that can neither draw to floats nor blend them.
  await page.addInitScript(() => {
    const real = WebGL2RenderingContext.prototype.getExtension as (name: string) => unknown;
    WebGL2RenderingContext.prototype.getExtension = function (this: unknown, name: string) {
      return name.includes("float") ? null : real.call(this, name);
    } as typeof WebGL2RenderingContext.prototype.getExtension;
  });
  const laid = await stacked();

  // 100 layers of 1 % leave 37 % of the canvas to be seen: 7 + (255 - 7) * 0.63.
  expect(mixed.one).toBeGreaterThan(7);
  expect(Math.abs(mixed.many - 164)).toBeLessThan(6);
  expect(mixed.all).toBe(255);
  expect(laid.one).toBeGreaterThan(7);
  expect(laid.all).toBeGreaterThan(200);
  expect([mixed.error, laid.error]).toEqual([0, 0]);
});

test("two million points are drawn, by prefix and whole, and counted", async ({ page }) => {
  await openLab(page);
  const seen = await page.evaluate(() => {
    const { lab } = window;
    const n = 2_100_000;
    const planar = new Float32Array(2 * n);
    const next = lab.random(4);
    for (let i = 0; i < planar.length; i++) planar[i] = next() + next() + next();
    const renderer = lab.start(320, 240);
    const camera = lab.Camera.around(
      { planar: { low: [0, 0], high: [3, 3] } },
      { width: 320, height: 240 },
    );
    renderer.setSnapshot("0", { planar });
    const lightOf = (drawCount: number) => {
      renderer.draw(lab.view(camera, { drawCount, pointSize: 2 }));
      const pixels = lab.pixels();
      let light = 0;
      for (let i = 0; i < pixels.length; i += 4) light += pixels[i]!;
      return { drawn: renderer.stats().drawn, opacity: renderer.stats().opacity, light };
    };
    const last = renderer.readPositions("0", "planar", new Uint32Array([n - 1]));
    return {
      prefix: lightOf(100_000),
      whole: lightOf(n),
      last: [...last].every((value, d) => value === planar[2 * (n - 1) + d]),
    };
  });

  expect(seen.prefix.drawn).toBe(100_000);
  expect(seen.whole.drawn).toBe(2_100_000);
  expect(seen.last).toBe(true);
  // More points let more light through each, so that the picture keeps its brightness.
  expect(seen.whole.opacity).toBeLessThan(seen.prefix.opacity / 4);
  expect(seen.whole.light / seen.prefix.light).toBeGreaterThan(0.8);
  expect(seen.whole.light / seen.prefix.light).toBeLessThan(1.6);
});

test("crowds are drawn from far and dots from near, and the address keeps which", async ({
  page,
}) => {
  const app = await show(page, "run", "layers=shade.o0.2");
  const strengths = () =>
    app.evaluate(({ stage }) => {
      const { density, contours, dots, opacity } = stage.view()!;
      return { density, contours, dots, opacity };
    });
  const far = await strengths();
  for (let i = 0; i < 14; i++) await page.keyboard.press("+");
  const near = await strengths();
  await page.keyboard.press("0");
  await page.keyboard.press("d");
  await expect.poll(() => page.url()).toContain("layers=contours.o0.2");
  const lines = await strengths();
  await page.keyboard.press("d");
  await page.keyboard.press(",");
  await expect.poll(() => page.url()).toContain("layers=o0.2.nameless");
  await expect(page.locator(".labels .label")).toHaveCount(0);

  expect(far).toEqual({ density: 1, contours: 0, dots: 0.25, opacity: 0.2 });
  expect(near).toEqual({ density: 0, contours: 0, dots: 1, opacity: 0.2 });
  expect(lines).toMatchObject({ density: 0, dots: 0.45 });
});

test("the density colours the canvas between the dots, and lines lie around each group", async ({
  page,
}) => {
  await page.emulateMedia({ colorScheme: "dark" });
  const app = await show(page, "bare");
  const lit = () =>
    app.evaluate(({ stage }) => {
      const { data } = stage.renderer!.capturePixels(stage.view()!, 0.5);
      let sum = 0;
      for (let i = 0; i < data.length; i += 4) {
        if (data[i]! + data[i + 1]! + data[i + 2]! > 60) sum++;
      }
      return sum;
    });
  const dots = await lit();
  await page.keyboard.press("d");
  await expect.poll(lit).toBeGreaterThan(1.5 * dots);
  await page.keyboard.press("d");
  await expect.poll(lit).toBeGreaterThan(dots);
  await page.keyboard.press("d");
  await expect.poll(lit).toBe(dots);
});

test("names are there at the first paint, as text, and stay while the map moves", async ({
  page,
}) => {
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  const app = await show(page, "hostile");
  const first = await page.locator(".labels .label").allTextContents();
  const boxes = () =>
    app.evaluate(({ stage }) =>
      stage.labels.value.map(({ key, x, y, width, height }) => ({ key, x, y, width, height })),
    );
  const shown: string[][] = [];
  let touching = 0;
  for (let i = 0; i < 20; i++) {
    await app.evaluate(({ stage }) => {
      stage.pan(3, 1);
      return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    });
    const now = await boxes();
    shown.push(now.map(({ key }) => key).sort());
    for (const [a, one] of now.entries()) {
      for (const other of now.slice(a + 1)) {
        const wide = Math.abs(one.x - other.x) < (one.width + other.width) / 2;
        const high = Math.abs(one.y - other.y) < (one.height + other.height) / 2;
        if (wide && high) touching++;
      }
    }
  }
  const changes = shown.filter((keys, i) => i > 0 && String(keys) !== String(shown[i - 1])).length;

  expect(first.some((text) => text.startsWith("<script>alert(2)"))).toBe(true);
  expect(await page.locator(".labels script, .labels img").count()).toBe(0);
  expect(touching).toBe(0);
  expect(changes).toBeLessThanOrEqual(2);
  expect(errors).toEqual([]);
});

test("the panel draws lines to neighbours, counts them, and puts and takes names", async ({
  page,
}) => {
  const app = await show(page, "run");
  await page.keyboard.press(";");
  const panel = page.getByRole("complementary", { name: "Layers" });
  await panel.getByText("All points").click();
  await expect(panel.getByText(/11,9\d\d of 17,970/)).toBeVisible();
  const all = await app.evaluate(({ viewer }) => viewer.state.lines.of("edges")!.lines![0]!);
  await app.evaluate(({ viewer }) => viewer.state.layers.edges.set("off"));
  await expect.poll(() => app.evaluate(({ viewer }) => viewer.state.lines.of("edges"))).toBeNull();
  await app.evaluate(({ viewer }) => {
    viewer.state.layers.edges.set("selection");
    viewer.state.selection.apply(viewer.state.grouping.value!.rowsOf("=digit 7"));
  });
  await expect(panel.getByText("1,740 of 1,740")).toBeVisible();
  await panel.getByLabel("Text for the selection").fill("crossed <b>sevens</b>");
  await panel.getByRole("button", { name: "Put" }).click();
  await expect(page.locator(".labels .given")).toHaveText("crossed <b>sevens</b>");
  await page.keyboard.press("Escape");
  const label = (await app.evaluate(({ stage }) =>
    stage.labels.value.find(({ kind }) => kind === "given"),
  ))!;
  const picked = await app.evaluate(
    async ({ viewer }) => (await viewer.labels.rowsOf("crossed <b>sevens</b>"))!.count,
  );
  await panel.getByRole("button", { name: /Take the label crossed/ }).click();
  await expect(page.locator(".labels .given")).toHaveCount(0);

  expect(Object.keys(all.from).length).toBeGreaterThan(6000);
  expect(Object.keys(all.from).length).toBeLessThan(12_000);
  expect(label.width).toBeGreaterThan(40);
  expect(picked).toBe(174);
});
