/** The viewers that are compared: how each is started, and where its controls are. */

import { spawn } from "node:child_process";
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as listen } from "node:net";
import { extname, join } from "node:path";

async function freePort() {
  const server = listen();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Ours, on a run that has vectors alone, or its maps already. */
export function driftglass(python, kind) {
  return {
    name: kind === "kept" ? "driftglass, map kept" : "driftglass",
    from: kind === "kept" ? "coordinates" : "vectors",
    async start(folder) {
      const server = spawn(python, [
        ...["-m", "driftglass", "serve", join(folder, "runs")],
        ...["--json", "--no-browser", "--port", "0"],
      ]);
      const line = await new Promise((resolve, reject) => {
        let text = "";
        server.stdout.on(
          "data",
          (part) => (text += part).includes("\n") && resolve(text),
        );
        server.on("exit", (code) => reject(new Error(`serve ended: ${code}`)));
      });
      const url = `${JSON.parse(line).url}#run=${kind}`;
      return { url, pid: server.pid, stop: () => server.kill("SIGTERM") };
    },
    // Nothing heavy starts by itself: where a map is offered, somebody has to want it.
    async want(page) {
      const offer = page.getByRole("button", { name: "Make the map" });
      await offer.or(this.points(page)).first().waitFor({ timeout: 0 });
      if (await offer.isVisible()) await offer.click();
    },
    frameOf: (page) => page.mainFrame(),
    canvas: (page) => page.locator("canvas").first(),
    points: (page) =>
      page
        .locator('[data-part="points"]')
        .filter({ hasText: /[1-9]/ })
        .first(),
    async rest() {},
    async recolour(page) {
      await page.getByRole("combobox", { name: "Colour by" }).click();
      const option = page.getByRole("option", { name: "one colour" });
      await option.waitFor();
      const start = performance.now();
      await option.click();
      return start;
    },
    async search(page, text) {
      await page.keyboard.press("/");
      const start = performance.now();
      await page.keyboard.type(text);
      await page.getByText(/\d+ found/).first().waitFor({ timeout: 0 });
      const taken = performance.now() - start;
      const panel = page.getByRole("complementary", { name: "Search and filter" });
      await panel.getByRole("button", { name: "Close the panel" }).click();
      return taken;
    },
    async choose(page) {
      await page.keyboard.press("r");
    },
    chosen: (page) => page.locator(".selected").filter({ hasText: /[1-9].*selected/ }),
  };
}

/** TensorBoard's projector, as a person opens it. It shows 3D. */
export function tensorboard(python) {
  const projector = (page) =>
    page.frameLocator("iframe").frameLocator("iframe");
  return {
    name: "TensorBoard projector",
    from: "vectors",
    async start(folder) {
      const port = await freePort();
      const server = spawn(
        python,
        [
          ...["-m", "tensorboard.main", "--logdir", join(folder, "logs")],
          ...["--port", String(port), "--load_fast=false"],
        ],
        { stdio: "ignore" },
      );
      const home = `http://127.0.0.1:${port}`;
      for (;;) {
        const status = await fetch(`${home}/data/plugin/projector/runs`).then(
          (answer) => answer.status,
          () => 0,
        );
        if (status === 200) break;
        if (server.exitCode !== null) throw new Error("TensorBoard ended");
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return {
        url: `${home}/#projector`,
        pid: server.pid,
        stop: () => server.kill(),
      };
    },
    frameOf: (page) =>
      page
        .frames()
        .find((frame) => frame.url().includes("projector_binary")),
    canvas: (page) => projector(page).locator("canvas").first(),
    points: (page) => projector(page).getByText(/Points:\s*[1-9]/).first(),
    // It turns the camera by itself until somebody touches the map.
    async rest(page, area) {
      await page.mouse.click(area.x + 8, area.y + area.height - 8);
    },
    async recolour(page) {
      const menu = projector(page).locator("#colorby");
      await menu.click();
      const option = menu.locator("paper-item").filter({ hasText: /^label/ });
      await option.first().waitFor();
      const start = performance.now();
      await option.first().click();
      return start;
    },
    async search(page, text) {
      const field = projector(page)
        .locator("vz-projector-inspector-panel input")
        .first();
      const start = performance.now();
      await field.fill(text);
      await projector(page).getByText(/\d+ matches/).first().waitFor({ timeout: 0 });
      const taken = performance.now() - start;
      await field.fill("");
      return taken;
    },
    async choose(page) {
      await projector(page).locator("#selectMode").click();
    },
    chosen: (page) => projector(page).getByText(/Selected [1-9]\d* points/).first(),
  };
}

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".json": "application/json" };
// Its map alone asks nothing of Mosaic, whose database the package's other components need.
const MOSAIC = {
  "@uwdata/mosaic-core":
    "data:text/javascript,export class MosaicClient{};export const Selection={},coordinator=()=>{},isSelection=()=>false,makeClient=()=>{}",
  "@uwdata/mosaic-sql":
    "data:text/javascript,export class Query{};export const sql=()=>{}",
};
const ATLAS = `<!doctype html><meta charset="utf-8">
<script type="importmap">${JSON.stringify({ imports: MOSAIC })}</script><style>html,body,#map{margin:0;height:100%}</style>
<div id="map"></div><p id="points" style="position:fixed;bottom:0;right:0;margin:0"></p>
<script type="module">
import { EmbeddingView } from "/package/dist/index.js";
const load = async (name) => (await fetch("/flat/" + name)).arrayBuffer();
const [x, y, c] = await Promise.all(["x.bin", "y.bin", "class.bin"].map(load));
const category = new Uint8Array(c);
const data = { x: new Float32Array(x), y: new Float32Array(y), category };
const target = document.getElementById("map");
const view = new EmbeddingView(target, { data, width: innerWidth, height: innerHeight });
document.getElementById("points").textContent = data.x.length + " points";
globalThis.recolour = () => view.update({ data: { ...data, category: category.map((one) => 9 - one) } });
</script>`;

/** The map of embedding-atlas alone, from an npm package's folder, given ready coordinates. */
export function atlas(pack) {
  return {
    name: "embedding-atlas, its map alone",
    from: "coordinates",
    async start(folder) {
      const server = createServer((request, response) => {
        const path = request.url.split("?")[0];
        if (path === "/") {
          response.writeHead(200, { "content-type": "text/html" });
          return response.end(ATLAS);
        }
        const file = path.startsWith("/package/")
          ? join(pack, path.slice("/package/".length))
          : join(folder, path);
        if (!existsSync(file) || !statSync(file).isFile())
          return response.writeHead(404).end();
        const type = TYPES[extname(file)] ?? "application/octet-stream";
        response.writeHead(200, { "content-type": type });
        createReadStream(file).pipe(response);
      });
      await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address();
      return {
        url: `http://127.0.0.1:${port}/`,
        pid: null,
        stop: () => server.close(),
      };
    },
    frameOf: (page) => page.mainFrame(),
    canvas: (page) => page.locator("canvas").first(),
    points: (page) => page.locator("#points").filter({ hasText: /[1-9]/ }),
    async rest() {},
    async recolour(page) {
      const start = performance.now();
      await page.evaluate(() => globalThis.recolour());
      return start;
    },
    search: null,
    choose: null,
  };
}
