import { execFileSync } from "node:child_process";
import type { Page } from "@playwright/test";
import { appOf, expect, open, python, ready, test } from "./served.js";

const panel = (page: Page) => page.getByRole("region", { name: /^Neighbours/ });
const list = (page: Page) => panel(page).getByRole("list");

async function focus(page: Page, row: number): Promise<string> {
  return (await appOf(page)).evaluate(async ({ viewer }, row) => {
    viewer.state.focus.set(row);
    return String((await viewer.items.ids([row]))[0]);
  }, row);
}

/** Ids nearest to one, by brute force in another process. */
function bruteForce(folder: string, item: string, step: number, metric: string): string[] {
  const script = `
import json, sys
import numpy as np
import driftglass as dg
folder, item, step, metric = sys.argv[1:]
snapshot = dg.open(folder).run("moving").snapshot("hidden", int(step))
keep = np.isfinite(snapshot.vectors).all(axis=1)
X, ids = snapshot.vectors[keep].astype(float), snapshot.ids[keep]
own = X[ids == item][0]
if metric == "cosine":
    d = 1 - X @ own / np.linalg.norm(X, axis=1) / np.linalg.norm(own)
else:
    d = np.linalg.norm(X - own, axis=1)
d[ids == item] = np.inf
print(json.dumps(ids[np.argsort(d, kind="stable")[:15]].tolist()))
`;
  const said = execFileSync(python, ["-c", script, folder, item, String(step), metric]);
  return JSON.parse(said.toString()) as string[];
}

test("a point's neighbours are those of its vector, with their distances", async ({
  page,
  server,
  folder,
}) => {
  await open(page, server);
  for (const row of [5, 77]) {
    const item = await focus(page, row);
    const expected = bruteForce(folder, item, 200, "euclidean");
    await expect(list(page).locator(".id")).toHaveText(expected);
  }
  await expect(panel(page).getByText("exact among 300 items")).toBeVisible();
  const distances = await list(page).locator(".distance").allTextContents();
  const numbers = distances.map(Number);
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  await expect(list(page).locator("canvas").first()).toBeVisible();
});

test("the reader chooses the distance", async ({ page, server, folder }) => {
  await open(page, server);
  const item = await focus(page, 33);
  await panel(page).getByLabel("Distance").selectOption("cosine");

  await expect(list(page).locator(".id")).toHaveText(bruteForce(folder, item, 200, "cosine"));
});

test("lines go to them on the map, and away with N", async ({ page, server }) => {
  await open(page, server);
  await focus(page, 33);
  await expect(list(page).getByRole("listitem")).toHaveCount(15);
  const drawn = () =>
    appOf(page).then((app) =>
      app.evaluate(({ viewer }) =>
        (viewer.state.lines.of("neighbors")?.lines ?? []).flatMap((set) => [...Array.from(set.to)]),
      ),
    );
  const rows = await (
    await appOf(page)
  ).evaluate(({ viewer }) => viewer.neighbors.answer.value!.neighbors!.map((one) => one.row));

  expect((await drawn()).sort()).toEqual(rows.sort());
  await page.keyboard.press("n");
  expect(await drawn()).toEqual([]);
  await page.keyboard.press("n");
  expect((await drawn()).length).toBe(15);
});

test("two steps are compared: both, here only, there only", async ({ page, server, folder }) => {
  await open(page, server);
  const item = await focus(page, 5);
  await panel(page).getByLabel("Compare with step").selectOption("0");
  const now = bruteForce(folder, item, 200, "euclidean");
  const then = bruteForce(folder, item, 0, "euclidean");
  const both = now.filter((id) => then.includes(id));
  await expect(panel(page).locator('[data-part="shared"] b')).toHaveText(String(both.length));

  const entries = await list(page)
    .getByRole("listitem")
    .evaluateAll((items) =>
      items.map((one) => [
        one.querySelector(".id")!.textContent,
        one.querySelector(".tag")!.textContent,
      ]),
    );
  expect(entries).toEqual([
    ...now.map((id) => [id, then.includes(id) ? "both" : "A"]),
    ...then.filter((id) => !now.includes(id)).map((id) => [id, "B"]),
  ]);
});

test("two spaces are compared as well", async ({ page, server }) => {
  await open(page, server);
  await focus(page, 5);
  await panel(page).getByLabel("Compare with space").selectOption("logits");

  await expect(panel(page).locator('[data-part="shared"]')).toContainText("logits only");
});

test("an item that has no vector at the other step says so", async ({ page, server }) => {
  await open(page, server, "run=moving&step=100");
  await ready(page);
  // Rows 4 and 9 of the log diverge at the last step.
  const row = await (
    await appOf(page)
  ).evaluate(async ({ viewer }) => {
    const all = await viewer.items.ids(Array.from({ length: 300 }, (_, i) => i));
    return all.indexOf("item-004");
  });
  await focus(page, row);
  await panel(page).getByLabel("Compare with step").selectOption("200");

  await expect(panel(page).getByText(/is not finite, so nothing is near it/)).toBeVisible();
  await expect(list(page).getByRole("listitem")).toHaveCount(15);
});

test("neighbours can be followed, and selected", async ({ page, server }) => {
  await open(page, server);
  await focus(page, 5);
  const second = list(page).getByRole("button").nth(1);
  const id = (await second.locator(".id").textContent())!;
  await second.focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("region", { name: "Details" }).locator(".id")).toHaveText(id);
  await panel(page).getByRole("button", { name: "Select these neighbours" }).click();

  await expect(page.locator(".selected")).toHaveText("16 selected");
});

test("the inspector says how far the place of one item can be trusted", async ({
  page,
  server,
}) => {
  await open(page, server);
  await focus(page, 5);
  const said = page.getByRole("region", { name: "Details" }).locator('[data-part="trust-of-item"]');
  const trust = await (
    await appOf(page)
  ).evaluate(({ viewer }) => viewer.session.projections.trust.read()![5]! / 254);

  await expect(said).toHaveText(trust.toFixed(2));
});

test("a search that takes long waits for the reader", async ({ page }) => {
  await page.goto("/gallery.html?show=costly");
  await expect(panel(page).getByText(/takes a while, so it waits for you/)).toBeVisible();
  await panel(page)
    .getByRole("button", { name: /Look at all of them · about 12 s/ })
    .click();

  await expect(list(page).getByRole("listitem")).toHaveCount(15);
});
