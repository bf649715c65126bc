import { existsSync } from "node:fs";
import { defineConfig } from "@playwright/test";

const debian = "/usr/bin/chromium";
const chromium = process.env.DRIFTGLASS_CHROMIUM ?? (existsSync(debian) ? debian : undefined);

/** Where Vite serves gallery.html and the sources; the real server is started by a fixture. */
export const GALLERY = "http://127.0.0.1:5177";

export default defineConfig({
  testDir: "e2e",
  fullyParallel: false,
  workers: 1,
  timeout: 60_000,
  expect: { timeout: 15_000 },
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
    command: "npx vite --host 127.0.0.1 --port 5177 --strictPort",
    url: `${GALLERY}/gallery.html`,
    reuseExistingServer: true,
    timeout: 60_000,
  },
});
