import type { Page } from "@playwright/test";
import { appOf, expect, open, ready, store, test } from "./served.js";

const N = 300;

test.beforeAll(async ({ folder }) => {
  await store("again", folder, "search");
});

const selected = async (page: Page) =>
  (await appOf(page)).evaluate(async ({ viewer }) =>
    viewer.items.ids([...viewer.state.selection.rows.value.rows]),
  );
const points = (page: Page) => page.locator('[data-part="points"]');

test("a text is found where it stands, and selected", async ({ page, server }) => {
  await open(page, server, "run=search");
  await page.keyboard.press("/");
  await page.keyboard.type("NOTE 29");

  const hits = page.getByRole("list", { name: "Found items" });
  await expect(page.getByRole("complementary")).toBeTruthy();
  await expect(page.getByText("11 found")).toBeVisible(); // 29, 290 to 299
  await expect(hits.getByRole("button")).toHaveCount(11);
  await page.getByRole("button", { name: "Select", exact: true }).click();
  const ids = await selected(page);
  expect([...ids].sort()).toEqual(
    [29, ...Array.from({ length: 10 }, (_, i) => 290 + i)].map(
      (row) => `item-${String(row).padStart(3, "0")}`,
    ),
  );
  await hits.getByRole("button", { name: "item-029" }).click();
  await expect(page.getByRole("complementary", { name: "Inspector" })).toContainText("item-029");

  // Escape empties the field, then leaves it for the map; what is selected stays.
  const field = page.getByLabel("Search for");
  await field.focus();
  await page.keyboard.press("Escape");
  await expect(field).toHaveValue("");
  await expect(field).toBeFocused();
  await expect(page.getByText("11 found")).toBeHidden();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("application").first()).toBeFocused();
  expect(await selected(page)).toHaveLength(11);
  await page.keyboard.press("Escape");
  expect(await selected(page)).toHaveLength(0);
});

test("markup that is searched for stays text", async ({ page, server }) => {
  await open(page, server, "run=search");
  await page.keyboard.press("/");
  await page.keyboard.type("<script>alert(7)");

  await expect(page.getByText("1 found")).toBeVisible();
  await expect(page.getByText("“<script>alert(7)”")).toBeVisible();
});

test("a regular expression finds, and one that cannot be says why", async ({ page, server }) => {
  await open(page, server, "run=search");
  await page.keyboard.press("/");
  await page.getByRole("combobox", { name: "Search by" }).click();
  await page.getByRole("option", { name: "regular expression" }).click();
  await page.getByRole("combobox", { name: "Search in" }).click();
  await page.getByRole("option", { name: "id", exact: true }).click();
  await page.getByLabel("Search for").fill("^item-0[12]\\d$");
  await expect(page.getByText("20 found")).toBeVisible();
  await page.getByLabel("Search for").fill("(");

  await expect(page.getByText("The regular expression cannot be read")).toBeVisible();
});

test("a meaning is looked for on Enter, by the function that was given, the nearest first", async ({
  page,
}) => {
  await page.goto("/gallery.html?show=run");
  await ready(page);
  await page.keyboard.press("/");
  await page.getByRole("combobox", { name: "Search by" }).click();
  await page.getByRole("option", { name: "meaning" }).click();
  await page.getByLabel("Search for").fill("a round one");
  const hits = page.getByRole("list", { name: "Found items" }).getByRole("button");
  expect(await hits.count()).toBe(0); // a model is asked when somebody means it
  await page.getByLabel("Search for").press("Enter");

  await expect(page.getByText("near “a round one”")).toBeVisible();
  const scores = (await hits.allInnerTexts()).map((text) => Number(/[\d.]+$/.exec(text)![0]));
  expect(scores.length).toBeGreaterThan(5);
  expect(scores).toEqual([...scores].sort((a, b) => b - a));
});

test("a condition shows only what holds, and is taken back", async ({ page, server }) => {
  await open(page, server, "run=search");
  await page.keyboard.press("/");
  const field = page.getByLabel("Show only what holds");
  await field.fill('label = "bee" and size >');
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toContainText("a value at character 25");
  await field.fill('label = "bee" and size > 0.5');
  await page.keyboard.press("Enter");

  const left = Array.from({ length: N }, (_, row) => row).filter(
    (row) => row % 3 === 1 && row % 10 !== 0 && row / N > 0.5,
  ).length;
  await expect(points(page)).toContainText(`${N - left} hidden`);
  await ready(page);
  await page.keyboard.press("Escape");
  // What is hidden is not selected, whichever way everything is.
  await page.getByRole("button", { name: "Invert", exact: true }).first().click();
  expect(await selected(page)).toHaveLength(left);
  await page.getByRole("button", { name: /^Take back/ }).click();
  await expect(points(page)).not.toContainText("hidden");
});

test("selected points that a condition hides are not selected any more", async ({
  page,
  server,
}) => {
  await open(page, server, "run=search");
  await page.getByRole("button", { name: "Invert", exact: true }).first().click();
  expect(await selected(page)).toHaveLength(N);
  await page.keyboard.press("/");
  await page.getByLabel("Show only what holds").fill('label = "ant"');
  await page.keyboard.press("Enter");

  await expect(points(page)).toContainText("200 hidden");
  expect(await selected(page)).toHaveLength(100);
});

test("charts count under each other's choices", async ({ page, server }) => {
  await open(page, server, "run=search");
  await page.keyboard.press("/");
  const tags = page.getByRole("list", { name: "Labels of tags" });
  await expect(tags.getByRole("button", { name: /^round/ })).toContainText("150");
  await page.getByLabel("Lowest size").fill("0.9");
  await page.keyboard.press("Tab");

  const held = Array.from({ length: N }, (_, row) => row).filter(
    (row) => row % 10 !== 0 && row / N >= 0.9,
  );
  const round = held.filter((row) => (row + "round".length) % 2).length;
  await expect(tags.getByRole("button", { name: /^round/ })).toContainText(String(round));
  await tags.getByRole("button", { name: /^round/ }).click();
  await expect(points(page)).toContainText(`${N - round} hidden`);
  await page.getByRole("radio", { name: "none" }).click();
  await expect(points(page)).toContainText(`${N - (held.length - round)} hidden`);
  await ready(page);
  await page.keyboard.press("Escape");
  await page
    .locator("canvas")
    .first()
    .click({ position: { x: 5, y: 5 } });
  await page.keyboard.press("a");
  await expect(points(page)).not.toContainText("hidden");
});

test("dragging over a chart keeps the values between", async ({ page, server }) => {
  await open(page, server, "run=search");
  await page.keyboard.press("/");
  const chart = page.getByRole("img", { name: /How often values of size/ });
  const box = (await chart.boundingBox())!;
  await page.mouse.move(box.x + box.width / 2, box.y + 20);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width, box.y + 20, { steps: 5 });
  await page.mouse.up();

  const low = Number(await page.getByLabel("Lowest size").inputValue());
  expect(low).toBeGreaterThan(0.45);
  expect(low).toBeLessThan(0.55);
  await expect(points(page)).toContainText("hidden");
});
