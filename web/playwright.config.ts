import { existsSync } from "node:fs";
import { defineConfig } from "@playwright/test";

const debian = "/usr/bin/chromium";
const chromium = process.env.DRIFTGLASS_CHROMIUM ?? (existsSync(debian) ? debian : undefined);

// A port of this run alone: another checkout's Vite would serve that checkout's pages. The
// environment carries the choice to the workers, which read this file again.
const port = (process.env.DRIFTGLASS_GALLERY_PORT ??= String(20_000 + (process.pid % 20_000)));

/** Where the gallery is served, built once and loaded by most tests; the real server is a fixture. */
export const GALLERY = `http://127.0.0.1:${port}`;

export default defineConfig({
  testDir: "e2e",
  fullyParallel: false,
  workers: 1,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  // Two tests watch the clock because their promise is a time; a machine that builds something
  // else at that moment gets a second try.
  retries: process.env.CI ? 1 : 0,
  reporter: process.env.CI ? "line" : "list",
  use: {
    baseURL: GALLERY,
    viewport: { width: 1280, height: 800 },
    // Software rendering: slow, but the same pixels on every machine.
    launchOptions: {
      executablePath: chromium,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
  webServer: {
    command:
      "npx vite build --config vite.gallery.config.ts --logLevel warn && " +
      `npx vite preview --config vite.gallery.config.ts --host 127.0.0.1 --port ${port} --strictPort`,
    url: `${GALLERY}/gallery.html`,
    reuseExistingServer: false,
    timeout: 60_000,
  },
});
