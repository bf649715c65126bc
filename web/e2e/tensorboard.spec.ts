// Our bundle in TensorBoard's own projector, where the `tensorboard` wheel is installed.
import { execFile, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "@playwright/test";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const venv = here("../../.venv/bin/python");
const python = process.env.DRIFTGLASS_PYTHON ?? (existsSync(venv) ? venv : "python3");
const installed = spawnSync(python, ["-c", "import tensorboard"]).status === 0;

const MAKE = `
import sys
import numpy as np
import driftglass as dg
rng = np.random.default_rng(0)
store = dg.open(sys.argv[1] + "/runs")
images = rng.integers(0, 255, size=(321, 8, 8), dtype=np.uint8)
labels = ["ant", "bee", "cow"] * 107
with store.create("bundle", labels=labels, images=images, strict=True) as run:
    run.log(0, {"hidden": rng.normal(size=(321, 12))})
dg.export(store.run("bundle"), sys.argv[1] + "/logs", kind="projector")
`;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test("TensorBoard's projector opens what we write @external", async ({ page }) => {
  test.skip(!installed, "tensorboard is not installed");
  test.setTimeout(180_000);
  const folder = mkdtempSync(join(tmpdir(), "driftglass-tensorboard-"));
  await promisify(execFile)(python, ["-c", MAKE, folder]);
  const port = await freePort();
  const arguments_ = ["--logdir", join(folder, "logs"), "--port", String(port)];
  const board = spawn(python, ["-m", "tensorboard.main", ...arguments_, "--load_fast=false"]);
  try {
    const home = `http://127.0.0.1:${port}`;
    await expect
      .poll(
        () =>
          fetch(`${home}/data/plugin/projector/runs`).then(
            (r) => r.status,
            () => 0,
          ),
        {
          timeout: 90_000,
        },
      )
      .toBe(200);
    await page.goto(`${home}/#projector`);
    // The projector lives two frames deep.
    const projector = page.frameLocator("iframe").frameLocator("iframe");

    await expect(projector.getByText(/Points:\s*321/).first()).toBeVisible({ timeout: 60_000 });
    await expect(projector.getByText(/Dimension:\s*12/).first()).toBeVisible();
    if (process.env.DRIFTGLASS_PICTURE)
      await page.screenshot({ path: process.env.DRIFTGLASS_PICTURE });
  } finally {
    board.kill();
    rmSync(folder, { recursive: true, force: true });
  }
});
