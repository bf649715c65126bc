import { expect, test } from "@playwright/test";
import { faultsOf } from "./axe.js";

const EXHIBITS = [
  "run",
  "spatial",
  "light",
  "selection",
  "number",
  "set",
  "member",
  "trust",
  "tracks",
  "pair",
  "torn",
  "motion",
  "unmeasured",
  "measuring",
  "sprites",
  "correct",
  "hostile",
  "many",
  "single",
  "bare",
  "large",
  "empty",
  "fresh",
  "absent",
  "running",
  "failed",
  "maps",
  "making",
  "find",
  "saved",
  "take",
  "views",
  "palette",
  "help",
  "slow",
  "why",
  "moved",
  "unexplained",
  "unasked",
  "torchless",
  "feature",
  "winning",
  "compared",
  "costly",
  "clusters",
  "table",
  "images",
  "columns",
  "rows",
  "shade",
  "contours",
  "edges",
  "named",
  "translucent",
  "beside",
  "beside-runs",
  "overlay",
  "multiples",
  "runs",
  "lost",
];

test("the gallery lists every exhibit that is tested here", async ({ page }) => {
  await page.goto("/gallery.html");
  const names = await page
    .getByRole("link")
    .evaluateAll((links) =>
      links.map((link) => new URL((link as HTMLAnchorElement).href).searchParams.get("show")),
    );

  expect(names).toEqual(EXHIBITS);
});

for (const name of EXHIBITS) {
  test(`gallery: ${name} is drawn without an error and open to everybody`, async ({ page }) => {
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") errors.push(message.text());
    });
    await page.goto(`/gallery.html?show=${name}`);
    await expect(page.locator(".dg-root")).toBeVisible();
    await page.waitForTimeout(name === "slow" ? 200 : 900);
    const box = await page.locator(".dg-root").boundingBox();
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);

    const faults = await faultsOf(page);

    expect(faults).toEqual([]);
    expect(box).toMatchObject({ x: 0, y: 0, width: 1280, height: 800 });
    expect(wide).toBe(1280);
    expect(errors).toEqual([]);
  });
}
