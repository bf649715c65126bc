import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { appOf, expect, open, ready, Server, store, test } from "./served.js";

const status = (page: Page, part: string) => page.locator(`[data-part="${part}"]`);
const selected = async (page: Page) =>
  (await appOf(page)).evaluate(({ viewer }) => viewer.state.selection.count.value);

test("the keyboard alone reaches every part", async ({ page, server }) => {
  await open(page, server);
  for (const [key, step] of [
    ["Home", 0],
    ["ArrowRight", 10],
    ["ArrowRight", 20],
    ["ArrowLeft", 10],
    ["Shift+ArrowRight", 200],
    ["Shift+ArrowLeft", 0],
    ["End", 200],
  ] as const) {
    await page.keyboard.press(key);
    await expect(status(page, "step")).toHaveText(`step ${step}`);
  }
  await page.keyboard.press("l");
  await expect(page.getByRole("button", { name: "Lasso" })).toHaveAttribute("aria-pressed", "true");
  await page.keyboard.press("r");
  await expect(page.getByRole("button", { name: "Rectangle" })).toHaveAttribute(
    "aria-pressed",
    "true",
  );
  await page.keyboard.press("i");
  expect(await selected(page)).toBe(300);
  await page.keyboard.press("t");
  await expect(page.getByRole("button", { name: "Trails" })).toHaveAttribute(
    "aria-pressed",
    "true",
  );
  await page.keyboard.press("u");
  await expect(page.getByRole("button", { name: "Fade what" })).toHaveAttribute(
    "aria-pressed",
    "true",
  );
  await page.keyboard.press("Escape");
  expect(await selected(page)).toBe(0);
  await page.keyboard.press("]");
  await expect(page.getByLabel("Inspector", { exact: true })).toBeHidden();
  const before = await page.locator(".dg-root").getAttribute("data-theme");
  await page.keyboard.press("m");
  await expect(page.locator(".dg-root")).not.toHaveAttribute("data-theme", before!);
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
});

test("menus open, search and choose by keyboard", async ({ page, server }) => {
  await open(page, server);
  const menu = page.getByRole("combobox", { name: "Colour by" });
  await menu.focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.type("tag");
  await page.keyboard.press("Enter");

  await expect(menu).toHaveText("tags");
  await expect(page.getByRole("listbox")).toBeHidden();
  // Letters typed in a menu are not commands of the viewer.
  await expect(page.getByRole("button", { name: "Trails" })).toHaveAttribute(
    "aria-pressed",
    "false",
  );
});

test("the legend counts, selects, hides, and says when counts overlap", async ({
  page,
  server,
}) => {
  await open(page, server);
  const legend = page.getByLabel("Legend");
  await legend.getByRole("button", { name: "ant" }).last().click();
  await expect(page.locator(".selected")).toHaveText("100 selected");
  await expect(page.locator("main p.aloud[aria-live]").first()).toHaveText(
    "100 points selected, 100 % label ant.",
  );
  await legend
    .getByRole("button", { name: "bee" })
    .last()
    .click({ modifiers: ["Shift"] });
  await expect(page.locator(".selected")).toHaveText("200 selected");
  await legend
    .getByRole("button", { name: "ant" })
    .last()
    .click({ modifiers: ["Alt"] });
  await expect(page.locator(".selected")).toHaveText("100 selected");

  await page.getByRole("combobox", { name: "Colour by" }).click();
  await page.getByRole("option", { name: "size" }).click();
  await expect(legend.getByText("(missing)")).toBeVisible();
  await expect(legend.getByRole("button", { name: /^Select the \d+ points with/ })).toHaveCount(16);
});

test("a link restores the view it came from", async ({ page, server, context }) => {
  await open(page, server);
  await page.keyboard.press("3");
  await ready(page);
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowRight");
  await page.getByRole("combobox", { name: "Space" }).click();
  await page.getByRole("option", { name: /logits/ }).click();
  await page.keyboard.press("3");
  await ready(page);
  await page.getByRole("combobox", { name: "Colour by" }).click();
  await page.getByRole("option", { name: "correctness" }).click();
  // At step 10 the first five items are right, and nothing else is.
  await page.getByRole("button", { name: "correct" }).last().click();
  await page.getByRole("button", { name: "Hide wrong" }).click();
  await page.keyboard.press("+");
  await page.keyboard.press("t");
  await page.waitForTimeout(800);
  await ready(page);
  const view = async (page: Page) => {
    const app = await appOf(page);
    return app.evaluate(({ viewer: { state }, stage }) => ({
      run: state.run.value!.name,
      space: state.spaceName.value,
      fit: state.shownFit.value,
      step: state.timeline.position.value,
      coloring: state.coloring.value,
      hidden: state.filter.hidden.value?.count,
      selected: [...state.selection.rows.value.rows],
      trails: state.trails.value,
      camera: stage.eye.text.value,
    }));
  };
  const before = await view(page);
  const again = await context.newPage();
  await again.goto(page.url());
  await ready(again);
  await expect.poll(async () => (await view(again)).hidden).toBe(before.hidden);

  expect(await view(again)).toEqual(before);
  expect(before).toMatchObject({ space: "logits", fit: 3, step: 10, trails: true });
  expect(before.hidden).toBeGreaterThan(0);
});

test("without WebGL 2 the server draws the map and the page says why", async ({ page, server }) => {
  await page.addInitScript(() => {
    const real = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function (
      this: HTMLCanvasElement,
      kind: string,
      ...rest: unknown[]
    ) {
      return kind.startsWith("webgl")
        ? null
        : (real as (...a: unknown[]) => unknown).call(this, kind, ...rest);
    } as typeof real;
  });
  await page.goto(`${server.url}#run=moving`);
  const picture = page.getByRole("img", { name: /drawn by the server/ });
  await expect(picture).toBeVisible();
  const size = await picture.evaluate((image: HTMLImageElement) => image.naturalWidth);
  const first = await picture.getAttribute("src");

  expect(size).toBeGreaterThan(300);
  await expect(page.getByText("This is a still picture")).toBeVisible();
  await expect(page.getByText(/WebGL 2/).first()).toBeVisible();
  await page.keyboard.press("Home");
  await expect(picture).not.toHaveAttribute("src", first!);
});

test("a run with one snapshot asks for a second instead of showing a scrubber", async ({
  page,
  server,
}) => {
  await open(page, server, "run=single");

  await expect(page.getByText("Log a second step to see training.")).toBeVisible();
  await expect(page.getByRole("slider", { name: "Training step" })).toBeHidden();
});

test("an unknown run in a link opens the newest instead", async ({ page, server }) => {
  await open(page, server, "run=gone&space=nothing&color=nonsense&dim=9");

  await expect(page.getByRole("combobox", { name: "Run" })).not.toHaveText("gone");
});

test("a server that goes away is missed, and found again when it is back", async ({ page }) => {
  // A store of its own: a second server on one store leads to the first.
  const folder = mkdtempSync(join(tmpdir(), "driftglass-away-"));
  await store("make", join(folder, "runs"));
  const server = new Server(join(folder, "runs"), "a-token-that-outlives-one-server-process");
  await server.start();
  await open(page, server);
  await server.stop();
  const banner = page.getByRole("alert");
  await expect(banner).toContainText("The server has stopped answering");
  // What had been loaded can still be looked at.
  await expect(status(page, "points")).toContainText("298 of 300");
  await server.start(server.port);
  // Each server process has keys of its own.
  await expect(banner).toContainText("Open the address that it printed");
  const other = await page.context().newPage();
  await other.goto(server.url);
  await expect(banner).toBeHidden();
  await other.close();
  await server.stop();
  rmSync(folder, { recursive: true });
});

test("an empty store says how to fill it, and shows the first run when it comes", async ({
  page,
}) => {
  const folder = mkdtempSync(join(tmpdir(), "driftglass-empty-"));
  const server = new Server(join(folder, "runs"));
  mkdirSync(server.folder);
  await server.start();
  await page.goto(server.url);
  await expect(page.getByText("No runs yet")).toBeVisible();
  await expect(page.getByText("import driftglass as dg")).toBeVisible();
  await store("new", server.folder, "first");
  await ready(page);

  await expect(status(page, "points")).toContainText("40 of 40 points");
  await server.stop();
  rmSync(folder, { recursive: true });
});

test("a narrow window keeps the map, the scrubber and the five facts in sight", async ({
  page,
  server,
}) => {
  await page.setViewportSize({ width: 480, height: 800 });
  await open(page, server);
  const scroll = await page.evaluate(() => document.documentElement.scrollWidth);

  expect(scroll).toBe(480);
  await expect(page.getByLabel("Inspector", { exact: true })).toBeHidden();
  await expect(page.getByLabel("Legend", { exact: true })).toBeHidden();
  for (const part of ["points", "projection", "trust", "step"]) {
    await expect(status(page, part)).toBeInViewport({ ratio: 1 });
  }
  await expect(page.getByRole("slider", { name: "Training step" })).toBeInViewport({ ratio: 1 });
  await page.getByRole("button", { name: "Show the legend" }).click();
  await expect(page.getByLabel("Legend", { exact: true })).toBeInViewport({ ratio: 1 });
  await page.getByRole("button", { name: "Show the inspector" }).click();
  await expect(page.getByLabel("Inspector", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Close the inspector" }).click();
  await expect(page.getByLabel("Inspector", { exact: true })).toBeHidden();
});

test("every control has a name, a visible focus and is large enough to hit", async ({
  page,
  server,
}) => {
  await open(page, server);
  const controls = await page.locator("button:visible, [role=slider]:visible").all();
  expect(controls.length).toBeGreaterThan(20);
  for (const control of controls) {
    const { name, size } = await control.evaluate((element) => ({
      name: element.getAttribute("aria-label") ?? element.textContent?.trim() ?? "",
      size: element.getBoundingClientRect().height,
    }));
    expect(name, await control.innerHTML()).not.toBe("");
    expect(size, name).toBeGreaterThanOrEqual(20);
  }
  await page.keyboard.press("Tab");
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement!).outlineStyle);

  expect(outline).toBe("solid");
});

test("text has enough contrast in both themes", async ({ page, server }) => {
  await open(page, server);
  for (const theme of ["dark", "light"]) {
    const app = await appOf(page);
    await app.evaluate(({ viewer }, theme) => {
      viewer.state.chosenTheme.set(theme as "dark" | "light");
    }, theme);
    // Colours change within a moment, not at once.
    await page.waitForTimeout(300);
    const worst = await page.evaluate(() => {
      const numbers = (css: string) => (css.match(/[\d.]+/g) ?? []).map(Number);
      const light = ([r, g, b]: number[]) =>
        [r!, g!, b!]
          .map((c) => c / 255)
          .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
          .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i]!, 0);
      const groundOf = (element: Element): number[] => {
        for (let at: Element | null = element; at; at = at.parentElement) {
          const [r, g, b, a = 1] = numbers(getComputedStyle(at).backgroundColor);
          if (a > 0.8) return [r!, g!, b!];
        }
        return [0, 0, 0];
      };
      const all = [...document.querySelectorAll(".dg-root *")].flatMap((element) => {
        const words = [...element.childNodes].some(
          (n) => n.nodeType === 3 && n.textContent!.trim(),
        );
        if (!words || element.closest(":disabled, svg, .aloud, [aria-hidden=true]")) return [];
        const [a, b] = [light(numbers(getComputedStyle(element).color)), light(groundOf(element))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        return [{ text: element.textContent!.slice(0, 30), ratio }];
      });
      return all.sort((a, b) => a.ratio - b.ratio)[0]!;
    });

    expect(worst.ratio, `${theme}: ${worst.text}`).toBeGreaterThanOrEqual(4.5);
  }
});

test("a reader who wants less motion gets whole snapshots and no morph", async ({
  page,
  server,
}) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await open(page, server);
  const app = await appOf(page);
  await page.keyboard.press("3");
  await ready(page);
  await page.keyboard.press("2");
  const depths = await app.evaluate(async ({ stage }) => {
    const seen = new Set<number>();
    stage.depth.subscribe((value) => seen.add(value));
    await new Promise((done) => setTimeout(done, 700));
    return [...seen];
  });
  await page.keyboard.press("Space");
  const mixes = await app.evaluate(async ({ stage }) => {
    const seen = new Set<number>();
    for (let i = 0; i < 20; i++) {
      seen.add(stage.view()!.mix);
      await new Promise((done) => setTimeout(done, 50));
    }
    return [...seen];
  });

  expect(depths.every((depth) => depth === 0 || depth === 1)).toBe(true);
  expect(mixes).toEqual([0]);
});
