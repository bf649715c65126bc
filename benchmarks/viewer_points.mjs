/**
 * What drawing costs by the number of points, up to ten millions, in a browser without a GPU: the
 * renderer alone, on points that are made in the page. A frame at rest draws all of them, one
 * while the map moves the prefix that the page's pace settles on.
 *
 *     node benchmarks/viewer_points.mjs
 *     node benchmarks/viewer_points.mjs 20000 1000000 10000000
 *     node benchmarks/viewer_points.mjs --stacked 20000       without float targets
 */

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const require = createRequire(join(root, "web/package.json"));
const { chromium } = require("@playwright/test");
const { createServer } = await import(
  new URL(
    "node/index.js",
    `file://${require.resolve("vite/package.json").replace("package.json", "dist/")}`,
  )
);
const browserPath =
  process.env.DRIFTGLASS_CHROMIUM ??
  (existsSync("/usr/bin/chromium") ? "/usr/bin/chromium" : undefined);
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--enable-precise-memory-info",
];
const stacked = process.argv.includes("--stacked");
const counts = process.argv
  .slice(2)
  .map(Number)
  .filter((n) => n > 0);
if (counts.length === 0)
  counts.push(20_000, 100_000, 1_000_000, 2_000_000, 10_000_000);

/** Runs in the page. */
function measure(n) {
  const { lab } = window;
  const size = { width: 1280, height: 800 };
  const next = lab.random(1);
  const began = performance.now();
  const planar = new Float32Array(2 * n);
  const colors = new Uint8Array(4 * n);
  for (let row = 0; row < n; row++) {
    const group = row % 10;
    for (let d = 0; d < 2; d++) {
      const noise = next() + next() + next() - 1.5;
      planar[2 * row + d] = 3 * (d ? Math.sin(group) : Math.cos(group)) + noise;
    }
    colors.set(
      [40 + 20 * group, 220 - 15 * group, 120 + 10 * group, 255],
      4 * row,
    );
  }
  const made = performance.now();
  const renderer = lab.start(size.width, size.height);
  const camera = lab.Camera.around(
    { planar: { low: [-5, -5], high: [5, 5] } },
    size,
  );
  const pointSize = Math.min(6, Math.max(2, 12.5 - 2 * Math.log10(n)));
  renderer.setSnapshot("0", { planar });
  renderer.setColors(colors);
  renderer.setFlags(new Uint8Array(n));
  renderer.draw(
    lab.view(camera, { drawCount: Math.min(n, 100_000), pointSize }),
  );
  renderer.finish();
  const first = performance.now();
  const frame = (drawCount) => {
    const times = [];
    for (let i = 0; i < (drawCount > 500_000 ? 3 : 7); i++) {
      const before = performance.now();
      renderer.draw(
        lab.view(camera.pan(i, 0, size, 0), { drawCount, pointSize }),
      );
      renderer.finish();
      times.push(performance.now() - before);
    }
    return times.sort((a, b) => a - b)[times.length >> 1];
  };
  const moving = frame(Math.min(n, 20_000));
  const rest = frame(n);
  const { drawn, bytes, opacity } = renderer.stats();
  const pixels = lab.pixels();
  let lit = 0;
  let full = 0;
  for (let i = 0; i < pixels.length; i += 4) {
    const most = Math.max(pixels[i], pixels[i + 1], pixels[i + 2]);
    if (most > 40) lit++;
    if (most >= 255) full++;
  }
  const error = lab.canvas.getContext("webgl2").getError();
  return {
    make: made - began,
    upload: first - made,
    moving,
    rest,
    drawn,
    opacity,
    lit: lit / (pixels.length / 4),
    full: full / (pixels.length / 4),
    gpu: bytes / 2 ** 20,
    heap: (performance.memory?.usedJSHeapSize ?? 0) / 2 ** 20,
    error,
  };
}

const server = await createServer({
  root: join(root, "web"),
  server: { host: "127.0.0.1", port: 0 },
  logLevel: "silent",
});
await server.listen();
const { port } = server.httpServer.address();
const browser = await chromium.launch({
  executablePath: browserPath,
  args: FLAGS,
});
try {
  console.log(
    "        n   upload   20k frame  all frame  drawn  opacity  lit  full  GPU MiB  heap MiB",
  );
  for (const n of counts) {
    const page = await browser.newPage();
    if (stacked) {
      await page.addInitScript(() => {
        const real = WebGL2RenderingContext.prototype.getExtension;
        WebGL2RenderingContext.prototype.getExtension = function (name) {
          return name.includes("float") ? null : real.call(this, name);
        };
      });
    }
    page.setDefaultTimeout(300_000);
    await page.goto(`http://127.0.0.1:${port}/test/render/harness.html`);
    await page.waitForFunction(() => window.lab !== undefined);
    const found = await page.evaluate(measure, n);
    const row = [
      String(n).padStart(9),
      `${found.upload.toFixed(0)} ms`,
      `${found.moving.toFixed(0)} ms`,
      `${found.rest.toFixed(0)} ms`,
      found.drawn,
      found.opacity.toFixed(3),
      `${(100 * found.lit).toFixed(0)} %`,
      `${(100 * found.full).toFixed(1)} %`,
      found.gpu.toFixed(0),
      found.heap.toFixed(0),
    ];
    console.log(
      row.join("   "),
      found.error === 0 ? "" : `GL error ${found.error}`,
    );
    await page.close();
  }
} finally {
  await browser.close();
  await server.close();
}
