import type { Page } from "@playwright/test";
import { arrayNamed, decode } from "../src/data/wire.js";
import { appOf, expect, open, ready, store, test, type Server } from "./served.js";

const N = 300;
// Enough rows that 5,000 rounds outlast on any machine a test that must catch the map halfway.
const MANY = 6_000;
const label = (page: Page) => page.locator('[data-part="projection"]');

// A run of its own: what is kept here must not be what other tests find.
test.beforeAll(async ({ folder }) => {
  await store("again", folder, "maps");
  await store("large", folder, String(MANY));
});

/** Opens the panel of maps and chooses a method. */
async function choose(page: Page, method: string): Promise<void> {
  const panel = page.getByRole("complementary", { name: "Maps" });
  if (!(await panel.isVisible())) await page.keyboard.press("p");
  await page.getByRole("combobox", { name: "Method" }).click();
  await page.getByRole("option", { name: method, exact: true }).click();
}

/** Waits until no map turns into another any more. */
async function settled(page: Page): Promise<void> {
  await ready(page);
  const app = await appOf(page);
  const still = () =>
    app.evaluate(({ stage }) => {
      const view = stage.view();
      return view !== null && view.from === view.to;
    });
  await expect.poll(still).toBe(true);
}

async function make(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Make it" }).click();
}

/** Coordinates of the map on screen at the step on screen, as the server keeps them. */
async function kept(page: Page, server: Server, fit: 2 | 3): Promise<Float32Array> {
  const app = await appOf(page);
  const [run, key, step] = await app.evaluate(({ viewer: { state } }, fit) => {
    const info = (fit === 3 ? state.spatial : state.planar).value;
    return [state.run.value!.name, info!.key, state.timeline.step.value] as const;
  }, fit);
  const root = `http://127.0.0.1:${server.port}/api/runs/${run}`;
  const answer = await page.request.get(`${root}/frames?projection=${key}&step=${step}`);
  const body = await answer.body();
  const bytes = body.buffer.slice(body.byteOffset, body.byteOffset + body.byteLength);
  return arrayNamed(decode(bytes as ArrayBuffer), "coordinates", Float32Array);
}

/** Waits until what is drawn is what the server keeps, to the bit. */
async function drawnAsKept(page: Page, server: Server): Promise<void> {
  await settled(page);
  const same = async () => {
    const [drawn, wanted] = [await onGpu(page, "planar"), await kept(page, server, 2)];
    return drawn.every((value, i) => Object.is(value, wanted[i]));
  };
  await expect.poll(same).toBe(true);
}

async function onGpu(page: Page, fit: "planar" | "spatial", n = N): Promise<number[]> {
  const app = await appOf(page);
  return app.evaluate(
    ({ stage, viewer }, [fit, n]) => {
      const rows = Uint32Array.from({ length: n }, (_, row) => row);
      const key = stage.keyOf(viewer.state.timeline.step.value!);
      return [...stage.renderer!.readPositions(key, fit, rows)];
    },
    [fit, n] as const,
  );
}

/** Projections with UMAP that the server has been asked for. */
async function jobs(page: Page, server: Server): Promise<number> {
  const answer = await page.request.get(`http://127.0.0.1:${server.port}/api/jobs`);
  const all = (await answer.json()) as { request: { method?: string } | null }[];
  return all.filter((job) => job.request?.method === "umap").length;
}

test("a method is chosen, its time is said first, and its map is shown", async ({
  page,
  server,
}) => {
  await open(page, server, "run=maps");
  const before = await jobs(page, server);
  await choose(page, "UMAP");
  await page.getByRole("spinbutton", { name: "Neighbours" }).fill("8");
  await page.getByRole("combobox", { name: "Fitted to" }).click();
  await page.getByRole("option", { name: "last step" }).click();
  await expect(page.getByText(/Takes .* here\./)).toBeVisible();

  expect(await jobs(page, server)).toBe(before); // looking starts nothing
  await make(page);

  await expect(label(page)).toContainText("UMAP · 2D · neighbours 8 · basis: last step of 6");
  await drawnAsKept(page, server);
  await expect(page.getByText("Kept already.")).toBeVisible();
  await expect(page).toHaveURL(/map=%5B%22umap%22/);
});

test("rows are sphereized, and labels supervise a map, where the panel says so", async ({
  page,
  server,
}) => {
  await open(page, server, "run=maps");
  await choose(page, "UMAP");
  await page.getByRole("spinbutton", { name: "Neighbours" }).fill("6");
  await page.getByRole("combobox", { name: "Fitted to" }).click();
  await page.getByRole("option", { name: "last step" }).click();
  await page.getByRole("combobox", { name: "Supervised by" }).click();
  await page.getByRole("option", { name: "label" }).click();
  await page.getByLabel("Sphereize").check();
  await make(page);

  await expect(label(page)).toContainText("sphereized");
  await expect(label(page)).toContainText("supervised by label");
  await drawnAsKept(page, server);
});

test("a setting out of its range says which values are allowed", async ({ page, server }) => {
  await open(page, server, "run=maps");
  await choose(page, "UMAP");
  await page.getByRole("spinbutton", { name: "Neighbours" }).fill("1");

  await expect(page.getByText("a whole number from 2 to 500 is needed")).toBeVisible();
  await expect(page.getByRole("button", { name: "Make it" })).toBeDisabled();
});

test("a map is seen while it is made, pauses, and is kept halfway", async ({ page, server }) => {
  await open(page, server, `run=points-${MANY}`);
  await choose(page, "t-SNE");
  await page.getByRole("spinbutton", { name: "Rounds" }).fill("5000");
  await page.getByRole("spinbutton", { name: "Perplexity" }).fill("7");
  await make(page);

  const under = page.getByRole("region", { name: "The map under way" });
  await expect(under).toContainText("t-SNE");
  await expect(page.getByRole("button", { name: "Stop and keep" })).toBeEnabled();
  const app = await appOf(page);
  await expect
    .poll(() => app.evaluate(({ viewer }) => viewer.state.planar.value?.key))
    .toMatch(/^job-/);
  await page.getByRole("button", { name: "Pause" }).click();
  await expect(under).toContainText("Paused");
  await page.getByRole("button", { name: "Resume" }).click();
  await expect(under).toContainText("Making");
  await page.getByRole("button", { name: "Stop and keep" }).click();

  await expect(label(page)).toContainText(/t-SNE · 2D · .*stopped at \d+ %/);
  await expect(under).toBeHidden();
  await ready(page);
  expect(await onGpu(page, "planar", MANY)).toEqual([...(await kept(page, server, 2))]);
  await expect(page.getByRole("button", { name: "Run to the end" })).toBeVisible();
});

test("cancelling a map returns to the one before", async ({ page, server }) => {
  await open(page, server, `run=points-${MANY}&map=` + encodeURIComponent('["pca"]'));
  const before = await onGpu(page, "planar", MANY);
  await choose(page, "t-SNE");
  await page.getByRole("spinbutton", { name: "Rounds" }).fill("5000");
  await page.getByRole("spinbutton", { name: "Seed" }).fill("5");
  await make(page);
  await page.getByRole("button", { name: "Cancel" }).click();

  await expect(label(page)).toContainText("PCA · 2D");
  await ready(page);
  expect(await onGpu(page, "planar", MANY)).toEqual(before);
});

test("switching between kept maps is a movement that ends at the kept coordinates", async ({
  page,
  server,
}) => {
  await open(page, server, "run=maps&map=" + encodeURIComponent('["pca"]'));
  await choose(page, "MDS");
  await make(page);
  await expect(label(page)).toContainText("MDS");
  await settled(page);
  const list = page.getByRole("list", { name: "Kept maps" });
  await list.getByRole("button", { name: /^PCA · 2D/ }).click();
  // Before its name is there, the movement has not begun, and the page seems at rest.
  await expect(label(page)).toContainText("PCA");
  await settled(page);
  const app = await appOf(page);
  const mixes = await app.evaluateHandle(({ stage }) => {
    const seen: number[] = [];
    const look = () => {
      const view = stage.view();
      if (view !== null && view.from !== view.to) seen.push(view.mix);
      if (seen.length < 200) requestAnimationFrame(look);
    };
    look();
    return seen;
  });

  await list.getByRole("button", { name: /^MDS · 2D/ }).click();

  await expect(label(page)).toContainText("MDS");
  await settled(page);
  const seen = await mixes.evaluate((list) => list.filter((mix) => mix > 0 && mix < 1));
  expect(seen.length).toBeGreaterThan(0);
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  expect(await onGpu(page, "planar")).toEqual([...(await kept(page, server, 2))]);
  await expect(list.locator('[aria-current="true"]')).toContainText("MDS · 2D");
});

test("toggling between 2D and 3D twenty times changes no stored coordinate", async ({
  page,
  server,
}) => {
  await open(page, server, "run=maps&map=" + encodeURIComponent('["pca"]'));
  const flat = [...(await kept(page, server, 2))];
  await page.keyboard.press("3");
  await ready(page);
  const deep = [...(await kept(page, server, 3))];
  for (let time = 0; time < 20; time++) await page.keyboard.press(time % 2 ? "3" : "2");
  await ready(page);

  expect([...(await kept(page, server, 3))]).toEqual(deep);
  expect(await onGpu(page, "spatial")).toEqual(deep);
  await page.keyboard.press("2");
  await ready(page);
  expect([...(await kept(page, server, 2))]).toEqual(flat);
  expect(await onGpu(page, "planar")).toEqual(flat);
});

test("vectors in a plane are shown as they were logged", async ({ page, server, folder }) => {
  await store("plain", folder, "plain");
  await open(page, server, "run=plain");

  await expect(label(page)).toContainText("As logged · 2D · nothing fitted");
  const places = await onGpu(page, "planar");
  const xs = places.filter((_, i) => i % 2 === 0);
  expect(Math.max(...xs) - Math.min(...xs)).toBeGreaterThan(100); // the wide axis stays the first
});

test("an axis between two groups puts them at its ends", async ({ page, server }) => {
  await open(page, server, "run=maps&map=" + encodeURIComponent('["pca"]'));
  await choose(page, "Axes between groups");
  await expect(page.getByText("Choose both ends of each axis.")).toBeVisible();
  const ends = { "X from": "ant", "X to": "bee", "Y from": "round", "Y to": "dark" };
  for (const [end, value] of Object.entries(ends)) {
    await page.getByRole("combobox", { name: end }).click();
    await page.getByRole("option", { name: value, exact: true }).click();
  }
  await page.getByRole("combobox", { name: "Fitted to" }).click();
  await page.getByRole("option", { name: "last step" }).click();
  await make(page);

  await expect(label(page)).toContainText("ant → bee · round → dark");
  await ready(page);
  const app = await appOf(page);
  const [ant, bee] = await app.evaluate(({ viewer, stage }) => {
    const { state } = viewer;
    const rows = (key: string) => state.grouping.value!.rowsOf(key).rows;
    const mean = (key: string) => {
      const places = stage.renderer!.readPositions(stage.keyOf(200), "planar", rows(key));
      const xs = [...places].filter((x, i) => i % 2 === 0 && Number.isFinite(x));
      return xs.reduce((sum, x) => sum + x, 0) / xs.length;
    };
    return [mean("=ant"), mean("=bee")];
  });
  expect(ant).toBeCloseTo(0, 4);
  expect(bee).toBeCloseTo(1, 4);
});
