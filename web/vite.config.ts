import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// The server answers with a policy that allows nothing inline and nothing from
// outside, so every script, style and worker must leave the build as a file.
export default defineConfig({
  base: "./",
  plugins: [svelte()],
  build: {
    outDir: here("../src/driftglass/server/static"),
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    rollupOptions: { input: here("index.html") },
  },
  worker: { format: "es" },
  server: {
    // `npm run dev` beside `driftglass serve --port 8765`.
    proxy: { "/api": process.env.DRIFTGLASS_SERVER ?? "http://127.0.0.1:8765" },
  },
  test: {
    include: ["test/**/*.test.ts"],
    environment: "node",
  },
});
