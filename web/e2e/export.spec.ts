// One page from the disk, with the network off: what people send each other.
import { execFile } from "node:child_process";
import { createReadStream, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { test as base, expect, type Page } from "@playwright/test";
import { faultsOf } from "./axe.js";
import { appOf, ready } from "./served.js";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const venv = here("../../.venv/bin/python");
const python = process.env.DRIFTGLASS_PYTHON ?? (existsSync(venv) ? venv : "python3");

interface Told {
  nbytes: number;
  left_out: string[];
}

interface Exported {
  folder: string;
  told: Record<"map" | "few" | "site", Told>;
}

const test = base.extend<{ asked: string[] }, { exported: Exported }>({
  exported: [
    // eslint-disable-next-line no-empty-pattern
    async ({}, use) => {
      const folder = mkdtempSync(join(tmpdir(), "driftglass-export-"));
      const { stdout } = await promisify(execFile)(python, [here("make_export.py"), folder]);
      const told = JSON.parse(stdout.trim().split("\n").at(-1)!) as Exported["told"];
      await use({ folder, told });
      rmSync(folder, { recursive: true, force: true });
    },
    { scope: "worker", timeout: 180_000 },
  ],
  // Every request of every test, so that one that leaves the page is seen.
  asked: [
    async ({ page }, use) => {
      const asked: string[] = [];
      const wrong: string[] = [];
      page.on("request", (request) => asked.push(request.url()));
      page.on("pageerror", (error) => wrong.push(error.message));
      page.on("console", (message) => {
        if (message.type() === "error") wrong.push(message.text());
      });
      page.on("dialog", (dialog) => {
        wrong.push(`dialog: ${dialog.message()}`);
        void dialog.dismiss();
      });
      await use(asked);
      expect(wrong).toEqual([]);
    },
    { auto: true },
  ],
});

const outside = (asked: string[], home: string) =>
  asked.filter((url) => !url.startsWith(home) && !/^(data|blob):/.test(url));

async function openFile(page: Page, path: string): Promise<number> {
  await page.context().setOffline(true);
  const begun = Date.now();
  await page.goto(pathToFileURL(path).href);
  await ready(page);
  return Date.now() - begun;
}

test("opens from the disk with the network off, and asks for nothing", async ({
  page,
  exported,
  asked,
}) => {
  const milliseconds = await openFile(page, join(exported.folder, "map.html"));
  console.error(`map.html: ${exported.told.map.nbytes} bytes, ${milliseconds} ms`);

  expect(exported.told.map.nbytes).toBeLessThanOrEqual(8_000_000);
  expect(asked.filter((url) => !/^(data|blob):/.test(url))).toHaveLength(1);
  const app = await appOf(page);
  expect(await app.evaluate((one) => one.viewer.state.shown.value.drawn)).toBe(1797);
  expect(await app.evaluate((one) => one.viewer.state.timeline.steps.value.length)).toBe(40);
});

test("moves through its steps and turns to three dimensions", async ({ page, exported }) => {
  await openFile(page, join(exported.folder, "map.html"));
  await page.keyboard.press("Home");
  await ready(page);
  await page.keyboard.press("3");
  await ready(page);
  const app = await appOf(page);

  expect(await app.evaluate((one) => one.viewer.state.timeline.step.value)).toBe(0);
  expect(await app.evaluate((one) => one.stage.depth.value)).toBe(1);
});

test("shows an item with its picture, prediction and its text as text", async ({
  page,
  exported,
  asked,
}) => {
  await openFile(page, join(exported.folder, "map.html"));
  const app = await appOf(page);
  const item = await app.evaluate((one) => one.viewer.items.details(7));
  const tile = await app.evaluate(async (one) => {
    const found = await one.viewer.items.thumbnail(7);
    return found && [found.width, found.height, found.page.width > 0];
  });
  await app.evaluate((one) => one.viewer.state.focus.set(7));

  expect(item.row).toBe(7);
  expect(item.metadata.note).toContain("<img");
  expect(item.prediction?.confidence).toBeGreaterThan(0);
  expect(tile).toEqual([8, 8, true]);
  await expect(page.getByText(/scan \d+ <\/script><img/).first()).toBeVisible();
  await expect
    .poll(() => app.evaluate((one) => one.viewer.neighbors.answer.value?.method))
    .toBe("exact");
  const near = await app.evaluate((one) => one.viewer.neighbors.answer.value?.neighbors ?? []);
  expect(near).toHaveLength(10);
  await expect.poll(() => app.evaluate((one) => one.viewer.why.answer.value?.status)).toBe("ready");
  expect(near[0]!.distance).toBeGreaterThan(0);
  expect(exported.told.map.left_out.join()).toContain("neighbours beyond the 10 nearest");
  expect(await faultsOf(page)).toEqual([]);
  await page.keyboard.press("m");
  expect(await faultsOf(page, ["color-contrast"])).toEqual([]);
  expect(await page.locator('img[src*="example.invalid"]').count()).toBe(0);
  expect(outside(asked, "file://")).toEqual([]);
});

test("stands images in the place of dots, and gives pictures and tables away", async ({
  page,
  exported,
  asked,
}) => {
  await openFile(page, join(exported.folder, "map.html"));
  const app = await appOf(page);
  await app.evaluate(({ viewer }) => viewer.state.sprites.crowd.set("all"));
  const images = () =>
    app.evaluate(({ stage }) => (stage.sprites.resting ? stage.renderer!.sprites.count : -1));
  const colours = () =>
    app.evaluate(({ stage }) => {
      const { data } = stage.renderer!.capturePixels(stage.view()!, 1);
      return new Set(new Uint32Array(data.buffer)).size;
    });
  await expect.poll(images).toBeGreaterThan(200);
  const withImages = await colours();
  await page.keyboard.press("s");
  await expect.poll(() => app.evaluate(({ stage }) => stage.renderer!.sprites.count)).toBe(0);
  // Images bring shades that no dot has.
  expect(withImages).toBeGreaterThan(1.5 * (await colours()));

  await page.keyboard.press("Control+e");
  const picture = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save the picture" }).click();
  const png = readFileSync(await (await picture).path());
  const table = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save CSV" }).click();
  const csv = readFileSync(await (await table).path(), "utf8");

  expect(png.subarray(1, 4).toString()).toBe("PNG");
  expect(csv.trim().split(/\r?\n/)).toHaveLength(1798);
  expect(outside(asked, "file://")).toEqual([]);
});

test("says what it does not hold, and computes nothing", async ({ page, exported }) => {
  await openFile(page, join(exported.folder, "few.html"));
  const app = await appOf(page);
  const notes = await app.evaluate((one) => one.viewer.state.run.value?.notes ?? []);
  const refused = await app.evaluate((one) =>
    one.client
      .project("digits", { space: "hidden", method: "umap", n_components: 2, random_state: 0 })
      .then(
        () => "",
        (error: Error) => error.message,
      ),
  );

  expect(exported.told.few.left_out).toContain("images");
  expect(notes.at(-1)).toContain("38 steps of 40");
  expect(notes.at(-1)).toContain("1 metadata column: 'label'");
  expect(refused).toContain("computes none");
  expect(await app.evaluate((one) => one.viewer.state.timeline.steps.value)).toEqual([0, 39]);
});

test("holds no path of the machine and no token", ({ exported }) => {
  const text = readFileSync(join(exported.folder, "map.html"), "utf-8");

  expect(text).not.toContain(exported.folder);
  expect(text).not.toContain(tmpdir() + "/");
  expect(text.toLowerCase()).not.toMatch(/"token"|bearer [a-z0-9]/);
});

test("finds rows in a lasso, in a worker without a file", async ({ page, exported, asked }) => {
  await openFile(page, join(exported.folder, "map.html"));
  const map = (await page.locator("canvas").first().boundingBox())!;
  const corner = (x: number, y: number) =>
    page.mouse.move(map.x + x * map.width, map.y + y * map.height, { steps: 4 });
  await page.keyboard.press("l");
  await corner(0.29, 0.04);
  await page.mouse.down();
  for (const [x, y] of [
    [0.97, 0.04],
    [0.97, 0.97],
    [0.29, 0.97],
    [0.29, 0.04],
  ] as const) {
    await corner(x, y);
  }
  await page.mouse.up();
  const app = await appOf(page);

  await expect
    .poll(() => app.evaluate((one) => one.viewer.state.selection.count.value))
    .toBeGreaterThan(1000);
  expect(asked.some((url) => url.startsWith("blob:"))).toBe(true);
});

test("a folder of it works behind any web server", async ({ page, exported, asked }) => {
  const { server, home } = await hosted(join(exported.folder, "site"));
  try {
    await page.goto(`${home}index.html`);
    await ready(page);
    const app = await appOf(page);
    const item = await app.evaluate((one) => one.viewer.items.details(3));

    expect(item.row).toBe(3);
    expect(outside(asked, home)).toEqual([]);
  } finally {
    server.close();
  }
});

const TYPES: Record<string, string> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
};

async function hosted(folder: string): Promise<{ server: Server; home: string }> {
  const server = createServer((request, response) => {
    const path = join(folder, new URL(request.url ?? "/", "http://x").pathname);
    const type = TYPES[extname(path)] ?? "application/octet-stream";
    response.setHeader("Content-Type", type);
    createReadStream(path)
      .on("error", () => response.writeHead(404).end())
      .pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { server, home: `http://127.0.0.1:${port}/` };
}
