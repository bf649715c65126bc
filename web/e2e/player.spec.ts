import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "@playwright/test";

// The page that Animation.save("….html") writes: driven from a file, without any server.
const EVIL = "</script><img src=x onerror=alert(1)>";
const MADE = `
import sys
import numpy as np
from driftglass.diagnostics import tracks
from driftglass.plots import Animation
rng = np.random.default_rng(0)
Xs = [rng.normal(size=(30, 3)) + t for t in range(4)]
y = np.arange(30) % 2
found = tracks(Xs, steps=[0, 10, 100, 1000], labels=y, predictions=[y] * 4)
from driftglass.projections import project_sequence
maps = project_sequence(Xs, steps=[0, 10, 100, 1000], method="pca")
names = np.array(["calm", sys.argv[2]])[y]
Animation([maps, maps], titles=["one", sys.argv[2]], color=names, interpolate=True,
          steps_per_transition=4, confusion=found, annotate=True, curves=found["drift_l2"],
          seconds_per_step=0.2).save(sys.argv[1])
`;

let page_url = "";

test.beforeAll(() => {
  const file = join(mkdtempSync(join(tmpdir(), "driftglass-player-")), "maps.html");
  const python = process.env.DRIFTGLASS_PYTHON ?? "python";
  execFileSync(python, ["-c", MADE, file, EVIL], { stdio: "inherit" });
  page_url = pathToFileURL(file).href;
});

test("plays by keys and slider, marks what lies in between, and asks nobody for anything", async ({
  page,
}) => {
  const asked: string[] = [];
  const errors: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("dialog", (dialog) => errors.push(dialog.message()));
  await page.goto(page_url);
  const player = page.locator("#player");
  await expect(player).toHaveAttribute("data-moment", "0");

  await page.keyboard.press("ArrowRight");
  await expect(player).toHaveAttribute("data-moment", "4");
  await expect(page.locator("#said")).toHaveText("step 10");
  await expect(page.locator("#mark")).toBeHidden();

  await page.keyboard.press("Shift+ArrowRight");
  await expect(page.locator("#said")).toHaveText("step 10 → 100");
  await expect(page.locator("#mark")).toBeVisible();
  const border = page.locator("canvas.map").first();
  await expect(border).toHaveCSS("border-style", "dashed");
  await expect(page.getByRole("slider")).toHaveAttribute("aria-valuetext", /interpolated$/);

  await page.keyboard.press("End");
  await expect(page.locator("#said")).toHaveText("step 1,000");
  await page.getByRole("button", { name: "Play" }).click();
  await expect(player).toHaveAttribute("data-moment", "12", { timeout: 5000 });
  await expect(page.getByRole("button", { name: "Play" })).toBeVisible();

  expect(asked).toEqual([page_url]);
  expect(errors).toEqual([]);
});

test("labels are text, and hide their points when pressed", async ({ page }) => {
  await page.goto(page_url);
  await expect(page.locator("figcaption").nth(1)).toHaveText(EVIL);
  expect(await page.locator("img").count()).toBe(0);
  const ink = () =>
    page
      .locator("canvas.map")
      .first()
      .evaluate((canvas: HTMLCanvasElement) => {
        const pen = canvas.getContext("2d")!;
        const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
        return data.filter((value, index) => index % 4 === 3 && value > 0).length;
      });
  const before = await ink();
  expect(before).toBeGreaterThan(0);

  await page.getByRole("button", { name: "calm" }).click();

  await expect(page.getByRole("button", { name: "calm" })).toHaveAttribute("aria-pressed", "false");
  expect(await ink()).toBeLessThan(0.8 * before);
});

test("moves from step to step without gliding where motion is not wanted", async ({ page }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.goto(page_url);
  const seen: string[] = [];
  await page.exposeFunction("saw", (moment: string) => seen.push(moment));
  await page.evaluate(() => {
    const player = document.getElementById("player")!;
    new MutationObserver(() =>
      (window as unknown as { saw: (m: string) => void }).saw(player.dataset.moment!),
    ).observe(player, { attributeFilter: ["data-moment"] });
  });

  await page.keyboard.press(" ");
  await expect(page.locator("#player")).toHaveAttribute("data-moment", "12", { timeout: 5000 });

  expect([...new Set(seen)]).toEqual(["4", "8", "12"]);
});
