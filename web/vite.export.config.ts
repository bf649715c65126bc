import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// A page on disk can load no second script, so its worker is a text inside the first.
export const inlineWorker: Plugin = {
  name: "inline-worker",
  enforce: "pre",
  resolveId: (source) =>
    source.endsWith("/lasso_maker.js") ? here("src/workers/lasso_maker_inline.ts") : null,
};

/** The viewer of exported pages: one script and one style sheet, put into the page by Python. */
export default defineConfig({
  plugins: [inlineWorker, svelte()],
  publicDir: false,
  build: {
    outDir: here("../src/driftglass/server/static/export"),
    emptyOutDir: true,
    target: "es2022",
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: here("src/page.ts"),
      output: {
        codeSplitting: false,
        entryFileNames: "page.js",
        assetFileNames: "page[extname]",
      },
    },
  },
  worker: { format: "es" },
});
