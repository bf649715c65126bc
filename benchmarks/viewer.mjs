/**
 * What the viewer costs in a browser without a GPU, on runs that a real server serves:
 * time and bytes to the first points, frames, the lasso, the bundle.
 *
 *     node benchmarks/viewer.mjs
 *     node benchmarks/viewer.mjs 20000 100000        other numbers of points
 *
 * Headless Chromium draws in software, so times are those of the slowest reader.
 */

import { execFileSync, spawn } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const root = fileURLToPath(new URL("..", import.meta.url));
const { chromium } = createRequire(join(root, "web/package.json"))(
  "@playwright/test",
);
const python = process.env.DRIFTGLASS_PYTHON ?? join(root, ".venv/bin/python");
const browserPath =
  process.env.DRIFTGLASS_CHROMIUM ??
  (existsSync("/usr/bin/chromium") ? "/usr/bin/chromium" : undefined);
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
];
const REPEATS = 3;
const SIZE = { width: 1280, height: 800 };
const FRAME_POINTS = 20_000;
const GOALS = { frame: 60, lasso: 80, bundle: 350 };

const counts = process.argv.slice(2).map(Number);
if (counts.length === 0) counts.push(FRAME_POINTS, 100_000, 1_000_000);

const median = (values) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const round = (value) => Number(value.toPrecision(3));

/** Serves a folder; answers with the address and a function that ends it. */
async function serve(folder) {
  const server = spawn(python, [
    ...[
      "-m",
      "driftglass",
      "serve",
      folder,
      "--json",
      "--no-browser",
      "--port",
      "0",
    ],
  ]);
  const line = await new Promise((resolve, reject) => {
    let text = "";
    server.stdout.on(
      "data",
      (part) => (text += part).includes("\n") && resolve(text),
    );
    server.on("exit", (code) =>
      reject(new Error(`driftglass serve ended with ${code}`)),
    );
  });
  return { url: JSON.parse(line).url, stop: () => server.kill("SIGTERM") };
}

/** Notes when the first points and when all points were on screen, and what had come by then. */
function watch() {
  const seen = {};
  globalThis.seen = seen;
  const bytes = () =>
    performance
      .getEntriesByType("resource")
      .reduce((sum, entry) => sum + entry.transferSize, 0) +
    performance
      .getEntriesByType("navigation")
      .reduce((sum, entry) => sum + entry.transferSize, 0);
  const look = () => {
    const app = document.getElementById("app")?.driftglass;
    const shown = app?.viewer.state.shown.value;
    if (shown?.drawn > 0 && seen.first === undefined) {
      app.stage.renderer.finish();
      Object.assign(seen, {
        first: performance.now(),
        firstBytes: bytes(),
        points: shown.drawn,
      });
    }
    if (shown?.drawn > 0 && shown.drawn === shown.total) {
      app.stage.renderer.finish();
      Object.assign(seen, { all: performance.now(), allBytes: bytes() });
      return;
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

/** Opens a run in a fresh browser context, so that nothing is cached. */
async function firstPaint(browser, url, n) {
  const runs = [];
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const context = await browser.newContext({ viewport: SIZE });
    const page = await context.newPage();
    await page.addInitScript(watch);
    await page.goto(`${url}#run=points-${n}`);
    await page.waitForFunction(() => globalThis.seen.all !== undefined, null, {
      timeout: 120_000,
    });
    runs.push(await page.evaluate(() => globalThis.seen));
    await context.close();
  }
  const of = (name) => median(runs.map((run) => run[name]));
  return {
    what: "first paint",
    points: n,
    first_points: of("points"),
    milliseconds: round(of("first")),
    kilobytes: round(of("firstBytes") / 1e3),
    all_points_milliseconds: round(of("all")),
    all_points_kilobytes: round(of("allBytes") / 1e3),
  };
}

/** Frames of a turning camera, each waited for until it is drawn, and lassos around everything. */
async function interact(browser, url, n) {
  const page = await browser.newPage({ viewport: SIZE });
  await page.addInitScript(watch);
  await page.goto(`${url}#run=points-${n}`);
  await page.waitForFunction(() => globalThis.seen.all !== undefined, null, {
    timeout: 120_000,
  });
  const measured = await page.evaluate(
    async ({ frames, drawn }) => {
      const { stage } = document.getElementById("app").driftglass;
      const times = [];
      for (let i = 0; i < frames; i++) {
        // As the page draws while a map moves on a machine that is this slow.
        const view = { ...stage.view(), drawCount: drawn, quick: true };
        const { viewport } = stage.eye;
        view.camera = view.camera.pan(i % 2 ? 3 : -3, 0, viewport, 0);
        const start = performance.now();
        stage.renderer.draw(view);
        stage.renderer.finish();
        times.push(performance.now() - start);
      }
      const { width, height } = stage.eye.viewport;
      const polygon = Float32Array.from({ length: 200 }, (_, i) => {
        const angle = (Math.floor(i / 2) / 100) * 2 * Math.PI;
        const [middle, reach] =
          i % 2 ? [height / 2, height / 3] : [width / 2, width / 3];
        return middle + reach * (i % 2 ? Math.sin(angle) : Math.cos(angle));
      });
      const lassos = [];
      for (let i = 0; i < 5; i++) {
        const start = performance.now();
        await stage.select(polygon, "replace");
        lassos.push({
          whole: performance.now() - start,
          worker: stage.lasso.milliseconds,
        });
      }
      return { times, lassos, inWorker: stage.lasso.inBackground };
    },
    { frames: 20, drawn: Math.min(n, FRAME_POINTS) },
  );
  await page.close();
  // The first lasso sends the positions to the worker; the hand that draws it is slower than that.
  const later = measured.lassos.slice(1);
  return [
    {
      what: "frame",
      points: Math.min(n, FRAME_POINTS),
      of: n,
      milliseconds: round(median(measured.times)),
      goal: `<= ${GOALS.frame} ms`,
    },
    {
      what: "lasso",
      points: n,
      in_worker: measured.inWorker,
      worker_milliseconds: round(median(later.map((one) => one.worker))),
      milliseconds_with_the_way_there_and_back: round(
        median(later.map((one) => one.whole)),
      ),
      goal: `<= ${GOALS.lasso} ms in the worker`,
    },
  ];
}

/** Frames at rest with an image for every point that can be seen, and with dots alone. */
async function imagesOf(browser, url, n) {
  const page = await browser.newPage({ viewport: SIZE });
  await page.addInitScript(watch);
  await page.goto(`${url}#run=pictures-${n}&images=all`);
  const rests = () => {
    const { stage } = document.getElementById("app").driftglass;
    return stage.sprites.resting && stage.renderer.sprites.count > 0;
  };
  await page.waitForFunction(() => globalThis.seen.all !== undefined, null, { timeout: 120_000 });
  await page.waitForFunction(rests, null, { timeout: 120_000 });
  const measured = await page.evaluate(async () => {
    const { stage, viewer } = document.getElementById("app").driftglass;
    const { renderer } = stage;
    const frames = () => {
      const times = [];
      for (let i = 0; i < 9; i++) {
        const view = { ...stage.view(), quick: false };
        const start = performance.now();
        renderer.draw(view);
        renderer.finish();
        times.push(performance.now() - start);
      }
      return times;
    };
    const drawn = renderer.sprites.count;
    const images = frames();
    viewer.state.sprites.shown.set(false);
    while (renderer.sprites.count > 0) await new Promise((next) => requestAnimationFrame(next));
    return { drawn, images, dots: frames() };
  });
  await page.close();
  return {
    what: "images of all points, at rest",
    points: n,
    images_drawn: measured.drawn,
    milliseconds: round(median(measured.images)),
    milliseconds_of_dots_alone: round(median(measured.dots)),
  };
}

/** Size of everything the page loads before data, compressed as the server sends it. */
function bundle() {
  const folder = join(root, "src/driftglass/server/static");
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  const sizes = files
    // What exported pages and notebooks get is the same page again.
    .filter((file) => file.isFile() && !/\/(export|widget)$/.test(file.parentPath))
    .map(
      (file) =>
        gzipSync(readFileSync(join(file.parentPath, file.name)), { level: 6 })
          .length,
    );
  return {
    what: "bundle",
    files: sizes.length,
    gzip_kilobytes: round(sizes.reduce((a, b) => a + b) / 1e3),
    goal: `<= ${GOALS.bundle} KB`,
  };
}

const folder = mkdtempSync(join(tmpdir(), "driftglass-bench-"));
const figures = [bundle()];
const show = (figure) => console.log(JSON.stringify(figure));
show(figures[0]);
console.log(`making runs of ${counts.join(", ")} points …`);
execFileSync(python, [
  join(root, "web/e2e/make_store.py"),
  "large",
  folder,
  ...counts.map(String),
]);
execFileSync(python, [
  join(root, "web/e2e/make_store.py"),
  ...["pictured", folder, String(FRAME_POINTS)],
]);
const server = await serve(folder);
const browser = await chromium.launch({
  executablePath: browserPath,
  args: FLAGS,
});
try {
  for (const n of counts) {
    const painted = await firstPaint(browser, server.url, n);
    show(painted);
    const [frame, lasso] = await interact(browser, server.url, n);
    show(frame);
    show(lasso);
    figures.push(painted, frame, lasso);
  }
  const images = await imagesOf(browser, server.url, FRAME_POINTS);
  show(images);
  figures.push(images);
} finally {
  await browser.close();
  server.stop();
  rmSync(folder, { recursive: true, force: true });
}
const keep =
  "import json, sys; from benchmarks import record; print(record.write('viewer', json.load(sys.stdin)))";
const path = execFileSync(python, ["-c", keep], {
  cwd: root,
  input: JSON.stringify(figures),
});
console.log(String(path).trim());
