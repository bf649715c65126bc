import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The gallery and the renderer's bench as browser tests look at them: built once, loaded often. */
export default defineConfig({
  base: "./",
  plugins: [svelte()],
  build: {
    outDir: here("node_modules/.gallery"),
    emptyOutDir: true,
    target: "es2022",
    minify: false,
    reportCompressedSize: false,
    modulePreload: { polyfill: false },
    rollupOptions: { input: [here("gallery.html"), here("test/render/harness.html")] },
  },
  worker: { format: "es" },
});
