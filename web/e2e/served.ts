import { execFile, spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { test as base, expect, type JSHandle, type Locator, type Page } from "@playwright/test";
import type { App } from "../src/app.js";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const venv = here("../../.venv/bin/");
export const python =
  process.env.DRIFTGLASS_PYTHON ?? (existsSync(venv) ? join(venv, "python") : "python3");
const script = here("make_store.py");
const run = promisify(execFile);

/** Runs `make_store.py` in a process of its own, as a training run would be. */
export async function store(...args: string[]): Promise<string> {
  return (await run(python, [script, ...args])).stdout.trim();
}

/** A driftglass server on a store, started and stopped as a person would. */
export class Server {
  url = "";
  port = 0;
  private child: ChildProcess | null = null;
  private stopping = false;

  constructor(
    readonly folder: string,
    private readonly token?: string,
  ) {}

  async start(port = 0): Promise<void> {
    const child = spawn(
      python,
      ["-m", "driftglass", "serve", this.folder, "--json", "--no-browser", "--port", String(port)],
      { env: { ...process.env, ...(this.token ? { DRIFTGLASS_TOKEN: this.token } : {}) } },
    );
    this.child = child;
    this.stopping = false;
    let said = "";
    child.stderr.on("data", (text) => (said += text));
    const line = await new Promise<string>((resolve, reject) => {
      let text = "";
      child.stdout.on("data", (part) => {
        text += part;
        if (text.includes("\n")) resolve(text);
      });
      child.on("exit", (code) => reject(new Error(`driftglass serve ended with ${code}: ${said}`)));
    });
    child.on("exit", (code, signal) => {
      // Whoever waits for a page of a server that is gone should learn why.
      if (this.child === child && !this.stopping) {
        console.error(`driftglass serve ended by itself: ${code ?? signal}\n${said}`);
      }
    });
    const { url, port: taken } = JSON.parse(line) as { url: string; port: number };
    this.url = url;
    this.port = taken;
  }

  async stop(): Promise<void> {
    const child = this.child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    this.stopping = true;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), 10_000);
    await ended;
    clearTimeout(late);
  }
}

/** What a page did that no page of ours may do. */
export interface Misdeeds {
  violations: string[];
  outside: string[];
  dialogs: string[];
  errors: string[];
}

interface Fixtures {
  misdeeds: Misdeeds;
}

interface WorkerFixtures {
  folder: string;
  server: Server;
}

export const test = base.extend<Fixtures, WorkerFixtures>({
  folder: [
    // Playwright reads the fixtures a function needs from its pattern; this one needs none.
    // eslint-disable-next-line no-empty-pattern
    async ({}, use) => {
      const folder = mkdtempSync(join(tmpdir(), "driftglass-e2e-"));
      await store("make", join(folder, "runs"));
      await use(join(folder, "runs"));
      rmSync(folder, { recursive: true, force: true });
    },
    { scope: "worker" },
  ],
  server: [
    async ({ folder }, use) => {
      const server = new Server(folder);
      await server.start();
      await use(server);
      await server.stop();
    },
    { scope: "worker" },
  ],
  // Every test ends by checking that the page stayed at home and within its policy.
  misdeeds: [
    async ({ page }, use) => {
      const misdeeds: Misdeeds = { violations: [], outside: [], dialogs: [], errors: [] };
      await page.addInitScript(() => {
        addEventListener("securitypolicyviolation", (event) =>
          console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`),
        );
      });
      page.on("console", (message) => {
        if (message.text().startsWith("policy:")) misdeeds.violations.push(message.text());
        if (/Content.Security.Policy/i.test(message.text()))
          misdeeds.violations.push(message.text());
      });
      page.on("request", (request) => {
        const url = new URL(request.url());
        const home = url.hostname === "127.0.0.1" || ["data:", "blob:"].includes(url.protocol);
        if (!home) misdeeds.outside.push(request.url());
      });
      page.on("dialog", (dialog) => {
        misdeeds.dialogs.push(dialog.message());
        void dialog.dismiss();
      });
      page.on("pageerror", (error) => misdeeds.errors.push(error.message));
      await use(misdeeds);
      expect(misdeeds).toEqual({ violations: [], outside: [], dialogs: [], errors: [] });
    },
    { auto: true },
  ],
});

const READY_MS = 30_000;

/**
 * Waits for what a measurement brings. What is quick begins by itself; on a machine that has been
 * slow it is offered instead, and then somebody has to ask.
 */
export async function measured(found: Locator, offer: Locator): Promise<void> {
  await expect(found.or(offer).first()).toBeVisible({ timeout: READY_MS });
  if ((await offer.isVisible()) && !(await found.isVisible())) await offer.click();
  await expect(found).toBeVisible({ timeout: READY_MS });
}

/** Opens the viewer on a server and waits until a map is drawn. */
export async function open(page: Page, server: Server, hash = "run=moving"): Promise<void> {
  await page.goto(`${server.url}#${hash}`);
  await ready(page);
}

/** Waits until the map shows what the playhead stands on, with nothing moving. */
export async function ready(page: Page): Promise<void> {
  const rested = () => {
    const app = (document.getElementById("app") as unknown as { driftglass?: App } | null)
      ?.driftglass;
    if (app === undefined) return false;
    const { state } = app.viewer;
    const still = state.shown.value.sampling === "all" && state.shown.value.drawn > 0;
    const whole = app.stage.depth.value === (state.shownFit.value === 3 ? 1 : 0);
    return state.status.value.kind === "ready" && still && whole && !state.timeline.playing.value;
  };
  try {
    await page.waitForFunction(rested, undefined, { timeout: READY_MS });
  } catch {
    throw new Error(`The map is not at rest: ${await page.evaluate(situation)}`);
  }
}

/** What keeps the map from being ready, for the message of a test that failed. */
function situation(): string {
  const app = (document.getElementById("app") as unknown as { driftglass?: App } | null)
    ?.driftglass;
  if (app === undefined) return `no viewer on ${document.location.href}`;
  const { state } = app.viewer;
  return JSON.stringify({
    connection: state.connection.value,
    status: state.status.value,
    shown: state.shown.value,
    run: state.run.value?.name,
    fits: [state.planar.value?.status, state.spatial.value?.status],
    steps: state.timeline.steps.value,
    position: state.timeline.position.value,
    depth: app.stage.depth.value,
    renderer: app.stage.renderer?.stats(),
  });
}

/** The running viewer, to be asked with `app.evaluate((app) => …)`. */
export function appOf(page: Page): Promise<JSHandle<App>> {
  return page.evaluateHandle(
    () => (document.getElementById("app") as unknown as { driftglass: App }).driftglass,
  );
}

export { expect };
