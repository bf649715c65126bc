import type { Page } from "@playwright/test";
import { appOf, expect, measured, open, test } from "./served.js";

// The run "moving" is closed. While a run is written, only maps start by themselves.
const trust = (page: Page) => page.getByRole("region", { name: "Trust" });

/** Waits until the errors of the map on screen are known. */
const errors = (page: Page) =>
  measured(
    trust(page).getByText(/Faithfulness F/),
    trust(page).getByRole("button", { name: /Measure errors/ }),
  );

test("the header says how far the map can be trusted, against a shuffled one", async ({
  page,
  server,
}) => {
  await open(page, server);
  const badge = page.getByRole("button", { name: /Trustworthiness .* of this frame/ });

  await errors(page);
  await expect(badge).toContainText("F");
  await expect(badge).toHaveAttribute("title", /k = 15, n = 298/);
  await expect(badge).toHaveAttribute("title", /A shuffled map scores 0\.\d\d, and 0 for F/);
  const zero = await badge
    .locator(".zero")
    .first()
    .evaluate((mark) => mark.style.left);
  expect(Number.parseFloat(zero)).toBeGreaterThan(40);
  expect(Number.parseFloat(zero)).toBeLessThan(60);
});

test("a caption writes itself from what was measured, and can be copied", async ({
  page,
  server,
}) => {
  await open(page, server);
  const caption = page.locator('[data-part="caption"]');
  await errors(page);
  await expect(caption).toContainText(", F ");

  await expect(caption).toContainText("of “hidden” of run “moving” at step 200");
  await expect(caption).toContainText("seed 0");
  await expect(caption).toContainText("298 of 300 items (2 without a place)");
  await expect(caption).toContainText(/a shuffled map scores 0\.\d\d/);
  await expect(caption).toContainText(/axes show \d+ % of the variance/);
  await expect(caption).not.toContainText("no better than noise");
  await trust(page).getByRole("button", { name: "Copy the caption" }).click();
  await expect(trust(page).getByRole("button", { name: /Copied|Selected/ })).toBeVisible();
  await page
    .getByLabel("Legend")
    .getByRole("button", { name: /^Hide ant/ })
    .first()
    .click();
  await expect(caption).toContainText("hidden");
});

for (const [name, title] of [
  ["torn neighbours", "measure:torn"],
  ["false neighbours", "measure:false"],
] as const) {
  test(`points are coloured by ${name}`, async ({ page, server }) => {
    await open(page, server);
    await errors(page);
    await trust(page).getByRole("button", { name }).click();
    const app = await appOf(page);

    await expect
      .poll(
        () =>
          app.evaluate(({ viewer }) => {
            const grouping = viewer.state.grouping.value;
            if (grouping === null || grouping.paint.kind !== "scale") return "";
            const known = grouping.paint.values.filter((value) => Number.isFinite(value)).length;
            return `${grouping.id} ${known}`;
          }),
        { timeout: 30_000 },
      )
      .toBe(`${title} 298`);
    await expect(page).toHaveURL(new RegExp(`color=${encodeURIComponent(title)}`));
  });
}

test("noise and other settings are measured when asked for, and change the caption", async ({
  page,
  server,
}) => {
  await open(page, server);
  await trust(page)
    .getByRole("button", { name: /beside a map of noise/ })
    .click();
  await expect(trust(page)).toContainText("placed no better than points of noise", {
    timeout: 30_000,
  });
  await trust(page)
    .getByRole("button", { name: /with other settings/ })
    .click();
  await expect(trust(page)).toContainText("of the neighbourhoods agree over 5 maps", {
    timeout: 30_000,
  });

  const caption = page.locator('[data-part="caption"]');
  await expect(caption).toContainText("no better than noise");
  await expect(caption).toContainText("5 parts of 80% of the rows");
  for (const [name, id] of [
    ["p-value against noise", "measure:noise"],
    ["stability", "measure:stability"],
  ] as const) {
    await trust(page).getByRole("button", { name }).click();
    const app = await appOf(page);
    await expect.poll(() => app.evaluate((a) => a.viewer.state.grouping.value?.id)).toBe(id);
  }
});

test("lines go to torn neighbours of the point looked at, and rings are on false ones", async ({
  page,
  server,
}) => {
  await open(page, server);
  const app = await appOf(page);
  await page.keyboard.press("e");
  await app.evaluate(({ viewer }) => viewer.state.focus.set(7));
  await expect
    .poll(() => app.evaluate(({ viewer }) => viewer.torn.neighbours.value?.row ?? -1))
    .toBe(7);
  const drawn = await app.evaluate(({ viewer }) => {
    const { torn, false: wrong } = viewer.torn.neighbours.value!;
    const own = viewer.state.lines.of("torn")!;
    return {
      torn,
      wrong,
      to: Array.from(own.lines![0]!.to),
      rings: Array.from(own.rings![0]!.rows),
    };
  });

  expect(drawn.to).toEqual(drawn.torn);
  expect(drawn.rings).toEqual(drawn.wrong);
  expect(drawn.torn.length + drawn.wrong.length).toBeGreaterThan(0);
  await expect(trust(page)).toContainText(`${drawn.torn.length} torn`);
  await page.keyboard.press("e");
  expect(await app.evaluate(({ viewer }) => viewer.state.lines.of("torn"))).toBeNull();
});

test("what not to conclude is said beside the map, with the number behind it", async ({
  page,
  server,
}) => {
  await open(page, server);
  const list = page.getByRole("list", { name: "What not to conclude from this map" });

  await errors(page);
  await expect(list.getByRole("listitem").first()).toHaveAttribute("title", /said beyond/);
});

test("points that cannot be trusted fade, in steps of the slider", async ({ page, server }) => {
  await open(page, server);
  const slider = trust(page).getByRole("slider", { name: /Fade what is unreliable/ });
  await slider.focus();
  await page.keyboard.press("End");
  const app = await appOf(page);

  expect(await app.evaluate(({ viewer }) => viewer.state.trustFade.value)).toBe(1);
  await expect(page.locator('[data-part="caption"]')).toContainText("fade");
});
