import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import { faultsOf } from "./axe.js";
import { appOf, expect, open, ready, test } from "./served.js";

const focused = (page: Page) =>
  page.evaluate(
    () =>
      document.activeElement?.getAttribute("aria-label") ??
      document.activeElement?.textContent?.trim() ??
      "",
  );

/** Presses Tab until something of that name has the focus, as somebody without a mouse does. */
async function tabTo(page: Page, name: RegExp, most = 40): Promise<void> {
  for (let i = 0; i < most; i++) {
    await page.keyboard.press("Tab");
    const label = await page.evaluate(() => {
      const element = document.activeElement;
      const own = element?.id ? document.querySelector(`label[for="${element.id}"]`) : null;
      return own?.textContent ?? element?.getAttribute("aria-label") ?? element?.textContent ?? "";
    });
    if (name.test(label.trim())) return;
  }
  throw new Error(
    `Nothing named ${name} within ${most} tabs; the focus is on “${await focused(page)}”.`,
  );
}

test("the keyboard alone leads from opening to a saved selection and a picture", async ({
  page,
  server,
}) => {
  await open(page, server, "run=moving");
  await page.keyboard.press("Control+k");
  await page.keyboard.type("invert");
  await page.keyboard.press("Enter");
  const spoken = page.locator('[aria-live="polite"]').filter({ hasText: /points? selected/ });
  await expect(spoken.first()).toContainText(/\d+ points selected, \d+(\.\d)? ?% \w+ /);
  await page.keyboard.press("k");
  await tabTo(page, /^Name of the selection$/, 4);
  await page.keyboard.type("by hand");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("list", { name: "Kept selections" })).toContainText("by hand");
  await page.getByRole("button", { name: "Close the panel" }).focus();
  await page.keyboard.press("Control+e");
  const waiting = page.waitForEvent("download");
  await tabTo(page, /^Save the picture$/, 12);
  await page.keyboard.press("Enter");
  const picture = readFileSync(await (await waiting).path());

  expect(picture.subarray(1, 4).toString()).toBe("PNG");
  await expect(page.getByText(/^Saved moving_.*\.png/)).toBeVisible();
  // Away with the panel: the focus goes back to where it was, not to the beginning of the page.
  await page.keyboard.press("Control+e");
  await expect(page.getByRole("complementary", { name: "Take away" })).toBeHidden();
});

test("the focus goes through the page in the order of reading, once, and axe finds no fault", async ({
  page,
  server,
}) => {
  await open(page, server, "run=moving");
  await page.keyboard.press("/");
  await expect(page.getByLabel("Search for")).toBeFocused();
  await page.evaluate(() => {
    const all = [...document.querySelectorAll<HTMLElement>(".dg-root *")].filter(
      (one) => one.tabIndex >= 0 && one.checkVisibility({ visibilityProperty: true }),
    );
    // From the beginning of the page, as on opening it.
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute("tabindex");
    const parts = [".top", ".body > nav", ".side", ".middle", ".body > .inspector"];
    const order: string[] = [];
    const reached = new Set<Element>();
    Object.assign(window, { order, reached, all });
    addEventListener("focusin", ({ target }) => {
      const here = parts.find((part) => (target as Element).closest(part) !== null) ?? "elsewhere";
      if (order.at(-1) !== here) order.push(here);
      reached.add(target as Element);
    });
  });
  for (let i = 0; i < 160; i++) {
    await page.keyboard.press("Tab");
    if (i > 5 && (await page.evaluate(() => document.activeElement === document.body))) break;
  }
  const walked = await page.evaluate(() => {
    const { order, reached, all } = window as unknown as {
      order: string[];
      reached: Set<Element>;
      all: HTMLElement[];
    };
    // Of a group of radio buttons the focus visits the chosen one; what came later is not asked for.
    const missed = all.filter(
      (one) => one.isConnected && !reached.has(one) && !one.matches("[type=radio], :disabled"),
    );
    return { order, missed: missed.map((one) => one.outerHTML.slice(0, 160)) };
  });
  expect(walked.order).toEqual([".top", ".body > nav", ".side", ".middle", ".body > .inspector"]);
  expect(walked.missed).toEqual([]);

  expect(await faultsOf(page)).toEqual([]);
  await page.emulateMedia({ colorScheme: "light" });
  await expect(page.locator(".dg-root")).toHaveAttribute("data-theme", "light");
  expect(await faultsOf(page, ["color-contrast"])).toEqual([]);
});

test("the page works at twice its size, in a notebook's cell and on a phone", async ({ page }) => {
  // 200 % of a notebook's screen leaves half of its pixels; a cell is 640 by 440, a phone 360 wide.
  for (const [width, height] of [
    [683, 384],
    [640, 440],
    [360, 640],
  ] as const) {
    await page.setViewportSize({ width, height });
    await page.goto("/gallery.html?show=run");
    await ready(page);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    const map = await page.getByRole("application").boundingBox();

    expect(wide, `${width}`).toBe(width);
    expect(map!.width * map!.height, `${width}`).toBeGreaterThan(0.3 * width * height);
    await expect(page.getByRole("slider", { name: "Training step" })).toBeInViewport({ ratio: 1 });
    await expect(page.locator('[data-part="points"]')).toBeInViewport({ ratio: 1 });
    await page.keyboard.press("k");
    const panel = page.getByRole("complementary", { name: "Saved" });
    await expect(panel).toBeInViewport({ ratio: 1 });
    await page.keyboard.press("k");
    await page.keyboard.press("Control+k");
    await expect(page.getByRole("dialog", { name: "Commands" })).toBeInViewport({ ratio: 1 });
    await page.keyboard.press("Escape");
  }
});

test("fingers tap, move, pinch and hold", async ({ browser }) => {
  const context = await browser.newContext({
    hasTouch: true,
    viewport: { width: 800, height: 600 },
  });
  const page = await context.newPage();
  await page.goto("/gallery.html?show=run");
  await ready(page);
  const app = await appOf(page);
  const cameraOf = () => app.evaluate(({ stage }) => stage.eye.camera!.state.planar);
  const place = await app.evaluate(async ({ viewer, stage }) => {
    const box = document.querySelector('[role="application"]')!.getBoundingClientRect();
    const { width, height } = stage.eye.viewport;
    for (let x = 0.4; x < 0.8; x += 0.01) {
      const row = await viewer.map.pick(width * x, height / 2);
      if (row !== null) return { x: box.x + width * x, y: box.y + height / 2, row };
    }
    return null;
  });
  const wire = await context.newCDPSession(page);
  const touch = (type: "touchStart" | "touchMove" | "touchEnd", points: [number, number][]) =>
    wire.send("Input.dispatchTouchEvent", {
      type,
      touchPoints: points.map(([x, y], id) => ({ x, y, id })),
    });
  await page.touchscreen.tap(place!.x, place!.y);
  await expect
    .poll(() => app.evaluate(({ viewer }) => [...viewer.state.selection.rows.value.rows]))
    .toEqual([place!.row]);
  const before = await cameraOf();
  await touch("touchStart", [[300, 300]]);
  for (const x of [310, 330, 360]) await touch("touchMove", [[x, 300]]);
  await touch("touchEnd", []);
  const moved = await cameraOf();
  await touch("touchStart", [
    [380, 300],
    [420, 300],
  ]);
  for (const by of [20, 60, 100])
    await touch("touchMove", [
      [380 - by, 300],
      [420 + by, 300],
    ]);
  await touch("touchEnd", []);
  const pinched = await cameraOf();
  await app.evaluate(({ viewer }) => viewer.map.resetView());
  await ready(page);
  await touch("touchStart", [[place!.x, place!.y]]);
  await expect
    .poll(() => app.evaluate(({ viewer }) => viewer.state.hover.value?.row ?? -1))
    .toBeGreaterThanOrEqual(0);
  await touch("touchEnd", []);

  expect(moved.x).toBeLessThan(before.x);
  expect(moved.halfHeight).toBe(before.halfHeight);
  expect(pinched.halfHeight).toBeLessThan(0.5 * moved.halfHeight);
  await context.close();
});
