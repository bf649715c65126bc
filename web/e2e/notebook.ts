import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import type { App } from "../src/app.js";
import { python } from "./served.js";

const STARTS_MS = 60_000;

/** A JupyterLab on a folder of its own, with settings of its own, started as a person would. */
export class Lab {
  readonly folder = mkdtempSync(join(tmpdir(), "driftglass-lab-"));
  url = "";
  private child: ChildProcess | null = null;

  async start(): Promise<void> {
    const port = await freePort();
    const home = join(this.folder, "home");
    mkdirSync(home);
    const child = spawn(
      python,
      [
        ...["-m", "jupyterlab", "--no-browser", "--allow-root", `--port=${port}`],
        ...["--ServerApp.ip=127.0.0.1", "--ServerApp.port_retries=0"],
        ...["--IdentityProvider.token=driftglass", "--LabApp.expose_app_in_browser=True"],
        ...["--LabApp.extension_manager=readonly", `--ServerApp.root_dir=${this.folder}`],
      ],
      {
        cwd: this.folder,
        // Nothing of the user's own Jupyter, and no news fetched from anywhere.
        env: {
          ...process.env,
          HOME: home,
          JUPYTER_CONFIG_DIR: join(home, "config"),
          JUPYTER_DATA_DIR: join(home, "data"),
          JUPYTER_RUNTIME_DIR: join(home, "runtime"),
          JUPYTERLAB_SETTINGS_DIR: join(home, "settings"),
          JUPYTERLAB_WORKSPACES_DIR: join(home, "workspaces"),
          IPYTHONDIR: join(home, "ipython"),
        },
      },
    );
    this.child = child;
    let said = "";
    child.stderr?.on("data", (text) => (said += text));
    const until = Date.now() + STARTS_MS;
    this.url = `http://127.0.0.1:${port}`;
    while (Date.now() < until) {
      if (child.exitCode !== null) break;
      const answered = await fetch(`${this.url}/api/status?token=driftglass`).catch(() => null);
      if (answered?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new Error(`JupyterLab did not start: ${said.slice(-2000)}`);
  }

  async stop(): Promise<void> {
    const child = this.child;
    if (child !== null && child.exitCode === null) {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await ended;
      clearTimeout(late);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Writes a notebook of code cells. */
  write(name: string, cells: string[]): void {
    const notebook = {
      cells: cells.map((source, number) => ({
        cell_type: "code",
        id: `cell-${number}`,
        execution_count: null,
        metadata: {},
        outputs: [],
        source,
      })),
      metadata: { kernelspec: { name: "python3", display_name: "Python 3", language: "python" } },
      nbformat: 4,
      nbformat_minor: 5,
    };
    writeFileSync(join(this.folder, name), JSON.stringify(notebook));
  }

  /** Opens a notebook and runs it from top to bottom. */
  async run(page: Page, name: string): Promise<void> {
    await page.goto(`${this.url}/lab/tree/${name}?token=driftglass&reset`);
    await page.locator(".jp-Notebook").waitFor({ timeout: STARTS_MS });
    await page.evaluate(async () => {
      const { jupyterapp } = window as unknown as { jupyterapp: JupyterApp };
      await jupyterapp.restored;
      await jupyterapp.shell.currentWidget.context.sessionContext.ready;
      await jupyterapp.commands.execute("notebook:run-all-cells");
    });
  }
}

interface JupyterApp {
  restored: Promise<void>;
  commands: { execute(name: string): Promise<unknown> };
  shell: {
    currentWidget: {
      context: {
        save(): Promise<void>;
        sessionContext: {
          ready: Promise<void>;
          session: {
            kernel: {
              requestExecute(content: { code: string; store_history: boolean }): {
                onIOPub: (message: {
                  content: { text?: string; evalue?: string; data?: Record<string, string> };
                }) => void;
                done: Promise<unknown>;
              };
            };
          };
        };
      };
    };
  };
}

/** Runs code in the notebook's kernel; returns what it printed, or its error. */
export function inKernel(page: Page, code: string): Promise<string> {
  return page.evaluate(async (source) => {
    const { jupyterapp } = window as unknown as { jupyterapp: JupyterApp };
    const { session } = jupyterapp.shell.currentWidget.context.sessionContext;
    const future = session.kernel.requestExecute({ code: source, store_history: false });
    let said = "";
    future.onIOPub = ({ content }) => (said += content.text ?? content.evalue ?? "");
    await future.done;
    return said.trim();
  }, code);
}

export function save(page: Page): Promise<void> {
  return page.evaluate(() => {
    const { jupyterapp } = window as unknown as { jupyterapp: JupyterApp };
    return jupyterapp.shell.currentWidget.context.save();
  });
}

/** Asks the viewer inside the n-th widget on the page. */
export function inWidget<T, A>(
  page: Page,
  number: number,
  ask: (app: App, argument: A) => T | Promise<T>,
  argument?: A,
): Promise<T> {
  return page.evaluate(
    ([at, source, given]) => {
      const hosts = [...document.querySelectorAll(".driftglass-widget")];
      const { driftglass } = hosts[at as number] as unknown as { driftglass: App };
      const run = new Function(`return (${source as string})`)() as (
        app: App,
        given: unknown,
      ) => T | Promise<T>;
      return run(driftglass, given);
    },
    [number, ask.toString(), argument] as const,
  );
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
