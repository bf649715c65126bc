/**
 * What a large map costs to look at: time to the first points, all points, memory of the server.
 *
 *     node benchmarks/scale_view.mjs STORE [RUN] [PICTURE.png]
 *
 * Headless Chromium draws in software, so times are those of the slowest reader. STORE is made by
 * `python -m benchmarks.scale --keep --folder …`.
 */

import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const { chromium } = createRequire(join(root, "web/package.json"))(
  "@playwright/test",
);
const python =
  process.env.DRIFTGLASS_PYTHON ?? join(root, ".venv/bin/python");
const executablePath =
  process.env.DRIFTGLASS_CHROMIUM ??
  (existsSync("/usr/bin/chromium") ? "/usr/bin/chromium" : undefined);
const [folder, run = "large", picture] = process.argv.slice(2);
if (folder === undefined) {
  console.log("usage: node benchmarks/scale_view.mjs STORE [RUN] [PICTURE.png]");
  process.exit(0);
}

const server = spawn(python, [
  ...["-m", "driftglass", "serve", folder, "--json", "--no-browser"],
  ...["--port", "0", "--read-only"],
]);
const line = await new Promise((resolve, reject) => {
  let text = "";
  server.stdout.on(
    "data",
    (part) => (text += part).includes("\n") && resolve(text),
  );
  server.on("exit", (code) => reject(new Error(`serve ended with ${code}`)));
});
const { url } = JSON.parse(line);

/** Megabytes of a process: its own, and those of files that are mapped into it. */
const memory = () => {
  const status = readFileSync(`/proc/${server.pid}/status`, "utf8");
  const of = (name) =>
    Math.round(Number(status.match(`${name}:\\s+(\\d+)`)[1]) / 1024);
  return { own: of("RssAnon"), mapped: of("RssFile"), peak: of("VmHWM") };
};

const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic"],
});
try {
  for (const visit of ["first", "second"]) {
    const context = await browser.newContext({
      viewport: { width: 1280, height: 800 },
    });
    const page = await context.newPage();
    await page.addInitScript(() => {
      const seen = (globalThis.seen = {});
      const look = () => {
        const shown =
          document.getElementById("app")?.driftglass?.viewer.state.shown.value;
        if (shown?.drawn > 0 && seen.first === undefined)
          Object.assign(seen, { first: performance.now(), points: shown.drawn });
        if (shown?.total > 0) seen.total = shown.total;
        requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    });
    await page.goto(`${url}#run=${run}`);
    await page.waitForFunction(() => globalThis.seen.first > 0, null, {
      timeout: 240_000,
    });
    const seen = await page.evaluate(() => globalThis.seen);
    console.log(
      JSON.stringify({
        visit,
        first_paint_ms: Math.round(seen.first),
        first_points: seen.points,
        of: seen.total,
        server_mb: memory(),
      }),
    );
    await page
      .waitForFunction(
        () => {
          const { viewer } = document.getElementById("app").driftglass;
          const frame = viewer.state.shown.value;
          return frame.drawn === frame.total;
        },
        null,
        { timeout: 60_000 },
      )
      .catch(() => console.log("not all points were drawn after a minute"));
    const shown = await page.evaluate(
      () =>
        document.getElementById("app").driftglass.viewer.state.shown.value,
    );
    console.log(
      JSON.stringify({
        visit,
        drawn: shown.drawn,
        total: shown.total,
        ms: Math.round(await page.evaluate(() => performance.now())),
        server_mb: memory(),
      }),
    );
    if (picture !== undefined) await page.screenshot({ path: picture });
    await context.close();
  }
} finally {
  await browser.close();
  server.kill("SIGTERM");
}
