/** One turn of one viewer: a fresh server and a fresh browser, looked at from outside. */

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as measure from "./measures.mjs";

export const root = fileURLToPath(new URL("../..", import.meta.url));
const { chromium } = createRequire(join(root, "web/package.json"))("@playwright/test");
const executablePath =
  process.env.DRIFTGLASS_CHROMIUM ??
  (existsSync("/usr/bin/chromium") ? "/usr/bin/chromium" : undefined);
const SIZE = { width: 1280, height: 800 };
const FLAGS = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  "--disable-background-networking",
];
const INK = 0.02; // share of the map that must be drawn to count as a picture
const STEP_SECONDS = 30;
const CLOSING_SECONDS = 10;

/**
 * Measures a viewer on a folder within a limit. What one step did not bring in its own time is
 * named in `missing`, and the others are kept; without a first picture there is nothing to keep.
 */
export async function turn(viewer, folder, { limit, picture }) {
  const figures = { missing: {} };
  const state = { server: null, chrome: null, browser: null };
  try {
    await within(limit, "the turn", measured(viewer, folder, picture, figures, state));
  } catch (error) {
    figures.missing.turn = sentence(error);
  } finally {
    await ended(state);
  }
  return figures;
}

async function measured(viewer, folder, picture, figures, state) {
  const start = performance.now();
  state.server = await viewer.start(folder);
  const started = performance.now() - start;
  state.chrome = await chromium.launch({ executablePath, args: FLAGS });
  state.browser = browserOf(process.pid);
  const context = await state.chrome.newContext({ viewport: SIZE });
  const page = await context.newPage();
  const eye = await context.newPage();
  await page.bringToFront();
  let bytes = 0;
  const wire = await context.newCDPSession(page);
  await wire.send("Network.enable");
  wire.on("Network.loadingFinished", (event) => {
    bytes += event.encodedDataLength;
  });
  // What starting a browser takes is no viewer's merit.
  const opened = performance.now();
  await page.goto(state.server.url);
  await viewer.want?.(page);
  await viewer.points(page).waitFor({ timeout: 0 });
  const area = await viewer.canvas(page).boundingBox({ timeout: 0 });
  while ((await measure.inked(page, eye, area)) < INK) {
    // The limit of the turn ends this for a viewer that draws nothing.
    if (!state.chrome.isConnected()) return;
  }
  const shown = performance.now() - opened;
  figures.first_picture_seconds = (started + shown) / 1000;
  figures.picture_after_opening_seconds = shown / 1000;
  await viewer.rest(page, area);
  await page.waitForTimeout(1500);
  if (picture) await page.screenshot({ path: picture });
  figures.shown = await viewer.points(page).innerText();
  figures.megabytes = bytes / 1e6;
  figures.page_memory_megabytes = measure.memory(state.browser);
  const { pid } = state.server;
  figures.server_memory_megabytes = pid === null ? null : measure.memory(pid);

  const step = async (name, work) => {
    try {
      figures[name] = await within(STEP_SECONDS, name, work());
    } catch (error) {
      figures.missing[name] = sentence(error);
    }
  };
  const frame = viewer.frameOf(page);
  await step("resting_frame_ms", async () => {
    const used = measure.processor(state.browser);
    const gaps = await measure.frames(page, frame, area, false);
    figures.resting_processor_percent = ((measure.processor(state.browser) - used) / 3) * 100;
    return gaps;
  });
  await step("moving_frame_ms", () => measure.frames(page, frame, area, true, measure.pull));
  await viewer.rest(page, area);
  await page.waitForTimeout(500);
  await step("colour_ms", () => measure.recolour(page, area, () => viewer.recolour(page)));
  if (viewer.search) await step("search_ms", () => viewer.search(page, "7"));
  if (viewer.choose) await step("rectangle_ms", () => rectangle(viewer, page, area));
}

/** From letting go of the mouse to the number of points in the rectangle. */
async function rectangle(viewer, page, area) {
  await viewer.choose(page);
  const at = (x, y) => [area.x + area.width * x, area.y + area.height * y];
  await page.mouse.move(...at(0.3, 0.3));
  await page.mouse.down();
  await page.mouse.move(...at(0.7, 0.7), { steps: 8 });
  const start = performance.now();
  await page.mouse.up();
  await viewer.chosen(page).waitFor({ timeout: 0 });
  return performance.now() - start;
}

/** Ends the browser and the server, gently at first. */
async function ended({ chrome, browser, server }) {
  if (chrome !== null) {
    const closing = within(CLOSING_SECONDS, "closing", chrome.close());
    await closing.catch(() => browser && process.kill(browser, "SIGKILL"));
  }
  server?.stop();
}

/** What a promise brings, or an error once it has had its time. */
async function within(seconds, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`${what} took more than ${seconds} s`)),
      1000 * seconds,
    );
  });
  // Whoever is late may still fail later, when nobody listens any more.
  promise.catch(() => undefined);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The process of the browser that this one started last. */
function browserOf(pid) {
  const text = execFileSync("ps", ["-o", "pid=,comm=", "--ppid", String(pid)], {
    encoding: "utf8",
  });
  const lines = text.split("\n").filter((line) => /chrom/.test(line));
  return Number(lines.at(-1).trim().split(/\s+/)[0]);
}

const sentence = (error) => String(error.message ?? error).split("\n")[0];
