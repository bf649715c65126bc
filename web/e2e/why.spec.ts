import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { appOf, expect, open, python, ready, Server, store, test } from "./served.js";

const panel = (page: Page) => page.getByRole("region", { name: /^Why/ });

async function focus(page: Page, row: number): Promise<void> {
  await (await appOf(page)).evaluate(({ viewer }, row) => viewer.state.focus.set(row), row);
}

async function select(page: Page, rows: readonly number[]): Promise<void> {
  await (
    await appOf(page)
  ).evaluate(({ viewer }, rows) => {
    for (const row of rows) viewer.state.selection.pick(row, "add");
  }, rows);
}

/** Numbers of the sum check, by their names. */
async function sums(page: Page): Promise<Record<string, number>> {
  const list = panel(page).getByLabel("Sum check");
  const names = await list.locator("dt").allTextContents();
  const values = await list.locator("dd").allTextContents();
  return Object.fromEntries(
    names.map((name, i) => [name, Number(values[i]!.replace("−", "-").replace(",", ""))]),
  );
}

const hasTorch = () => {
  try {
    execFileSync(python, ["-c", "import torch"]);
    return true;
  } catch {
    return false;
  }
};

test("bars say why a point is there, and add up to where it is drawn", async ({ page, server }) => {
  await open(page, server, "run=moving&dim=2");
  await focus(page, 7);
  const bars = panel(page).getByRole("list", { name: /Contributions/ });
  await expect(bars.getByRole("listitem")).toHaveCount(9);
  const app = await appOf(page);
  const place = await app.evaluate(({ stage, viewer }) => {
    const frames = viewer.session.projections.framesOf(2);
    void stage;
    return [...frames.get(viewer.state.timeline.step.value!)!.coordinates.subarray(14, 16)];
  });

  for (const [k, there] of place.entries()) {
    await panel(page)
      .getByRole("radio", { name: `axis ${k + 1}` })
      .click();
    await expect(panel(page).getByText("exact (loadings)")).toBeVisible();
    const check = await sums(page);
    expect(check["on the map"]).toBeCloseTo(there, 2);
    expect(check["sum"]).toBeCloseTo(there, 2);
    expect(check["residual"]).toBeLessThan(1e-5);
  }
  // The bars themselves add up as well, within what their rounding hides.
  const values = await bars.locator(".number").allTextContents();
  const total = values.reduce((sum, text) => sum + Number(text.trim().replace("−", "-")), 0);
  expect(total).toBeCloseTo(place[1]!, 1);
});

test("a lasso is explained by its mean", async ({ page, server }) => {
  await open(page, server, "run=moving&dim=2");
  await select(page, [3, 8, 21, 40]);
  await expect(panel(page).getByText("Mean of 4 points")).toBeVisible();
  const middle = await (
    await appOf(page)
  ).evaluate(({ viewer }) => {
    const frame = viewer.session.projections
      .framesOf(2)
      .get(viewer.state.timeline.step.value!)!.coordinates;
    return [3, 8, 21, 40].reduce((sum, row) => sum + frame[2 * row]!, 0) / 4;
  });

  expect((await sums(page))["on the map"]).toBeCloseTo(middle, 2);
});

test("arrows stand at the point, as long as the features carry it", async ({ page, server }) => {
  await open(page, server, "run=moving&dim=2");
  await focus(page, 7);
  const arrows = page.locator("svg.arrows line");
  await expect(arrows.first()).toBeVisible();
  expect(await arrows.count()).toBeLessThanOrEqual(5);
  const app = await appOf(page);
  const { at, drawn } = await app.evaluate(({ viewer, stage }) => {
    const frame = viewer.session.projections
      .framesOf(2)
      .get(viewer.state.timeline.step.value!)!.coordinates;
    const place = stage.eye.camera!.project([frame[14]!, frame[15]!], stage.eye.viewport, 0);
    return { at: [place.x, place.y], drawn: viewer.map.arrows.value.map((one) => [...one.from]) };
  });
  for (const from of drawn) {
    expect(from[0]).toBeCloseTo(at[0]!, 0);
    expect(from[1]).toBeCloseTo(at[1]!, 0);
  }
  await page.keyboard.press("w");
  await expect(arrows).toHaveCount(0);
});

test("the map is coloured by one feature, and by the one that wins", async ({ page, server }) => {
  await open(page, server, "run=moving&dim=2");
  await focus(page, 7);
  const bars = panel(page).getByRole("list", { name: /Contributions/ });
  const name = (await bars.locator("button.name").first().textContent())!.trim();
  await bars.locator("button.name").first().click();
  const legend = page.getByLabel("Legend");

  await expect(legend.getByRole("combobox", { name: "Colour by" })).toHaveText(
    `feature ${name} on axis 1`,
  );
  const scale = async () =>
    (await appOf(page)).evaluate(({ viewer }) => {
      const { id, paint } = viewer.state.grouping.value!;
      if (!id.startsWith("feature") || paint.kind !== "scale") return null;
      return { low: paint.low, high: paint.high, signed: paint.signed };
    });
  await expect.poll(async () => (await scale())?.signed).toBe(true);
  const paint = await scale();
  expect(paint!.low).toBeCloseTo(-paint!.high);
  await page.waitForTimeout(400);
  await page.reload();
  await ready(page);
  await expect(legend.getByRole("combobox", { name: "Colour by" })).toHaveText(
    `feature ${name} on axis 1`,
  );

  await focus(page, 7);
  await panel(page).getByRole("button", { name: "Colour by winning feature" }).click();
  await expect(legend.getByRole("combobox", { name: "Colour by" })).toHaveText("winning feature");
  const painted = async () =>
    (await appOf(page)).evaluate(({ viewer }) => {
      const { id, groups } = viewer.state.grouping.value!;
      const names = groups.map((group) => group.name);
      return { id, names, n: groups.map((group) => group.count) };
    });
  await expect.poll(async () => (await painted()).id).toBe("winning");
  const won = await painted();
  expect(won.n.reduce((sum, n) => sum + n)).toBe(300);
  // Two rows have no place at this step, so no feature wins there.
  expect(won.n[won.names.indexOf("missing")]).toBe(2);
});

test("a feature is found by name and its bar stays", async ({ page, server }) => {
  await open(page, server, "run=moving&dim=2&space=logits");
  await ready(page);
  await focus(page, 7);
  const field = panel(page).getByRole("combobox", { name: "Find a feature" });
  await field.fill("be");
  // The scores of classes are named after the classes.
  const features = panel(page).getByRole("listbox", { name: "Features" });
  await expect(features.getByRole("option")).toHaveText([/^bee/]);
  await page.keyboard.press("Enter");
  await expect(panel(page).getByRole("button", { name: "Let go of bee" })).toBeVisible();
  // Letters typed in the field are not commands of the viewer.
  await expect(page.getByRole("button", { name: "Trails" })).toHaveAttribute(
    "aria-pressed",
    "false",
  );
});

test("what moved a point since a marked step is said by feature", async ({ page, server }) => {
  await open(page, server, "run=moving&dim=2");
  await page.keyboard.press("Home");
  await ready(page);
  await page.keyboard.press("x");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await ready(page);
  await focus(page, 7);
  await expect(page.getByRole("heading", { name: "Why did it move" })).toBeVisible();
  const [then, now] = await (
    await appOf(page)
  ).evaluate(async ({ viewer, client }) => {
    const source = viewer.session.projections.framesOf(2).current!;
    const at = async (step: number) => (await client.frame({ ...source, step })).coordinates[14]!;
    return [await at(0), await at(20)];
  });
  await expect(panel(page).getByText("at step 0")).toBeVisible();
  const check = await sums(page);

  expect(check["at step 0"]).toBeCloseTo(then!, 2);
  expect(check["moved by the features"]).toBeCloseTo(now! - then!, 2);
  expect(check["on the map"]).toBeCloseTo(now!, 2);

  // The same question is a choice in the panel, which also goes back to the other one.
  const question = panel(page).getByRole("combobox", { name: "What to explain" });
  await expect(question).toHaveText("what moved it since step 0");
  await question.press("Enter");
  await question.press("Home");
  await question.press("Enter");
  await expect(page.getByRole("heading", { name: "Why here" })).toBeVisible();
  await expect(panel(page).getByText("at step 0")).toHaveCount(0);
});

test("a map without loadings is explained when somebody asks, or it says that it does not know", async ({
  page,
}) => {
  test.skip(!hasTorch(), "a network has to stand in, which needs torch");
  test.setTimeout(400_000);
  const folder = mkdtempSync(join(tmpdir(), "driftglass-why-"));
  await store("make", join(folder, "runs"));
  const key = await store("map", join(folder, "runs"), "moving");
  const server = new Server(join(folder, "runs"));
  await server.start();
  try {
    await open(page, server, `run=moving&dim=2&map=${encodeURIComponent(JSON.stringify({ key }))}`);
    await focus(page, 7);
    const offer = panel(page).getByRole("button", { name: /Explain this step/ });
    await expect(offer).toBeVisible();
    // Maps may be made meanwhile; their jobs say of what request.
    const jobs = await page.evaluate(async () => (await fetch("/api/jobs")).json());
    const others = (jobs as { request: unknown }[]).filter((job) => job.request === null);
    expect(others).toEqual([]);
    await offer.click();
    const answered = panel(page).getByLabel("Sum check").or(panel(page).getByText("does not know"));
    await expect(answered.first()).toBeVisible({ timeout: 300_000 });
    const knows = await (
      await appOf(page)
    ).evaluate(({ viewer }) => {
      const answer = viewer.why.answer.value;
      return answer?.status === "ready" ? answer.knows : null;
    });
    if (knows) await expect(panel(page).getByText(/a network stands in/)).toBeVisible();
    else await expect(panel(page).getByText("It does not know why.")).toBeVisible();
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});

test("below the threshold nothing is shown as an explanation", async ({ page }) => {
  await page.goto("/gallery.html?show=unexplained");
  await expect(panel(page).getByText("It does not know why.")).toBeVisible();
  await expect(panel(page).getByText(/R² 0.412/)).toBeVisible();
  await expect(panel(page).getByRole("list", { name: /Contributions/ })).toHaveCount(0);
  await expect(page.locator("svg.arrows")).toHaveCount(0);
});

test("without torch the panel says what to install", async ({ page }) => {
  await page.goto("/gallery.html?show=torchless");
  await expect(panel(page).getByText(/pip install 'driftglass\[torch\]'/)).toBeVisible();
  await expect(panel(page).getByRole("button", { name: /Explain/ })).toHaveCount(0);
});

test("a fit that logs itself is watched epoch by epoch", async ({ page }) => {
  test.skip(!hasTorch(), "a network needs torch");
  test.setTimeout(180_000);
  const folder = mkdtempSync(join(tmpdir(), "driftglass-fit-"));
  await store("make", join(folder, "runs"));
  const server = new Server(join(folder, "runs"));
  await server.start();
  try {
    await open(page, server, "run=moving");
    const fitted = store("fit", join(folder, "runs"), "glass");
    await expect
      .poll(
        async () =>
          (await appOf(page)).evaluate(({ viewer }) =>
            viewer.state.runs.value?.some((one) => one.name === "glass"),
          ),
        { timeout: 60_000 },
      )
      .toBe(true);
    await (await appOf(page)).evaluate(({ viewer }) => viewer.session.open("glass"));
    await fitted;
    const epochs = () =>
      appOf(page).then((app) => app.evaluate(({ viewer }) => viewer.state.timeline.steps.value));
    await expect.poll(async () => (await epochs()).length, { timeout: 60_000 }).toBeGreaterThan(5);
    await ready(page);
    const step = page.getByRole("region", { name: "Step" });
    await expect(step.getByText("loss", { exact: true })).toBeVisible();
    // Two features are shown as they are.
    await expect(page.locator('[data-part="projection"]')).toContainText("As logged");
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
