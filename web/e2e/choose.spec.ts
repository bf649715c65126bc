import type { Page } from "@playwright/test";
import { appOf, expect, open, ready, store, test } from "./served.js";

const N = 300;

test.beforeAll(async ({ folder }) => {
  await store("again", folder, "choose");
});

const selected = async (page: Page) =>
  (await appOf(page)).evaluate(({ viewer }) => [...viewer.state.selection.rows.value.rows]);

/** Screen places of all rows that are in sight, by row. */
async function places(page: Page): Promise<Map<number, [number, number]>> {
  const box = (await page.locator("canvas").first().boundingBox())!;
  const found = await (
    await appOf(page)
  ).evaluate(({ stage, viewer }) => {
    const { state } = viewer;
    const { eye } = stage;
    const frame = viewer.session.projections
      .framesOf(state.shownFit.value)
      .get(state.timeline.step.value!)!;
    const { matrix: m, planarFrame } = eye.camera!.toUniforms(eye.viewport, 0);
    const hidden = state.filter.hidden.value;
    const rows: [number, number, number][] = [];
    for (let row = 0; row < state.run.value!.n_items; row++) {
      const [x, y] = [frame.coordinates[2 * row]!, frame.coordinates[2 * row + 1]!].map(
        (value, d) => (value - planarFrame.center[d]!) * planarFrame.scale,
      ) as [number, number];
      if (!Number.isFinite(x + y) || hidden?.has(row)) continue;
      const across = m[0]! * x + m[4]! * y + m[12]!;
      const up = m[1]! * x + m[5]! * y + m[13]!;
      rows.push([
        row,
        ((across + 1) / 2) * eye.viewport.width,
        ((1 - up) / 2) * eye.viewport.height,
      ]);
    }
    return rows;
  });
  return new Map(found.map(([row, x, y]) => [row, [box.x + x, box.y + y]]));
}

async function drag(page: Page, ...points: [number, number][]): Promise<void> {
  await page.mouse.move(...points[0]!);
  await page.mouse.down();
  for (const point of points.slice(1)) await page.mouse.move(...point, { steps: 6 });
  await page.mouse.up();
}

test("the brush selects what it passes, and nothing that is hidden", async ({ page, server }) => {
  await open(page, server, "run=choose");
  await page.keyboard.press("[");
  await (await appOf(page)).evaluate(({ viewer }) => viewer.state.legendOpen.set(false));
  await ready(page);
  const before = await places(page);
  const [[x, y]] = [[...before.values()][0]!];
  await page.keyboard.press("b");
  await drag(page, [x - 60, y], [x + 60, y]);

  const near = (limit: number) =>
    [...before].filter(([, [px, py]]) => {
      const across = Math.max(0, Math.abs(px - x) - 60);
      return Math.hypot(across, py - y) < limit;
    });
  await expect.poll(async () => (await selected(page)).length).toBeGreaterThan(0);
  const caught = await selected(page);
  for (const [row] of near(22)) expect(caught).toContain(row);
  expect(caught.every((row) => near(26).some(([one]) => one === row))).toBe(true);

  // The same stroke over an isolated part catches only what is in sight.
  await page.keyboard.press("Escape");
  const app = await appOf(page);
  const kept = caught.slice(0, 3);
  await app.evaluate(({ viewer }, some) => {
    const { filter, selection } = viewer.state;
    const set = selection.rows.value;
    const one = (set.constructor as unknown as { of(n: number, r: number[]): typeof set }).of(
      set.size,
      some,
    );
    filter.isolate(one);
  }, kept);
  await ready(page);
  await drag(page, [x - 60, y], [x + 60, y]);
  await expect.poll(() => selected(page)).toEqual([...kept].sort((a, b) => a - b));
});

test("shift adds, alt takes away, undo and redo walk through all of it", async ({
  page,
  server,
}) => {
  await open(page, server, "run=choose");
  const map = (await page.locator("canvas").first().boundingBox())!;
  await page.keyboard.press("r");
  const corner = (x: number, y: number): [number, number] => [
    map.x + x * map.width,
    map.y + y * map.height,
  ];
  await drag(page, corner(0.35, 0.02), corner(0.98, 0.98));
  await expect.poll(async () => (await selected(page)).length).toBeGreaterThan(100);
  const all = await selected(page);
  await page.keyboard.down("Alt");
  await drag(page, corner(0.35, 0.02), corner(0.98, 0.5));
  await page.keyboard.up("Alt");
  await expect.poll(async () => (await selected(page)).length).toBeLessThan(all.length);
  const lower = await selected(page);
  await page.keyboard.down("Shift");
  await drag(page, corner(0.35, 0.02), corner(0.98, 0.5));
  await page.keyboard.up("Shift");
  await expect.poll(() => selected(page)).toEqual(all);

  await page.keyboard.press("Control+z");
  expect(await selected(page)).toEqual(lower);
  await page.keyboard.press("Control+z");
  expect(await selected(page)).toEqual(all);
  await page.keyboard.press("Control+Shift+z");
  expect(await selected(page)).toEqual(lower);
  await page.keyboard.press("i");
  const inverted = await selected(page);
  expect(inverted.filter((row) => lower.includes(row))).toEqual([]);
  expect(inverted.length + lower.length).toBe(N);
});

test("in 3D the lasso can leave out what is hidden behind others", async ({ page, server }) => {
  await open(page, server, "run=choose&dim=3");
  await ready(page);
  const map = (await page.locator("canvas").first().boundingBox())!;
  const outline: [number, number][] = [
    [map.x + 280, map.y + 4],
    [map.x + map.width - 6, map.y + 4],
    [map.x + map.width - 6, map.y + map.height - 6],
    [map.x + 280, map.y + map.height - 6],
  ];
  await page.keyboard.press("l");
  await drag(page, ...outline);
  await expect.poll(async () => (await selected(page)).length).toBeGreaterThan(50);
  const all = await selected(page);
  await page.getByRole("button", { name: "Catch only what nothing hides" }).click();
  // Larger dots hide more of each other.
  await page.mouse.move(map.x + map.width / 2, map.y + map.height / 2);
  for (let i = 0; i < 10; i++) await page.mouse.wheel(0, 200);
  await ready(page);
  await page.keyboard.press("Escape");
  await ready(page);
  const seen = await (
    await appOf(page)
  ).evaluate(async ({ stage }) => [...(await stage.renderer!.rowsInSight(stage.view()!))]);
  await drag(page, ...outline);

  await expect.poll(async () => (await selected(page)).length).toBeGreaterThan(0);
  const front = await selected(page);
  expect(front.length).toBeLessThan(all.length);
  expect(front.every((row) => seen.includes(row))).toBe(true);
});

test("a selection is saved under a name and read back by id", async ({ page, server }) => {
  await open(page, server, "run=choose");
  const app = await appOf(page);
  await page
    .getByLabel("Legend", { exact: true })
    .getByRole("button", { name: "bee" })
    .last()
    .click();
  const bees = await selected(page);
  expect(bees.length).toBeGreaterThan(50);
  await page.keyboard.press("k");
  await page.getByLabel("Name of the selection").fill("alle Bienen 🐝");
  await page.keyboard.press("Enter");
  const list = page.getByRole("list", { name: "Kept selections" });
  await expect(list.getByRole("button", { name: /^alle Bienen 🐝/ })).toContainText(
    String(bees.length),
  );

  const ids = await app.evaluate(({ viewer }, rows) => viewer.items.ids(rows), bees.slice(0, 5));
  expect(ids.every((id) => Number(String(id).slice(5)) % 3 === 1)).toBe(true);
  await page.reload();
  await ready(page);
  await page.keyboard.press("Escape");
  await page.keyboard.press("k");
  await list.getByRole("button", { name: /^alle Bienen 🐝/ }).click();
  await expect.poll(() => selected(page)).toEqual(bees);
  await page.getByRole("button", { name: "Delete alle Bienen 🐝" }).click();
  await expect(page.getByText("None yet.")).toBeVisible();
});

test("isolating hides the rest and finds the way back", async ({ page, server }) => {
  await open(page, server, "run=choose");
  await page
    .getByLabel("Legend", { exact: true })
    .getByRole("button", { name: "bee" })
    .last()
    .click();
  const bees = await selected(page);
  await page.keyboard.press("h");
  await expect(page.locator('[data-part="points"]')).toContainText(`${N - bees.length} hidden`);
  await page.keyboard.press("i");
  expect(await selected(page)).toEqual([]); // what is hidden cannot be meant
  await page.keyboard.press("h");

  await expect(page.locator('[data-part="points"]')).not.toContainText("hidden");
});
