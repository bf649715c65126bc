// Brings the type of `window.lab`, which the harness page defines.
import type {} from "../test/render/harness.js";
import { test as plain } from "@playwright/test";
import { appOf, expect, ready, test } from "./served.js";
import { GALLERY } from "../playwright.config.js";

test("the image of an item is its own, whatever is isolated", async ({ page }) => {
  await page.goto("/gallery.html?show=run");
  await ready(page);
  const tiles = await (
    await appOf(page)
  ).evaluate(async ({ viewer }) => {
    const { items, state } = viewer;
    const rows = [1, 250, 999];
    const places = () =>
      Promise.all(
        rows.map(async (row) => [(await items.thumbnail(row))?.x, (await items.thumbnail(row))?.y]),
      );
    const before = await places();
    for (const row of [250, 999, 1200]) state.selection.pick(row, "add");
    state.filter.isolate(state.selection.rows.value);
    return { before, after: await places(), hidden: state.filter.hidden.value?.count ?? 0 };
  });

  expect(tiles.hidden).toBeGreaterThan(1000);
  expect(new Set(tiles.before.map(String)).size).toBe(3);
  expect(tiles.after).toEqual(tiles.before);
});

test("names of groups are there with the first picture", async ({ page }) => {
  await page.goto("/gallery.html?show=run");
  await ready(page);
  const names = await page
    .locator(".dg-root [role=application]")
    .getByText(/^digit \d$/)
    .count();

  expect(names).toBeGreaterThan(3);
});

plain("a page on plain HTTP of another machine works", async ({ page }) => {
  // An origin that the browser trusts no more than any other: no secure context, no clipboard.
  await page.route("http://lab.test/**", async (route) => {
    const url = new URL(route.request().url());
    const answer = await fetch(`${GALLERY}${url.pathname}${url.search}`);
    await route.fulfill({
      status: answer.status,
      headers: { "content-type": answer.headers.get("content-type") ?? "text/plain" },
      body: Buffer.from(await answer.arrayBuffer()),
    });
  });
  await page.routeWebSocket(/lab\.test/, () => undefined);
  await page.goto("http://lab.test/gallery.html?show=run");
  await ready(page);
  const secure = await page.evaluate(() => window.isSecureContext);
  await page.keyboard.press("k");
  await page.getByRole("button", { name: "Copy link" }).click();

  expect(secure).toBe(false);
  await expect(page.getByText(/Copy the link from the address bar/)).toBeVisible();
});

test("one point, equal points and huge numbers are drawn and framed", async ({ page }) => {
  await page.goto("/test/render/harness.html");
  await page.waitForFunction(() => window.lab !== undefined);
  const found = await page.evaluate(() => {
    const { lab } = window;
    const renderer = lab.start(200, 200);
    const cases: Record<string, number[]> = {
      "one point": [3, 4],
      "equal points": [5, 5, 5, 5, 5, 5],
      huge: [1e9, -1e9, 1e9 + 256, -1e9, 1e9, -1e9 + 256],
      "one missing": [Number.NaN, Number.NaN, 1, 1],
      tiny: [1e-9, 0, 0, 1e-9],
    };
    return Object.entries(cases).map(([name, numbers]) => {
      const planar = Float32Array.from(numbers);
      const n = planar.length / 2;
      renderer.setSnapshot(name, { planar });
      renderer.setFlags(new Uint8Array(n));
      const camera = lab.Camera.around(
        { planar: lab.boundsOf(planar, 2)! },
        { width: 200, height: 200 },
      );
      renderer.draw(lab.view(camera, { from: name, to: name, pointSize: 8, opacity: 1 }));
      const pixels = lab.pixels();
      const lit = (at: number) => pixels[4 * at]! > 90;
      // Dots that lie apart are parts of the picture that do not touch.
      const seen = new Uint8Array(200 * 200);
      let dots = 0;
      for (let first = 0; first < seen.length; first++) {
        if (seen[first] || !lit(first)) continue;
        dots++;
        const waiting = [first];
        seen[first] = 1;
        for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
          for (const next of [at - 1, at + 1, at - 200, at + 200]) {
            if (seen[next] !== 0 || !lit(next)) continue;
            seen[next] = 1;
            waiting.push(next);
          }
        }
      }
      return [name, dots];
    });
  });

  expect(Object.fromEntries(found)).toEqual({
    "one point": 1,
    "equal points": 1,
    huge: 3,
    "one missing": 1,
    tiny: 2,
  });
});
