import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { appOf, expect, open, Server, store, test } from "./served.js";

const grid = (page: Page) => page.getByRole("grid", { name: "Rows" });
const line = (page: Page, n: number) => grid(page).locator(`[aria-rowindex="${n + 2}"]`);

test("the table lists rows with all their values", async ({ page, server }) => {
  await open(page, server);
  await page.keyboard.press("g");
  await expect(grid(page)).toHaveAttribute("aria-rowcount", "301");
  await expect(page.locator('[data-part="listed"]')).toHaveText("300 rows");
  const first = await (await appOf(page)).evaluate(({ client }) => client.item("moving", 0, 0));

  await expect(line(page, 0)).toContainText(String(first.id));
  await expect(line(page, 0)).toContainText(String(first.metadata["label"]));
  // Text of others is shown as text.
  await expect(line(page, 0)).toContainText("<script>");
  await page.keyboard.press("g");
  await expect(grid(page)).toHaveCount(0);
});

test("a selection is what the table shows", async ({ page, server }) => {
  await open(page, server);
  await page.keyboard.press("g");
  await page.getByLabel("Legend").getByRole("button", { name: "bee" }).last().click();

  await expect(page.locator('[data-part="listed"]')).toHaveText("100 rows selected of 300");
  await expect(grid(page)).toHaveAttribute("aria-rowcount", "101");
  for (const n of [0, 1, 5]) await expect(line(page, n)).toContainText("bee");
});

test("rows are ordered by a column, what is missing last", async ({ page, server }) => {
  await open(page, server);
  await page.keyboard.press("g");
  const size = grid(page).getByRole("columnheader", { name: "size" });
  await size.getByRole("button").click();
  await expect(size).toHaveAttribute("aria-sort", "ascending");
  await expect(line(page, 0)).toContainText("item-001");
  await size.getByRole("button").click();
  await expect(size).toHaveAttribute("aria-sort", "descending");
  await expect(line(page, 0)).toContainText("item-299");
  await grid(page).focus();
  await page.keyboard.press("End");
  await expect(line(page, 299)).toContainText("–");
  await size.getByRole("button").click();

  await expect(size).toHaveAttribute("aria-sort", "none");
  // Sets and texts are not ordered: that would need all of them here.
  const note = grid(page).getByRole("columnheader", { name: "note" });
  await expect(note.getByRole("button")).toHaveCount(0);
});

test("the keyboard walks through the rows and opens one", async ({ page, server }) => {
  await open(page, server);
  await page.keyboard.press("g");
  await grid(page).focus();
  await page.keyboard.press("PageDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  const focused = grid(page).locator('[aria-selected="true"]');

  await expect(focused).toHaveCount(1);
  await expect(focused).toBeInViewport();
  const id = (await focused.locator(".mono bdi").first().textContent())!;
  await expect(page.getByRole("region", { name: "Details" }).locator(".id")).toHaveText(id);
});

test("images are drawn only where one looks", async ({ page, server }) => {
  await open(page, server);
  await page.keyboard.press("g");
  await page.getByRole("tab", { name: "Gallery" }).click();
  const tiles = page.getByRole("listbox", { name: "Images of the rows" });
  await expect(tiles.locator("canvas").first()).toBeVisible();
  const drawn = await tiles.getByRole("option").count();
  expect(drawn).toBeLessThan(200);
  await tiles.focus();
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");

  await expect(tiles.locator('[aria-posinset="300"]')).toHaveAttribute("aria-selected", "true");
});

test("columns of a selection stand beside those of all rows", async ({ page, server }) => {
  await open(page, server);
  await page.keyboard.press("g");
  await page.getByRole("tab", { name: "Table" }).press("ArrowLeft");
  const cards = page.getByRole("list", { name: /Columns of the/ });
  await expect(cards.getByRole("listitem", { name: "label" })).toContainText("33 %");
  await page.getByLabel("Legend").getByRole("button", { name: "bee" }).last().click();
  const label = cards.getByRole("listitem", { name: "label", exact: true });

  await expect(label.locator("li").first()).toContainText("bee");
  await expect(label.locator("li").first()).toContainText("100 % · 33 %");
  const size = cards.getByRole("listitem", { name: "size", exact: true });
  await expect(size.getByRole("img", { name: "Histogram of size" })).toBeVisible();
  await expect(size).toContainText("median");
  await expect(size).toContainText("10 missing");
});

test("a hundred thousand rows are a few dozen elements", async ({ page }) => {
  await page.goto("/gallery.html?show=rows");
  await expect(grid(page)).toHaveAttribute("aria-rowcount", "100001");
  await grid(page).focus();
  await page.keyboard.press("End");
  await expect(line(page, 99_999)).toContainText("99999");
  const elements = await grid(page).locator('[role="row"]').count();
  const asked = await page.evaluate(() => {
    const { transport } = document.getElementById("app") as unknown as {
      transport: { asked: string[] };
    };
    return transport.asked.filter((path) => path.includes("/table")).length;
  });

  expect(elements).toBeLessThan(60);
  expect(asked).toBeLessThanOrEqual(4);
});

test("clusters are named by words, which are shown and can be replaced", async ({ page }) => {
  const folder = mkdtempSync(join(tmpdir(), "driftglass-clusters-"));
  await store("texts", join(folder, "runs"));
  const server = new Server(join(folder, "runs"));
  await server.start();
  try {
    await open(page, server, "run=texts&dim=2");
    await page.getByRole("combobox", { name: "Colour by" }).click();
    await page.getByRole("option", { name: "clusters" }).click();
    const clusters = page.getByRole("region", { name: /^Clusters/ });
    const names = clusters.locator("button.name");
    await expect(names).toHaveCount(3);
    const said = (await names.allTextContents()).map((name) => name.trim());
    for (const word of ["stroke|thick", "line|thin", "loop|round"]) {
      expect(said.some((name) => new RegExp(word).test(name))).toBe(true);
    }
    await expect(clusters.locator(".word").first()).toContainText("100 %");
    // Their names are on the map, none over another.
    const labels = page.locator(".labels .label");
    await expect(labels).toHaveCount(3);
    const boxes = await labels.evaluateAll((all) =>
      all.map((one) => one.getBoundingClientRect().toJSON() as DOMRect),
    );
    for (const [i, a] of boxes.entries()) {
      for (const b of boxes.slice(i + 1)) {
        const apart =
          a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
        expect(apart).toBe(true);
      }
    }
    await clusters
      .getByRole("button", { name: /^Rename/ })
      .first()
      .click();
    await page.keyboard.type("my own name");
    await page.keyboard.press("Enter");
    await expect(names.first()).toHaveText("my own name");
    await expect(labels.filter({ hasText: "my own name" })).toHaveCount(1);
    await page.reload();
    await expect(names.first()).toHaveText("my own name");
    await names.first().click();
    await expect(page.locator(".selected")).toHaveText("100 selected");
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
