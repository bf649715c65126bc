import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import { appOf, expect, ready, test } from "./served.js";

/** Makes a view in which everything that can be chosen is not as it usually is. */
async function arrange(page: Page): Promise<void> {
  await (
    await appOf(page)
  ).evaluate(async ({ viewer }) => {
    const { state } = viewer;
    const run = state.run.value!;
    state.timeline.seek(300);
    state.timeline.settle();
    state.coloring.set({ by: "column", name: "difficulty" });
    state.lanes.choose(["scalar:loss"]);
    await viewer.finder.restrict("difficulty < 0.9");
    await viewer.crossFilter.add(run.columns.find((column) => column.name === "tags")!);
    viewer.crossFilter.toggle("tags", 1);
    viewer.crossFilter.setMode("tags", "all");
    const some = Array.from({ length: 400 }, (_, i) => i);
    for (const row of some) state.selection.pick(row, "add");
    state.filter.isolate(state.selection.rows.value);
    viewer.neighbors.drawn.set(false);
    viewer.torn.shown.set(true);
    viewer.table.open.set(true);
    viewer.table.tab.set("columns");
    viewer.map.zoomCentre(2);
  });
}

const addressOf = async (page: Page) =>
  (await appOf(page)).evaluate(({ viewer }) => viewer.views.address());
const situationOf = async (page: Page) =>
  (await appOf(page)).evaluate(({ viewer: { state, crossFilter, finder, table } }) => ({
    selected: state.selection.count.value,
    hidden: state.filter.hidden.value?.count ?? 0,
    conditions: finder.conditions.value,
    charts: crossFilter.charts.value.map(({ info, labels, mode }) => [info.name, labels, mode]),
    lanes: state.lanes.chosen.value,
    tab: table.open.value ? table.tab.value : null,
  }));

test("a link reopens the view, filters, charts and lanes included", async ({ page }) => {
  await page.goto("/gallery.html?show=run");
  await ready(page);
  await arrange(page);
  const app = await appOf(page);
  await app.evaluate(({ viewer }) => viewer.state.filter.isolate(null));
  // One that the filters leave in sight; what is hidden is not selected.
  await app.evaluate(({ viewer: { state } }) =>
    state.selection.pick(state.selection.rows.value.rows[0]!, "replace"),
  );
  const [address, before] = [await addressOf(page), await situationOf(page)];
  await page.goto("about:blank");
  await page.goto(`/gallery.html?show=run#${address}`);
  await ready(page);

  expect(address).toContain("chart=");
  await expect.poll(() => situationOf(page)).toEqual(before);
  expect(await addressOf(page)).toBe(address);
  await expect(page.getByText("Not all of this view")).toHaveCount(0);
});

test("a kept view and a file of it reopen more than a link can hold", async ({ page }) => {
  await page.goto("/gallery.html?show=run");
  await ready(page);
  await arrange(page);
  const before = await situationOf(page);
  await page.keyboard.press("k");
  await page.getByLabel("Name of the view").fill("the odd corner");
  await page.keyboard.press("Enter");
  const kept = page.getByRole("list", { name: "Kept views" }).getByRole("button").first();
  await expect(kept).toContainText(/ [2-9]\d items selected/);
  await expect(kept.locator("img")).toHaveJSProperty("complete", true);
  const waiting = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save file" }).click();
  const file = await (await waiting).path();
  await page.keyboard.press("Escape");
  await (
    await appOf(page)
  ).evaluate(({ viewer }) => {
    viewer.state.filter.clear();
    viewer.state.lanes.choose(null);
    viewer.table.open.set(false);
  });
  await kept.click();

  await expect.poll(() => situationOf(page)).toEqual(before);
  await page.goto("about:blank");
  await page.goto("/gallery.html?show=saved");
  await ready(page);
  await page.getByLabel("File of a view").setInputFiles(file);
  await expect.poll(() => situationOf(page)).toEqual(before);
  await expect(page.getByText(/^Opened/)).toBeVisible();

  const text = readFileSync(file, "utf8");
  const view = JSON.parse(text) as { address: string; version: number; selection: unknown };
  const alert = page.getByRole("alert").last();
  const give = (content: string) =>
    page.getByLabel("File of a view").setInputFiles({
      name: "x.json",
      mimeType: "application/json",
      buffer: Buffer.from(content),
    });
  for (const [content, said] of [
    ["<script>", "not JSON"],
    ["[1]", "does not say that it is"],
    [JSON.stringify({ ...view, version: 99 }), "version 99"],
    [JSON.stringify({ ...view, selection: { order: 1 } }), "selection in the file cannot be read"],
    [JSON.stringify({ ...view, address: "run=elsewhere" }), "run “elsewhere”, which is not here"],
  ] as const) {
    await give(content);
    await expect(alert).toContainText(said);
  }
  const stale = view.address
    .replace(/step=\d+/, "step=77777")
    .replace(/where=[^&]*/, "where=nonsense");
  const selection = { order: "another", bits: "AAAA" };
  await give(JSON.stringify({ ...view, address: stale, selection }));
  const notes = page.getByRole("status").filter({ hasText: "Not all of this view" });
  await expect(notes).toContainText("no step 77,777");
  await expect(notes).toContainText("rows of this run have changed");
  await expect(notes).toContainText("The condition “nonsense” was left out");
});

test("the palette finds commands, colours, steps and views by a few letters", async ({ page }) => {
  await page.goto("/gallery.html?show=saved");
  await ready(page);
  const app = await appOf(page);
  await page.keyboard.press("Control+k");
  const field = page.getByRole("combobox", { name: /Find a command/ });
  await expect(field).toBeFocused();
  await field.fill("diff");
  await expect(page.getByRole("dialog").getByRole("option", { selected: true })).toContainText(
    "difficulty",
  );
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog", { name: "Commands" })).toBeHidden();
  const colored = await app.evaluate(({ viewer }) => viewer.state.coloring.value);
  await page.keyboard.press("Control+k");
  await field.fill("150");
  await page.keyboard.press("Enter");
  const step = await app.evaluate(({ viewer }) => viewer.state.timeline.step.value);
  await page.keyboard.press("Control+k");
  await field.fill("all of digit 5");
  await page.keyboard.press("Enter");
  await expect
    .poll(() => app.evaluate(({ viewer }) => viewer.state.selection.count.value))
    .toBeGreaterThan(50);
  await page.keyboard.press("Control+k");
  await field.fill("zzzz");
  await expect(page.getByText("Nothing has a name")).toBeVisible();
  await page.keyboard.press("Escape");

  expect(colored).toEqual({ by: "column", name: "difficulty" });
  expect(step).toBe(150);
  await expect(field).toBeHidden();
});
