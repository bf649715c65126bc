import type { Page } from "@playwright/test";
import { appOf, expect, measured, open, ready, test } from "./served.js";

const strip = (page: Page) => page.getByLabel("Tracks of the run", { exact: true });
const lane = (page: Page, id: string) => page.locator(`[data-lane="${id}"]`);
const step = (page: Page) => page.locator('[data-part="step"]');
const section = (page: Page, name: string) => page.getByRole("button", { name, exact: false });

test("tracks lie under the scrubber, and a click on one goes to its step", async ({
  page,
  server,
}) => {
  await open(page, server);
  await expect(lane(page, "scalar:loss")).toBeVisible();
  await expect(lane(page, "map:trustworthiness")).toBeVisible();
  const chart = lane(page, "scalar:loss").getByRole("button", { name: /go to a step/ });
  const box = (await chart.boundingBox())!;
  const track = (await page.locator(".scrubber .track").boundingBox())!;
  await page.mouse.click(box.x + box.width * 0.26, box.y + box.height / 2);

  // Both playheads stand above each other, so the same place means the same step.
  expect(Math.abs(box.x - track.x)).toBeLessThan(2);
  expect(Math.abs(box.width - track.width)).toBeLessThan(2);
  await expect(step(page)).toHaveText("step 50");
  await expect(lane(page, "scalar:loss")).toContainText(Math.exp(-50 / 80).toPrecision(4));
  await page.keyboard.press("y");
  await expect(strip(page)).toBeHidden();
  await page.keyboard.press("y");
  await expect(strip(page)).toBeVisible();
});

test("tracks are measured when asked for, kept, and shown with their standard error", async ({
  page,
  server,
}) => {
  await open(page, server);
  const jobs = () =>
    page.evaluate(async () => (await (await fetch("./api/jobs")).json()) as { request: object }[]);
  const before = (await jobs()).filter((job) => JSON.stringify(job.request).includes("tracks"));
  expect(before).toEqual([]);
  await strip(page)
    .getByRole("button", { name: /Measure tracks/ })
    .click();
  await expect(strip(page).getByRole("button", { name: /Measure tracks/ })).toBeHidden({
    timeout: 30_000,
  });
  const add = page.getByRole("combobox", { name: "Add a track" });
  await add.click();
  await page.getByRole("option", { name: "effective rank" }).click();

  await expect(lane(page, "track:effective_rank|")).toContainText("±");
  await expect(lane(page, "track:effective_rank|")).toContainText("n 298");
  await page.reload();
  await ready(page);
  await expect(strip(page).getByRole("button", { name: /Measure tracks/ })).toBeHidden();
});

test("motion is scored, with the still test, and colours points by false motion", async ({
  page,
  server,
}) => {
  await open(page, server);
  await strip(page)
    .getByRole("button", { name: /Measure motion/ })
    .click();
  const badge = strip(page).locator(".badge");
  await expect(badge).toHaveText("still 0", { timeout: 30_000 });
  await expect(badge).toHaveAttribute("title", /same snapshot 3 times/);
  const legend = page.getByLabel("Legend");
  await page.getByRole("combobox", { name: "Colour by" }).click();
  await page.getByRole("option", { name: "false motion" }).click();

  await expect(legend).toContainText("without cause");
  await page.keyboard.press("Home");
  const app = await appOf(page);
  await expect
    .poll(() =>
      app.evaluate(({ viewer }) => {
        const grouping = viewer.state.grouping.value;
        if (grouping?.id !== "measure:motion" || grouping.paint.kind !== "scale") return -1;
        return grouping.paint.values.filter((value) => Number.isFinite(value)).length;
      }),
    )
    .toBe(300);
});

test("a cell of the map of similarity is a pair of steps, and the other way round", async ({
  page,
  server,
}) => {
  await open(page, server);
  await section(page, "Similarity of steps").click();
  const field = page.getByRole("application", { name: /Similarity of every snapshot/ });
  await measured(field, page.getByRole("button", { name: /Measure all tracks/ }));
  const box = (await field.boundingBox())!;
  // Line 1 and column 4 of six steps: 10 and 100.
  await field.click({ position: { x: (4.5 / 6) * box.width, y: (1.5 / 6) * box.height } });
  const pair = page.getByLabel("Two steps compared");
  await expect(pair).toContainText("as logged");
  await expect(step(page)).toContainText("step 10");
  await pair.getByRole("slider").focus();
  await page.keyboard.press("End");
  await expect(step(page)).toHaveText("step 100");
  await page.keyboard.press("Home");
  for (let i = 0; i < 8; i++) await page.keyboard.press("ArrowRight");

  await expect(pair).toContainText("interpolated");
  const app = await appOf(page);
  const place = await app.evaluate(({ viewer }) => viewer.state.timeline.place.value);
  expect(place).toEqual({ from: 10, to: 100, mix: expect.closeTo(0.08, 5) });
  await expect(page.locator(".said")).toContainText("steps 10 and 100");
  await page.keyboard.press("Escape");
  await expect(pair).toBeHidden();
  // The keyboard reaches every cell, too.
  await field.focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await expect(pair).toBeVisible();
});

test("a selection has a similarity of its own, and says of how many", async ({ page, server }) => {
  await open(page, server);
  await section(page, "Similarity of steps").click();
  const said = page.getByText(/Unbiased linear CKA of/);
  await measured(said, page.getByRole("button", { name: /Measure all tracks/ }));
  await expect(said).toContainText("298");
  await page.getByLabel("Legend").getByRole("button", { name: "ant" }).last().click();

  // 100 ants, of which one diverges at the last step.
  await measured(
    page.getByText(/n = 99/),
    page.getByRole("button", { name: /Measure the similarity/ }),
  );
  await page.getByRole("radio", { name: "all points" }).click();
  await expect(said).toContainText("298");
});

test("a cell of the confusion matrix selects its items at the step shown", async ({
  page,
  server,
}) => {
  await open(page, server, "run=moving&step=100");
  await section(page, "Confusion").click();
  const table = page.getByRole("table", { name: /Confusion matrix/ });
  // The first 50 items are right at step 100, of which every third is an ant.
  await table.getByRole("button", { name: "Select the 17 of ant predicted as ant" }).click();
  const app = await appOf(page);
  const chosen = () => app.evaluate(({ viewer }) => viewer.state.selection.count.value);
  expect(await chosen()).toBe(17);
  await table.getByRole("button", { name: "Select the 83 of ant predicted as bee" }).click({
    modifiers: ["Shift"],
  });
  expect(await chosen()).toBe(100);
  await page.keyboard.press("Home");
  await expect(
    table.getByRole("button", { name: "Select the 100 of ant predicted as bee" }),
  ).toBeVisible();
});

test("what lies between two snapshots is marked as made up", async ({ page, server }) => {
  await open(page, server);
  const chip = page.locator('[data-part="interpolated"]');
  await expect(chip).toBeHidden();
  const app = await appOf(page);
  await app.evaluate(({ viewer }) => viewer.state.timeline.seek(75));

  await expect(chip).toContainText("50 → 100");
  await app.evaluate(({ viewer }) => viewer.state.timeline.settle());
  await expect(chip).toBeHidden();
});
