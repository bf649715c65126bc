import { expect, test, type Page } from "@playwright/test";
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

// One page for all: what it has fetched and compiled once serves every exhibit.
let page: Page;
let errors: string[] = [];

test.beforeAll(async ({ browser }) => {
  page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
});

test.afterAll(() => page.close());

for (const name of EXHIBITS) {
  test(`gallery: ${name} is drawn without an error and open to everybody`, async ({ baseURL }) => {
    errors = [];
    await page.emulateMedia({ colorScheme: "dark" });
    await page.goto(`${baseURL}/gallery.html?show=${name}`);
    await expect(page.locator(".dg-root").first()).toBeVisible();
    await atRest(page);
    const box = await page.locator(".dg-root").first().boundingBox();
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);

    const faults = await faultsOf(page);
    // The system's wish turns every exhibit light that has not chosen a theme itself.
    await page.emulateMedia({ colorScheme: "light" });
    const faultsInLight = await faultsOf(page, ["color-contrast"]);

    expect(faults).toEqual([]);
    expect(faultsInLight).toEqual([]);
    expect(box).toMatchObject({ x: 0, y: 0, width: 1280, height: 800 });
    expect(wide).toBe(1280);
    expect(errors).toEqual([]);
  });
}

/** Waits until a map is drawn, if there is to be one, and the page has stopped changing. */
async function atRest(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const STILL_MS = 150;
    const until = performance.now() + 3_000;
    let changed = performance.now();
    const watch = new MutationObserver(() => (changed = performance.now()));
    watch.observe(document.body, { subtree: true, childList: true, characterData: true });
    while (performance.now() < until && performance.now() - changed < STILL_MS) {
      await new Promise((next) => setTimeout(next, 50));
    }
    watch.disconnect();
  });
}
