import type { Page } from "@playwright/test";
import type { start } from "../src/app.js";
import type { MemoryTransport } from "../src/data/memory.js";
import type { sampleRun } from "../src/data/sample.js";
import { appOf, expect, open, ready, store, test } from "./served.js";

const cell = (page: Page, letter: string) => page.getByLabel(`Map ${letter}`, { exact: true });
const canvasOf = (page: Page, letter: string) =>
  page.locator(`section[aria-label="Map ${letter}"] canvas`).first();

/** Waits until a map beside the main one shows its frame. */
async function besideReady(page: Page, place = 0): Promise<void> {
  await page.waitForFunction((i) => {
    const { viewer } = (document.getElementById("app") as unknown as { driftglass: AppLike })
      .driftglass;
    const one = viewer.comparing.beside.value[i];
    return one?.viewer.state.status.value.kind === "ready" && one.pairing.value !== null;
  }, place);
}

/** What the gallery lends to tests. */
interface Parts {
  start: typeof start;
  MemoryTransport: typeof MemoryTransport;
  sampleRun: typeof sampleRun;
}

interface AppLike {
  viewer: {
    comparing: {
      beside: {
        value: {
          viewer: { state: { status: { value: { kind: string } } } };
          pairing: { value: object | null };
        }[];
      };
    };
  };
}

test("two maps have one selection, one pointer and one camera, and a link reopens them", async ({
  page,
  server,
}) => {
  await open(page, server);
  await page.keyboard.press("c");
  await besideReady(page);
  const app = await appOf(page);

  // Another step of the same projection, each with its own label and trust.
  await expect(cell(page, "A").first()).toContainText("200");
  await expect(page.getByRole("combobox", { name: "Step of map B" })).toContainText("0");
  await expect(page.locator('[data-part="readout"]')).toHaveCount(2);
  for (const readout of await page.locator('[data-part="readout"]').all()) {
    await expect(readout).toContainText(/T 0\.\d\d C 0\.\d\d · null 0\.\d+ · k 15/);
  }

  // Groups by what they lost between the two steps, in the vectors; a click selects one.
  await page.keyboard.press("q");
  const list = page.getByRole("list", { name: "Groups, the most moved first" });
  await expect(list.getByRole("button")).toHaveCount(3);
  await expect(list.getByRole("button").first()).toHaveAttribute(
    "title",
    /\d+ % over \d+ measured items; 95 of 100 random groups/,
  );
  await list.getByRole("button").first().click();
  expect(await app.evaluate(({ viewer }) => viewer.state.selection.count.value)).toBe(100);
  await page.keyboard.press("Escape");
  await page.keyboard.press("q");

  // A lasso in B selects the items, and A shows them.
  const box = (await canvasOf(page, "B").boundingBox())!;
  await page.keyboard.press("r");
  await page.mouse.move(box.x + 2, box.y + 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width - 2, box.y + box.height - 60, { steps: 4 });
  await page.mouse.up();
  const selected = () => app.evaluate(({ viewer }) => viewer.state.selection.count.value);
  await expect.poll(selected).toBeGreaterThan(100);
  const both = await app.evaluate(({ viewer }) => {
    const there = viewer.comparing.beside.value[0]!.viewer.state.selection.rows.value;
    return there.equals(viewer.state.selection.rows.value);
  });
  expect(both).toBe(true);
  await page.keyboard.press("Escape");
  expect(await selected()).toBe(0);
  expect(
    await app.evaluate(
      ({ viewer }) => viewer.comparing.beside.value[0]!.viewer.state.selection.count.value,
    ),
  ).toBe(0);

  // Where the pointer rests in B, the same item is marked in A.
  await page.keyboard.press("v");
  const place = await app.evaluate(({ viewer }) => {
    viewer.comparing.beside.value[0]!.viewer.state.hover.set({ row: 7, x: 10, y: 10 });
    return viewer.state.echo.value;
  });
  expect(place).toBe(7);

  // A wheel over B moves both, to the same part of either.
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.wheel(0, -600);
  const zooms = () =>
    app.evaluate(({ stage }) => {
      const camera = stage.eye.camera!;
      return stage.eye.overview(camera).state.planar.halfHeight / camera.state.planar.halfHeight;
    });
  await expect.poll(zooms).toBeGreaterThan(1.5);
  await page.keyboard.press("0");
  await expect.poll(zooms).toBeCloseTo(1, 3);

  // The address brings all of it back.
  await expect.poll(() => page.url()).toContain("beside=");
  await page.reload();
  await ready(page);
  await besideReady(page);
  const again = await appOf(page);
  expect(await again.evaluate(({ viewer }) => viewer.comparing.choices())).toMatchObject([
    { run: "moving", space: "hidden", step: 0 },
  ]);

  // Closing the last one gives the room back; both canvases had a renderer of their own.
  await page.getByRole("button", { name: "Close map B" }).click();
  await expect(page.locator("section[aria-label='Map B']")).toHaveCount(0);
  await expect(page.locator('[data-part="readout"]')).toHaveCount(0);
});

test("another run is joined by id, laid over the map, and named on the slider", async ({
  page,
  server,
}) => {
  const other = JSON.stringify(["live", "hidden", "", 20]);
  await open(page, server, `run=moving&step=20&beside=${encodeURIComponent(other)}`);
  await besideReady(page);
  const app = await appOf(page);
  await expect(page.locator('[data-part="readout"]').nth(1)).toContainText("300 of 300 items");

  const joined = await app.evaluate(async ({ viewer, client }) => {
    const beside = viewer.comparing.beside.value[0]!;
    const row = 123;
    const there = beside.pairing.value!.beside(row)!;
    const [mine, theirs] = await Promise.all([
      client.item("moving", row, 20),
      client.item("live", there, 20),
    ]);
    viewer.state.focus.set(row);
    return { same: mine.id === theirs.id, focus: beside.viewer.state.focus.value === there };
  });
  expect(joined).toEqual({ same: true, focus: true });

  // Neighbours are those of both runs. The vectors of these two are the same at this step.
  await expect(page.locator('[data-part="shared"]')).toContainText(/both 15/);

  await page.keyboard.press("z");
  const slider = page.getByRole("slider", { name: "From map A to map B" });
  await expect(page.locator('[data-part="overlay"]')).toContainText(/of the spread remains/);
  await expect(page.getByLabel("Map B laid over map A")).toContainText("moving · hidden");
  await expect(page.getByLabel("Map B laid over map A")).toContainText("live · hidden");
  await slider.fill("0.5");
  await expect(page.locator('[data-part="overlay"]')).toContainText("interpolated");
  const drawn = await app.evaluate(({ stage }) => {
    const view = stage.view()!;
    return { mix: view.mix, stars: stage.blend!.stars!.rows.length };
  });
  expect(drawn.mix).toBe(0.5);
  expect(drawn.stars).toBeGreaterThan(0);
  await page.getByRole("button", { name: "Back to map A alone" }).click();
  await expect(slider).toBeHidden();
});

test("small maps show every kept map, and a grid is made only when asked for", async ({
  page,
  server,
  folder,
}) => {
  // A run of its own: the map that is shown last is what other tests would open with.
  await store("again", folder, "small");
  await open(page, server, "run=small");
  const jobs = () =>
    page.evaluate(async () => ((await (await fetch("./api/jobs")).json()) as object[]).length);
  const before = await jobs();
  await page.keyboard.press("j");
  const small = page.getByLabel("Small maps", { exact: true });
  await expect(small.locator("canvas").first()).toBeVisible();
  await small.getByLabel("Method").selectOption("pca");
  await small.getByRole("textbox", { name: "Seeds" }).fill("0, 1");
  await small.getByRole("button", { name: "Lay out the grid" }).click();
  const make = small.getByRole("button", { name: /^Make 1 map · / });
  await expect(make).toBeVisible();
  await expect(small).toContainText("not made");
  expect(await jobs()).toBe(before);

  await small.getByRole("textbox", { name: "Seeds" }).fill("0, x");
  await small.getByRole("button", { name: "Lay out the grid" }).click();
  await expect(small.getByRole("alert")).toContainText("not “x”");
  await make.click();
  const made = small.locator('[data-map*="1]"] canvas');
  await expect(made).toBeVisible({ timeout: 30_000 });
  await expect(small.locator('[data-map*="1]"]')).toContainText(/T 0\.\d\d/);
  await small.locator('[data-map*="1]"]').getByRole("button", { name: "Show seed 1" }).click();
  await expect(small).toBeHidden();
  const app = await appOf(page);
  expect(
    await app.evaluate(({ viewer }) => viewer.session.projections.recipe.value.random_state),
  ).toBe(1);
});

test("two runs are compared when asked for and put into one frame", async ({ page, server }) => {
  await open(page, server, "run=moving");
  await page.keyboard.press("q");
  await page.getByRole("combobox", { name: "Run to compare with" }).click();
  await page.getByRole("option", { name: "live" }).click();
  const compare = page.getByRole("button", { name: /Compare the vectors · / });
  const numbers = page.locator('[data-part="compared"]');
  await compare.click();
  await expect(numbers).toContainText("CKA", { timeout: 30_000 });
  await expect(numbers).toContainText("1.00");
  await expect(page.getByLabel(/CKA of every step of moving/)).toBeVisible();

  await page.getByRole("button", { name: /Both in one frame · / }).click();
  const opened = page.getByRole("button", { name: "Open it, coloured by run" });
  await expect(opened).toBeVisible({ timeout: 30_000 });
  await opened.click();
  const app = await appOf(page);
  await expect
    .poll(() =>
      app.evaluate(({ viewer }) => [
        viewer.state.run.value!.n_items,
        viewer.state.coloring.value,
        viewer.state.grouping.value?.groups.map((group) => group.name),
      ]),
    )
    .toEqual([600, { by: "column", name: "run" }, ["live", "moving"]]);
  await ready(page);
});

test("a narrow window shows one map at a time", async ({ page, server }) => {
  await page.setViewportSize({ width: 480, height: 800 });
  await open(page, server);
  await page.keyboard.press("c");
  await besideReady(page);
  await expect(canvasOf(page, "A")).toBeVisible();
  await expect(canvasOf(page, "B")).toBeHidden();
  await page.getByRole("tab", { name: "B" }).click();

  await expect(canvasOf(page, "B")).toBeVisible();
  await expect(canvasOf(page, "A")).toBeHidden();
});

test("two viewers on one page keep their maps and selections apart", async ({ page }) => {
  await page.goto("/gallery.html?show=bare");
  await page.waitForFunction(
    () =>
      (document.getElementById("app") as unknown as { driftglass?: { viewer: object } }).driftglass,
  );
  const told = await page.evaluate(async () => {
    const first = document.getElementById("app")!;
    const { start, MemoryTransport, sampleRun } = (first as unknown as { parts: Parts }).parts;
    const second = document.createElement("div");
    first.style.cssText = "position:fixed;inset:0 50% 0 0";
    second.style.cssText = "position:fixed;inset:0 0 0 50%";
    document.body.append(second);
    const run = sampleRun({ name: "other", n: 500, tile: null });
    const apps = [
      (first as unknown as { driftglass: ReturnType<typeof start> }).driftglass,
      start(second, new MemoryTransport([run])),
    ];
    const drawn = () =>
      apps.every(
        ({ viewer }) =>
          viewer.state.status.value.kind === "ready" && viewer.state.shown.value.drawn > 0,
      );
    while (!drawn()) await new Promise((next) => requestAnimationFrame(next));
    const [a, b] = apps as [(typeof apps)[0], (typeof apps)[0]];
    b.viewer.state.selection.pick(3);
    a.stage.renderer!.loseContext();
    await new Promise((next) => requestAnimationFrame(next));
    // A map that is there has pixels unlike its background, whatever became of the other.
    const pixels = b.stage.renderer!.capturePixels(b.stage.view()!, 1).data;
    let lit = 0;
    for (let at = 0; at < pixels.length; at += 4) {
      if (pixels[at]! + pixels[at + 1]! + pixels[at + 2]! > 120) lit++;
    }
    return {
      lit,
      items: apps.map(({ viewer }) => viewer.state.run.value!.n_items),
      selected: apps.map(({ viewer }) => viewer.state.selection.count.value),
      losses: apps.map(({ stage }) => stage.renderer!.stats().losses),
    };
  });

  expect(told.lit).toBeGreaterThan(200);
  expect(told).toMatchObject({ items: [1797, 500], selected: [0, 1], losses: [1, 0] });
});
