import { execFile } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect, test, type Page } from "@playwright/test";
import { inKernel, inWidget, Lab, save } from "./notebook.js";
import { python } from "./served.js";

const MANY = `
import numpy as np
import driftglass as dg
rng = np.random.default_rng(0)
n = 100_000
label = rng.integers(0, 5, n)
X = (rng.normal(size=(n, 2)) + 4 * np.eye(5, 2)[label]).astype(np.float32)
# Ids of 120 characters: all of them together are 12 MB.
ids = [f"{row:0120d}" for row in range(n)]
many = dg.Widget([X, X * 1.5], labels=[f"group {k}" for k in label], ids=ids, step=0,
    map="as_logged")
many`;

const DIGITS = `
from sklearn.datasets import load_digits
from driftglass.widget import link
data = load_digits()
rows = rng.permutation(300)
one = dg.Widget(data.data[:300], labels=[str(v) for v in data.target[:300]],
    ids=[f"d{k}" for k in range(300)], embed=True, height=420)
other = dg.Widget(data.data[rows], labels=[str(v) for v in data.target[rows]],
    ids=[f"d{k}" for k in rows], embed=True, height=420)
link(one, other)
display(one, other, dg.Widget(data.data[:50], height=300))`;

test.describe.configure({ mode: "serial" });
test.setTimeout(180_000);

let lab: Lab;
let page: Page;
const errors: string[] = [];

test.beforeAll(async ({ browser }) => {
  test.setTimeout(180_000);
  lab = new Lab();
  await lab.start();
  lab.write("maps.ipynb", [MANY, DIGITS]);
  page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
  page.on("pageerror", (error) => errors.push(error.message));
  await lab.run(page, "maps.ipynb");
});

test.afterAll(async () => {
  await page?.close();
  await lab?.stop();
});

const ready = (number: number) =>
  expect
    .poll(
      () =>
        inWidget(page, number, ({ viewer }) => viewer.state.status.value.kind).catch(() => "none"),
      { timeout: 90_000 },
    )
    .toBe("ready");

test("a widget draws a hundred thousand points that came through the kernel", async () => {
  await ready(0);
  await expect
    .poll(() => inWidget(page, 0, ({ viewer }) => viewer.state.shown.value))
    .toMatchObject({ drawn: 100_000, total: 100_000, sampling: "all" });
  if (process.env.DRIFTGLASS_SHOTS) await page.screenshot({ path: "/tmp/dg/shots/lab.png" });
});

test("a lasso on the page changes widget.selection, and setting it changes the page", async () => {
  const surface = page.locator(".jp-OutputArea canvas").first();
  const box = (await surface.boundingBox())!;
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x - 120, y - 100);
  await page.keyboard.down("Shift");
  await page.mouse.down();
  for (const [dx, dy] of [
    [120, -100],
    [120, 100],
    [-120, 100],
    [-120, -100],
  ] as const) {
    await page.mouse.move(x + dx, y + dy, { steps: 4 });
  }
  await page.mouse.up();
  await page.keyboard.up("Shift");
  await expect
    .poll(() => inWidget(page, 0, ({ viewer }) => viewer.state.selection.count.value))
    .toBeGreaterThan(1000);
  const drawn = await inWidget(page, 0, ({ viewer }) => viewer.state.selection.count.value);

  await expect
    .poll(() => inKernel(page, "print(len(many.selection), len(one.selection))"))
    .toBe(`${drawn} 0`);

  await inKernel(page, "many.selection = ids[7:10]");
  await expect
    .poll(() => inWidget(page, 0, ({ viewer }) => viewer.state.selection.count.value))
    .toBe(3);
  expect(await inKernel(page, "print([int(one) for one in many.selection])")).toBe("[7, 8, 9]");
});

test("a selection of 12 MB arrives at the kernel", async () => {
  const sent = await inWidget(page, 0, async ({ client, viewer }) => {
    const run = viewer.state.run.value!;
    const ids: (string | number)[] = [];
    while (ids.length < run.n_items) {
      ids.push(...(await client.ids(run.name, ids.length, run.n_items)));
    }
    const { transport } = client as unknown as {
      transport: { send(path: string, body: unknown): Promise<unknown> };
    };
    await transport.send(`/api/runs/${run.name}/selected`, { ids });
    return JSON.stringify(ids).length;
  });

  expect(sent).toBeGreaterThan(12_000_000);
  expect(await inKernel(page, "print(len(many.selection), set(many.selection) == set(ids))")).toBe(
    "100000 True",
  );
});

test("Python drives the page while it is open", async () => {
  await inKernel(page, "many.step = 1; many.color = 'nothing'; many.theme = 'light'");
  await expect
    .poll(() =>
      inWidget(page, 0, ({ viewer: { state } }) => [
        state.timeline.step.value,
        state.coloring.value.by,
        state.theme.value,
      ]),
    )
    .toEqual([1, "nothing", "light"]);

  await inWidget(page, 0, ({ viewer }) => viewer.state.timeline.seek(0));
  await expect.poll(() => inKernel(page, "print(many.step)")).toBe("0");
});

test("linked widgets follow each other by id, and no other", async () => {
  await page.locator("iframe, .jp-OutputArea canvas").nth(1).scrollIntoViewIfNeeded();
  await ready(1);
  await ready(2);
  await inKernel(page, "many.selection = []");
  await inKernel(page, "one.selection = ['d5', 'd17']");

  await expect
    .poll(() => inKernel(page, "print(sorted(map(str, other.selection)), len(many.selection))"))
    .toBe("['d17', 'd5'] 0");
  if (process.env.DRIFTGLASS_SHOTS) await page.screenshot({ path: "/tmp/dg/shots/lab2.png" });
});

test("keys pressed in the notebook are not the widget's, nor the other way round", async ({
  browser,
}) => {
  lab.write("keys.ipynb", [
    "import numpy as np, driftglass as dg\ndg.Widget(np.random.rand(99, 2), map='as_logged')",
    "1 + 1",
  ]);
  const own = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
  await lab.run(own, "keys.ipynb");
  await own.locator(".jp-OutputArea canvas").first().waitFor();
  const tool = () => inWidget(own, 0, ({ viewer }) => viewer.state.tool.value);
  await expect.poll(() => tool().catch(() => "none")).toBe("pan");
  await own.locator(".jp-Cell .jp-InputPrompt").first().click();
  await own.keyboard.press("l");
  expect(await tool()).toBe("pan");

  await own
    .locator(".jp-OutputArea canvas")
    .first()
    .click({ position: { x: 300, y: 100 } });
  await own.keyboard.press("l");
  await own.keyboard.press("d");
  await own.keyboard.press("d");

  await expect.poll(tool).toBe("lasso");
  expect(await own.locator(".jp-Cell").count()).toBe(2);
  await own.close();
});

test("the notebook as HTML shows picture and page without a kernel and without a network", async ({
  browser,
}) => {
  await save(page);
  await promisify(execFile)(
    python,
    ["-m", "jupyter", "nbconvert", "--to", "html", join(lab.folder, "maps.ipynb")],
    { cwd: lab.folder },
  );
  const context = await browser.newContext({ offline: true });
  const still = await context.newPage();
  await still.goto(pathToFileURL(join(lab.folder, "maps.html")).href);

  const picture = still.locator("figure img");
  await picture.waitFor({ timeout: 20_000 });
  expect(await picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(960);
  const frames = still.locator('iframe[title$="driftglass"]');
  expect(await frames.count()).toBe(2);
  const selected = (number: number) =>
    frames.nth(number).contentFrame().locator(".selected .mono").first();
  await frames.nth(1).scrollIntoViewIfNeeded();
  const map = frames.nth(0).contentFrame().locator("canvas").first();
  await map.waitFor({ timeout: 60_000 });
  await frames.nth(0).scrollIntoViewIfNeeded();
  await expect(frames.nth(0).contentFrame().getByText("300 of 300 points")).toBeVisible();
  await expect(frames.nth(1).contentFrame().getByText("300 of 300 points")).toBeVisible();
  const box = (await map.boundingBox())!;
  // Beside the button of the legend, which is in this corner.
  await still.mouse.move(box.x + 80, box.y + 2);
  await still.keyboard.down("Shift");
  await still.mouse.down();
  for (const [x, y] of [
    [box.width - 20, 2],
    [box.width - 20, box.height - 2],
    [80, box.height - 2],
  ] as const) {
    await still.mouse.move(box.x + x, box.y + y, { steps: 3 });
  }
  await still.mouse.up();
  await still.keyboard.up("Shift");

  await expect(selected(0)).toHaveText("300");
  await expect(selected(1)).toHaveText("300");
  if (process.env.DRIFTGLASS_SHOTS) await still.screenshot({ path: "/tmp/dg/shots/html.png" });
  await context.close();
  expect(errors).toEqual([]);
});
