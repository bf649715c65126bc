import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";
import { inlineWorker } from "./vite.export.config.js";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// A shadow root sees no style sheet of the page around it, so the widget brings its own as text.
const styleAsText: Plugin = {
  name: "style-as-text",
  enforce: "post",
  generateBundle(_, bundle) {
    let style = "";
    for (const [name, file] of Object.entries(bundle)) {
      if (file.type !== "asset" || !name.endsWith(".css")) continue;
      style += String(file.source);
      Reflect.deleteProperty(bundle, name);
    }
    for (const file of Object.values(bundle)) {
      if (file.type !== "chunk") continue;
      file.code = file.code.replace("__DRIFTGLASS_STYLE__", () => JSON.stringify(style));
    }
  },
};

/** The viewer of notebooks: one module that anywidget loads, with everything in it. */
export default defineConfig({
  plugins: [inlineWorker, svelte(), styleAsText],
  publicDir: false,
  define: { "process.env.NODE_ENV": JSON.stringify("production") },
  build: {
    outDir: here("../src/driftglass/server/static/widget"),
    emptyOutDir: true,
    target: "es2022",
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: here("src/widget.ts"),
      // What anywidget calls is the module's export, which a page would have no use for.
      preserveEntrySignatures: "strict",
      output: { codeSplitting: false, entryFileNames: "widget.js" },
    },
  },
  worker: { format: "es" },
});
