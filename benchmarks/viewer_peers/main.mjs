/**
 * The viewer beside TensorBoard's projector and the map of embedding-atlas, in one browser without
 * a GPU: from the command to the first picture, bytes, memory, frames, rectangle, colour, search.
 *
 *     node benchmarks/viewer_peers/main.mjs --peers ~/peers/bin/python
 *     node benchmarks/viewer_peers/main.mjs --vectors mnist.npz --points 70000 1000000
 *     … --atlas ~/node_modules/embedding-atlas --repeats 1
 *
 * `--peers` has the tensorboard package; without it, or without `--atlas`, that viewer is left out.
 * TensorBoard shows the first 100,000 points, and is measured with what it shows. Every page is
 * looked at from outside: screenshots, mouse and keys.
 */

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import * as measure from "./measures.mjs";
import { atlas, driftglass, tensorboard } from "./pages.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const { chromium } = createRequire(join(root, "web/package.json"))(
  "@playwright/test",
);
const python = process.env.DRIFTGLASS_PYTHON ?? join(root, ".venv/bin/python");
const executablePath =
  process.env.DRIFTGLASS_CHROMIUM ??
  (existsSync("/usr/bin/chromium") ? "/usr/bin/chromium" : undefined);
const SIZE = { width: 1280, height: 800 };
const FLAGS = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  "--disable-background-networking",
];
const INK = 0.02; // share of the map that must be drawn to count as a picture

const { values: options } = parseArgs({
  options: {
    points: { type: "string", multiple: true, default: ["70000", "1000000"] },
    vectors: { type: "string" },
    peers: { type: "string" },
    atlas: { type: "string" },
    repeats: { type: "string", default: "3" },
    pictures: { type: "string" },
  },
});

/** One viewer, once: a fresh server, a fresh browser. */
async function once(viewer, folder, picture) {
  const start = performance.now();
  const server = await viewer.start(folder);
  const started = performance.now() - start;
  const chrome = await chromium.launch({ executablePath, args: FLAGS });
  try {
    const context = await chrome.newContext({ viewport: SIZE });
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
    await page.goto(server.url);
    await viewer.points(page).waitFor({ timeout: 300_000 });
    const area = await viewer.canvas(page).boundingBox();
    while ((await measure.inked(page, eye, area)) < INK) {
      if (performance.now() - opened > 300_000) throw new Error("no picture");
    }
    const figures = { first_picture_seconds: (started + performance.now() - opened) / 1000 };
    await viewer.rest(page, area);
    await page.waitForTimeout(1500);
    if (picture) await page.screenshot({ path: picture });
    figures.shown = await viewer.points(page).innerText();
    figures.megabytes = bytes / 1e6;
    const browser = browserOf(process.pid);
    figures.page_memory_megabytes = measure.memory(browser);
    figures.server_memory_megabytes =
      server.pid === null ? null : measure.memory(server.pid);
    const frame = viewer.frameOf(page);
    const used = measure.processor(browser);
    figures.resting_frame_ms = await measure.frames(page, frame, area, false);
    figures.resting_processor_percent = ((measure.processor(browser) - used) / 3) * 100;
    figures.moving_frame_ms = await measure.frames(page, frame, area, true, measure.pull);
    await viewer.rest(page, area);
    await page.waitForTimeout(500);
    const chosen = () => viewer.recolour(page);
    figures.colour_ms = await measure.recolour(page, area, chosen);
    if (viewer.search) figures.search_ms = await viewer.search(page, "7");
    if (viewer.choose) figures.rectangle_ms = await rectangle(viewer, page, area);
    return figures;
  } finally {
    await chrome.close();
    server.stop();
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

/** From letting go of the mouse to the number of points in the rectangle. */
async function rectangle(viewer, page, area) {
  await viewer.choose(page);
  const at = (x, y) => [area.x + area.width * x, area.y + area.height * y];
  await page.mouse.move(...at(0.3, 0.3));
  await page.mouse.down();
  await page.mouse.move(...at(0.7, 0.7), { steps: 8 });
  const start = performance.now();
  await page.mouse.up();
  await viewer.chosen(page).waitFor({ timeout: 60_000 });
  return performance.now() - start;
}

/** Medians of the figures of several turns. */
function middle(turns) {
  const result = {};
  for (const name of Object.keys(turns[0])) {
    const values = turns.map((turn) => turn[name]).filter((value) => value != null);
    if (values.length === 0) continue;
    if (typeof values[0] === "string") result[name] = values[0];
    else if (typeof values[0] === "object") result[name] = middle(values);
    else result[name] = measure.round(measure.median(values));
  }
  return result;
}

const viewers = [driftglass(python, "fresh"), driftglass(python, "kept")];
if (options.peers) viewers.push(tensorboard(options.peers));
if (options.atlas) viewers.push(atlas(options.atlas));
const figures = [];
for (const points of options.points.map(Number)) {
  const given = options.vectors && points <= 70_000;
  const folder = mkdtempSync(join(tmpdir(), "driftglass-peers-"));
  console.log(`making ${points} points …`);
  const making = ["-m", "benchmarks.viewer_data", folder, String(points)];
  execFileSync(python, [...making, ...(given ? [options.vectors] : [])], { cwd: root });
  try {
    const turns = new Map(viewers.map((viewer) => [viewer.name, []]));
    for (let repeat = 0; repeat < Number(options.repeats); repeat++) {
      for (const viewer of viewers) {
        const name = `${viewer.name}-${points}.png`.replaceAll(/[ ,]+/g, "-");
        const picture = options.pictures && join(options.pictures, name);
        try {
          turns.get(viewer.name).push(await once(viewer, folder, picture));
        } catch (error) {
          console.log(`  ${viewer.name}: ${String(error).split("\n")[0]}`);
        }
      }
    }
    for (const viewer of viewers) {
      const all = turns.get(viewer.name);
      if (all.length === 0) continue;
      const figure = {
        ...{ viewer: viewer.name, from: viewer.from, points },
        ...{ data: given ? "given" : "planted", turns: all.length, ...middle(all) },
      };
      console.log(JSON.stringify(figure));
      figures.push(figure);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
const keep =
  "import json, sys; from benchmarks import record; print(record.write('viewer-peers', json.load(sys.stdin)))";
const path = execFileSync(python, ["-c", keep], {
  cwd: root,
  input: JSON.stringify(figures),
});
console.log(String(path).trim());
