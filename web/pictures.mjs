// Takes the pictures of docs/images from the real demo: `make pictures`.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "@playwright/test";

const root = fileURLToPath(new URL("..", import.meta.url));
const python = process.env.DRIFTGLASS_PYTHON ?? join(root, ".venv/bin/python");
const scratch = mkdtempSync(join(tmpdir(), "driftglass-pictures-"));
const folder = join(scratch, "runs");
const images = join(root, "docs/images");

/** Runs driftglass to its end, or to its first line where it goes on. */
function driftglass(args, { untilLine = false } = {}) {
  const child = spawn(python, ["-m", "driftglass", ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const said = new Promise((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (part) => {
      text += part;
      if (untilLine && text.includes("\n")) resolve(text);
    });
    child.on("exit", (code) =>
      code === 0 ? resolve(text) : reject(new Error(`driftglass ${args[0]} ended with ${code}`)),
    );
  });
  return { child, said };
}

const SETTLED = 1500;

const PICTURES = [
  { name: "demo-dark" },
  { name: "demo-light", scheme: "light" },
  { name: "demo-start", act: (page) => page.keyboard.press("Home") },
  { name: "demo-3d", act: (page) => page.keyboard.press("3") },
  { name: "demo-3d-light", scheme: "light", act: (page) => page.keyboard.press("3") },
  { name: "demo-selection", act: select },
  { name: "demo-narrow", width: 480, height: 800 },
];

/** Lassoes one digit's cluster and shows where it came from. */
async function select(page) {
  const map = await page.locator("canvas").first().boundingBox();
  const at = (x, y) => [map.x + x * map.width, map.y + y * map.height];
  await page.keyboard.press("l");
  await page.mouse.move(...at(0.68, 0.22));
  await page.mouse.down();
  for (const [x, y] of [
    [0.83, 0.22],
    [0.83, 0.46],
    [0.68, 0.46],
    [0.68, 0.22],
  ]) {
    await page.mouse.move(...at(x, y), { steps: 8 });
  }
  await page.mouse.up();
  await page.keyboard.press("t");
}

const FRAMES = 36;
const FRAME_MS = 90;

/** The playhead from snapshot to snapshot, which lie dense where most moves, as a moving picture. */
async function film(page) {
  const frames = join(scratch, "frames");
  mkdirSync(frames);
  for (let frame = 0; frame < FRAMES; frame++) {
    await page.evaluate(
      (share) => {
        const { viewer } = document.getElementById("app").driftglass;
        const { timeline } = viewer.state;
        timeline.pause();
        const steps = timeline.steps.value;
        const at = share * (steps.length - 1);
        const before = steps[Math.floor(at)];
        timeline.seek(before + (at % 1) * (steps[Math.ceil(at)] - before));
        // Two frames: one that hears of it, and one that is drawn.
        return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      },
      frame / (FRAMES - 1),
    );
    await page.waitForTimeout(FRAME_MS);
    await page.screenshot({ path: join(frames, `${String(frame).padStart(3, "0")}.png`) });
  }
  const joined = [join(root, "scripts/film.py"), frames, join(images, "demo.webp")];
  console.log(execFileSync(python, [...joined, String(FRAME_MS)], { encoding: "utf8" }).trim());
}

mkdirSync(images, { recursive: true });
let server;
let browser;
try {
  await driftglass(["demo", "--exit", "--no-browser", "--dir", folder]).said;
  for (const components of ["3", "2"]) {
    const refined = ["--method", "refine", "--n-components", components];
    await driftglass(["project", "digits-mlp", "--store", folder, "-q", ...refined]).said;
  }
  server = driftglass(["serve", folder, "--json", "--no-browser", "--port", "0"], {
    untilLine: true,
  });
  const { url } = JSON.parse(await server.said);
  browser = await chromium.launch({
    executablePath: process.env.DRIFTGLASS_CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
  });
  const context = await browser.newContext();
  const first = await context.newPage();
  await first.goto(url);
  await first.close();
  for (const { name, scheme = "dark", width = 1440, height = 900, act } of PICTURES) {
    const page = await context.newPage();
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme: scheme });
    await page.goto(new URL("/", url).href);
    await page.waitForTimeout(2 * SETTLED);
    await act?.(page);
    await page.mouse.move(width - 8, height / 2);
    await page.waitForTimeout(SETTLED);
    await page.screenshot({ path: join(images, `${name}.png`) });
    console.log(`docs/images/${name}.png`);
    await page.close();
  }
  const page = await context.newPage();
  await page.setViewportSize({ width: 1200, height: 750 });
  await page.emulateMedia({ colorScheme: "dark" });
  await page.goto(new URL("/", url).href);
  await page.waitForTimeout(2 * SETTLED);
  await film(page);
} finally {
  await browser?.close();
  server?.child.kill("SIGTERM");
  rmSync(scratch, { recursive: true, force: true });
}
