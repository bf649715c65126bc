import type { Page } from "@playwright/test";
import { arrayNamed, decode } from "../src/data/wire.js";
import { appOf, expect, open, ready, store, test, type Server } from "./served.js";

const STEPS = [0, 10, 20, 50, 100, 200];
const N = 300;
const MARKUP = '<img src="https://example.invalid/x.png" onerror="alert(1)">';

/** Coordinates of a step as the server sends them, fetched without the viewer's own client. */
async function served(page: Page, server: Server, run: string, components: 2 | 3, step: number) {
  const root = `http://127.0.0.1:${server.port}/api/runs/${run}`;
  const query = `space=hidden&method=pca&n_components=${components}&basis=all`;
  const info = await (await page.request.get(`${root}/projection?${query}`)).json();
  const answer = await page.request.get(`${root}/frames?projection=${info.key}&step=${step}`);
  const body = await answer.body();
  const bytes = body.buffer.slice(body.byteOffset, body.byteOffset + body.byteLength);
  return arrayNamed(decode(bytes as ArrayBuffer), "coordinates", Float32Array);
}

/** Positions of every row of a step as they lie on the GPU. */
async function onGpu(page: Page, fit: "planar" | "spatial", step: number): Promise<number[]> {
  const app = await appOf(page);
  return app.evaluate(
    ({ stage }, [fit, step, n]) => {
      const rows = Uint32Array.from({ length: n }, (_, row) => row);
      return [...stage.renderer!.readPositions(stage.keyOf(step), fit, rows)];
    },
    [fit, step, N] as const,
  );
}

const status = (page: Page, part: string) => page.locator(`[data-part="${part}"]`);

test("scrubbing shows exactly the snapshot of that step, in both fits", async ({
  page,
  server,
}) => {
  await open(page, server);
  for (const [key, components, fit] of [
    ["2", 2, "planar"],
    ["3", 3, "spatial"],
  ] as const) {
    await page.keyboard.press(key);
    await page.keyboard.press("Home");
    for (const step of STEPS) {
      await expect(status(page, "step")).toHaveText(`step ${step}`);
      await ready(page);
      const app = await appOf(page);
      const view = await app.evaluate(({ stage }) => {
        const { from, to, mix } = stage.view()!;
        return { from, to, mix };
      });
      const key = await app.evaluate(({ stage }, step) => stage.keyOf(step), step);

      expect(view).toEqual({ from: key, to: key, mix: 0 });
      expect(await onGpu(page, fit, step)).toEqual([
        ...(await served(page, server, "moving", components, step)),
      ]);
      await page.keyboard.press("ArrowRight");
    }
  }
});

test("dragging the playhead passes between snapshots and settles on one", async ({
  page,
  server,
}) => {
  await open(page, server);
  const track = page.getByRole("slider", { name: "Training step" });
  const box = (await track.boundingBox())!;
  const at = (step: number) => box.x + (box.width * step) / 200;
  await page.mouse.move(at(200), box.y + 17);
  await page.mouse.down();
  await page.mouse.move(at(150), box.y + 17, { steps: 5 });
  await expect(status(page, "step")).toContainText("between 100 and 200");
  await page.mouse.move(at(112), box.y + 17);
  await page.mouse.up();

  await expect(status(page, "step")).toHaveText("step 100");
  await expect(track).toHaveAttribute("aria-valuenow", "100");
});

test("playing passes every step at constant speed and stops at the end", async ({
  page,
  server,
}) => {
  await open(page, server);
  const app = await appOf(page);
  await app.evaluate(({ viewer }) => {
    const { position, playing } = viewer.state.timeline;
    const seen: [number, number][] = [];
    Object.assign(globalThis, { seen });
    position.subscribe((value) => playing.value && seen.push([performance.now(), value]));
    viewer.state.timeline.speed.set(4);
  });
  await page.keyboard.press("Space");
  await expect(page.getByRole("button", { name: "Pause" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Play training" })).toBeVisible();
  const seen = await page.evaluate(() => (globalThis as unknown as { seen: number[][] }).seen);
  const middle = seen.filter(([, position]) => position! > 20 && position! < 180);
  const [first, last] = [middle[0]!, middle.at(-1)!];
  const half = middle[Math.floor(middle.length / 2)]!;
  const speed = (a: number[], b: number[]) => (b[1]! - a[1]!) / (b[0]! - a[0]!);

  expect(middle.length).toBeGreaterThan(5);
  expect(speed(first, half) / speed(half, last)).toBeGreaterThan(0.8);
  expect(speed(first, half) / speed(half, last)).toBeLessThan(1.25);
  await expect(status(page, "step")).toHaveText("step 200");
});

test("twenty turns between 2D and 3D change no stored coordinate", async ({ page, server }) => {
  await open(page, server);
  await page.keyboard.press("3");
  await ready(page);
  const before = [await onGpu(page, "planar", 200), await onGpu(page, "spatial", 200)];
  for (let turn = 0; turn < 20; turn++) {
    const dimensions = turn % 2 === 0 ? 2 : 3;
    await page.keyboard.press(String(dimensions));
    await ready(page);
    await expect(status(page, "projection")).toContainText(`${dimensions}D`);
  }

  expect(before[0]!.filter(Number.isFinite)).toHaveLength(2 * (N - 2));
  expect([await onGpu(page, "planar", 200), await onGpu(page, "spatial", 200)]).toEqual(before);
});

for (const dimensions of [2, 3] as const) {
  test(`the point under the pointer is the one drawn there, in ${dimensions}D`, async ({
    page,
    server,
  }) => {
    // Dots alone: an image would be in front of some of them.
    await open(page, server, `run=moving&dim=${dimensions}&images=off`);
    const app = await appOf(page);
    const places = await app.evaluate(async ({ stage }, dimensions) => {
      const view = stage.view()!;
      const rows = Uint32Array.from({ length: 300 }, (_, row) => row);
      const fit = dimensions === 2 ? "planar" : "spatial";
      const positions = stage.renderer!.readPositions(view.from, fit, rows);
      const all = [...rows].map((row) => {
        const position = positions.subarray(row * dimensions, (row + 1) * dimensions);
        return { row, ...view.camera.project(position, stage.eye.viewport, view.depth) };
      });
      // Only points with nothing else near them can be meant without doubt.
      const alone = all.filter(
        ({ row, x, y }) =>
          Number.isFinite(x) &&
          x > 300 &&
          x < stage.eye.viewport.width - 40 &&
          y > 20 &&
          all.every((other) => other.row === row || !(Math.hypot(other.x - x, other.y - y) <= 10)),
      );
      return alone.slice(0, 12);
    }, dimensions);
    const ids = (
      await (await page.request.get(`http://127.0.0.1:${server.port}/api/runs/moving/ids`)).json()
    ).ids as string[];
    const canvas = (await page.locator("canvas").first().boundingBox())!;

    expect(places.length).toBeGreaterThan(3);
    for (const { row, x, y } of places) {
      await page.mouse.move(canvas.x + x, canvas.y + y);
      await expect(page.getByRole("tooltip")).toContainText(ids[row]!);
      await page.mouse.click(canvas.x + x, canvas.y + y);
      const details = page.getByRole("region", { name: "Details", exact: true });
      await expect(details.locator(".id")).toHaveText(ids[row]!);
      await page.mouse.move(canvas.x + 4, canvas.y + 400);
      await expect(page.getByRole("tooltip")).toBeHidden();
    }
  });
}

test("hidden points are not lassoed", async ({ page, server }) => {
  await open(page, server);
  const canvas = (await page.locator("canvas").first().boundingBox())!;
  const around = async () => {
    const [left, right, top, bottom] = [4, canvas.width - 4, 4, canvas.height - 4];
    // Begins below the legend, which keeps its own clicks.
    await page.mouse.move(canvas.x + left, canvas.y + bottom);
    await page.mouse.down();
    for (const [x, y] of [
      [left, top],
      [right, top],
      [right, bottom],
      [left, bottom],
    ]) {
      await page.mouse.move(canvas.x + x!, canvas.y + y!, { steps: 6 });
    }
    await page.mouse.up();
  };
  await page.keyboard.press("l");
  await around();
  await expect(page.locator(".selected")).toHaveText("298 selected");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Hide bee" }).click();
  await page.mouse.move(canvas.x + 400, canvas.y + 300);
  await around();
  // One of the hidden hundred had no position to begin with.
  await expect(page.locator(".selected")).toHaveText("199 selected");
  const bees = await (
    await appOf(page)
  ).evaluate(({ viewer }) => {
    const { grouping, selection } = viewer.state;
    return grouping.value!.rowsOf("=bee").intersect(selection.rows.value).count;
  });

  expect(bees).toBe(0);
  await expect(status(page, "points")).toContainText("100 hidden");
});

test("a rectangle selects, Shift adds, Alt takes away, and all of it is undone", async ({
  page,
  server,
}) => {
  await open(page, server);
  const canvas = (await page.locator("canvas").first().boundingBox())!;
  const drag = async (x0: number, y0: number, x1: number, y1: number) => {
    await page.mouse.move(canvas.x + x0, canvas.y + y0);
    await page.mouse.down();
    await page.mouse.move(canvas.x + x1, canvas.y + y1, { steps: 8 });
    await page.mouse.up();
  };
  const right = canvas.width - 2;
  const bottom = canvas.height - 2;
  const count = async () =>
    (await appOf(page)).evaluate(({ viewer }) => viewer.state.selection.count.value);
  await page.keyboard.press("r");
  await drag(270, 2, right, bottom / 2);
  await expect.poll(count).toBeGreaterThan(20);
  const upper = await count();
  await page.keyboard.down("Shift");
  await drag(270, bottom / 2, right, bottom);
  await page.keyboard.up("Shift");
  await expect.poll(count).toBeGreaterThan(upper);
  const all = await count();
  await page.keyboard.down("Alt");
  await drag(270, 2, right, bottom / 2);
  await page.keyboard.up("Alt");
  await expect.poll(count).toBeLessThan(all);

  for (const expected of [all, upper, 0]) {
    await page.keyboard.press("Control+z");
    expect(await count()).toBe(expected);
  }
  await page.keyboard.press("i");
  expect(await count()).toBe(N);
});

test("a label with markup draws as text", async ({ page, server, misdeeds }) => {
  await open(page, server);
  await expect(page.getByLabel("Legend").getByText(MARKUP, { exact: true })).toBeVisible();
  await expect(page.locator(".labels .label", { hasText: "<img src=" })).toBeVisible();
  await page.getByLabel("Legend").getByText(MARKUP, { exact: true }).click();
  await expect(page.locator(".selected")).toHaveText("100 selected");
  await page.getByLabel("Images of the first").getByRole("button").first().click();
  await expect(
    page.getByLabel("Inspector").getByText(/<script>alert\(\d+\)<\/script>/),
  ).toBeVisible();

  expect(await page.locator("img, script:not([src])").count()).toBe(0);
  expect(misdeeds.dialogs).toEqual([]);
});

test("a lost graphics context comes back with the identical picture", async ({ page, server }) => {
  // Images come again in an order of their own, which may change a pixel by one level.
  await open(page, server, "run=moving&images=off");
  const canvas = page.locator("canvas").first();
  await page.mouse.move(2, 300);
  // Names on the map take a moment to fade in.
  await page.waitForTimeout(400);
  const before = await canvas.screenshot();
  const app = await appOf(page);
  await app.evaluate(({ stage }) => stage.renderer!.loseContext());
  await app.evaluate(({ stage }) => stage.renderer!.restoreContext());
  await expect.poll(() => app.evaluate(({ stage }) => stage.renderer!.stats().losses)).toBe(1);

  await expect.poll(async () => before.equals(await canvas.screenshot())).toBe(true);
});

test("a snapshot logged by another process appears within two seconds", async ({
  page,
  server,
  folder,
}) => {
  await open(page, server, "run=live");
  const track = page.getByRole("slider", { name: "Training step" });
  await expect(track).toHaveAttribute("aria-valuemax", "20");
  for (const step of [30, 40]) {
    const when = (state: string) =>
      track
        .and(page.locator(state))
        .waitFor()
        .then(() => Date.now() / 1000);
    const [logged, shown] = [when(`[data-logged="${step}"]`), when(`[aria-valuemax="${step}"]`)];
    const committed = Number(await store("log", folder, "live", String(step)));
    const seconds = [(await logged) - committed, (await shown) - committed] as const;

    // Its mark is there at once. Its map needs a process to project it, and the first snapshot
    // has to wait until that process has started.
    expect(seconds[0]).toBeLessThan(2);
    expect(seconds[1]).toBeLessThan(step === 30 ? 6 : 2);
    // The playhead stood at the end, so it follows; and what it shows is what was logged.
    await expect(status(page, "step")).toHaveText(`step ${step}`);
    await ready(page);
    const gpu = await onGpu(page, "planar", step);
    expect(gpu).toEqual([...(await served(page, server, "live", 2, step))]);
    test.info().annotations.push({
      type: "seconds",
      description: seconds.map((s) => s.toFixed(2)).join(" "),
    });
  }
});

test("rows that are not finite are counted and listed", async ({ page, server }) => {
  await open(page, server);
  await expect(status(page, "points")).toContainText("298 of 300 points");
  await expect(status(page, "points")).toContainText("2 without a position");
  await page.getByRole("button", { name: "List them" }).click();
  const ids = page.locator(".absent button");

  await expect(ids).toHaveCount(2);
  expect((await ids.allInnerTexts()).sort()).toEqual(["item-004", "item-009"]);
});
