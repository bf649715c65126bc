import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
import type { Download, Page } from "@playwright/test";
import { appOf, expect, python, ready, test } from "./served.js";

/** Opens an exhibit with the panel of pictures and tables beside the map. */
async function exhibit(page: Page, hash = "", show = "run"): Promise<void> {
  await page.goto(`/gallery.html?show=${show}#${hash}`);
  await ready(page);
  await page.keyboard.press("Control+e");
  await expect(page.getByRole("complementary", { name: "Take away" })).toBeVisible();
}

/** Images cannot be written as shapes; without them, points are. */
async function withoutImages(page: Page): Promise<void> {
  const app = await appOf(page);
  await app.evaluate(({ viewer }) => viewer.state.sprites.shown.set(false));
  await expect.poll(() => app.evaluate(({ viewer }) => viewer.state.sprites.drawn.value)).toBe(0);
}

async function saved(page: Page, button: string): Promise<{ name: string; bytes: Buffer }> {
  const waiting = page.waitForEvent("download");
  await page.getByRole("button", { name: button, exact: true }).click();
  const download: Download = await waiting;
  return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
}

async function choose(page: Page, format: string): Promise<void> {
  await page.getByRole("combobox", { name: "Format of the picture" }).click();
  await page.getByRole("option", { name: format }).click();
}

const sizeOf = (png: Buffer) => [png.readUInt32BE(16), png.readUInt32BE(20)];

test("a picture is saved at the scale that is chosen, with legend and caption", async ({
  page,
}) => {
  await exhibit(page);
  const [width, height] = await (
    await appOf(page)
  ).evaluate(({ viewer }) => viewer.taking.pixelsAt(1));
  const { name, bytes } = await saved(page, "Save the picture");
  await page.getByLabel("Legend at the side").uncheck();
  await page.getByLabel("Caption below").uncheck();
  const plain = await saved(page, "Save the picture");
  await page.getByLabel("Scale").fill("3");
  const large = await saved(page, "Save the picture");
  const status = await page.getByRole("status").last().textContent();

  expect(name).toMatch(/^[\w.-]+_hidden_step-\d+\.png$/);
  expect(sizeOf(bytes)[0]).toBe((width + 200) * 2);
  expect(sizeOf(bytes)[1]).toBeGreaterThan(height * 2);
  expect(sizeOf(plain.bytes)).toEqual([width * 2, height * 2]);
  expect(sizeOf(large.bytes)).toEqual([width * 3, height * 3]);
  expect(status).toContain("pixels");
});

test("a picture of parts is the picture of the whole", async ({ page }) => {
  await exhibit(page, "dim=3");
  const difference = await (
    await appOf(page)
  ).evaluate(({ stage }) => {
    const renderer = stage.renderer!;
    const view = stage.view()!;
    const whole = renderer.capturePixels(view, 2).data;
    const limits = renderer.stats().limits as { maxSize: number };
    const before = limits.maxSize;
    limits.maxSize = 1200;
    const parts = renderer.capturePixels(view, 2).data;
    limits.maxSize = before;
    let off = 0;
    for (let i = 0; i < whole.length; i++) if (Math.abs(whole[i]! - parts[i]!) > 24) off++;
    return off / whole.length;
  });

  expect(difference).toBeLessThan(0.001);
});

test("SVG holds dots as circles and names as text, and looks like the map", async ({ page }) => {
  await exhibit(page, "theme=light");
  await withoutImages(page);
  await page.getByLabel("Legend at the side").uncheck();
  await page.getByLabel("Caption below").uncheck();
  await choose(page, "SVG");
  const { bytes } = await saved(page, "Save the picture");
  const text = bytes.toString();
  const app = await appOf(page);
  const said = await app.evaluate(({ viewer }) => ({
    points: viewer.state.shown.value.present,
    labels: viewer.map.labels.value.map((label) => label.text),
  }));
  const off = await app.evaluate(async ({ stage }, svg) => {
    const image = new Image();
    image.src = `data:image/svg+xml;base64,${btoa(unescape(encodeURIComponent(svg.replace(/<text.*<\/text>/g, ""))))}`;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = image.width;
    canvas.height = image.height;
    const context = canvas.getContext("2d")!;
    context.drawImage(image, 0, 0);
    const drawn = context.getImageData(0, 0, canvas.width, canvas.height).data;
    const map = stage.renderer!.capturePixels(stage.view()!, 1).data;
    let sum = 0;
    for (let i = 0; i < map.length; i++) sum += Math.abs(map[i]! - drawn[i]!);
    return { mean: sum / map.length, same: map.length === drawn.length };
  }, text);

  expect(text.match(/<circle /g)?.length).toBe(said.points);
  expect(said.labels.length).toBeGreaterThan(3);
  for (const label of said.labels) expect(text).toContain(`>${label}</text>`);
  expect(off.same).toBe(true);
  expect(off.mean).toBeLessThan(1.5);
});

test("PDF holds dots as shapes and letters as text; more points become a picture", async ({
  page,
}) => {
  await exhibit(page);
  await choose(page, "PDF");
  const { bytes: drawn } = await saved(page, "Save the picture");
  const why = await page.getByRole("status").last().textContent();
  await withoutImages(page);
  const { bytes } = await saved(page, "Save the picture");
  const small = pdfParts(bytes);
  await page.goto("/gallery.html?show=large#");
  await ready(page);
  await page.keyboard.press("Control+e");
  await choose(page, "PDF");
  const { bytes: many } = await saved(page, "Save the picture");
  const said = await page.getByRole("status").last().textContent();

  expect(drawn.toString("latin1")).toContain("/Subtype /Image");
  expect(why).toContain("images cannot be written as shapes");
  expect(bytes.subarray(0, 8).toString()).toBe("%PDF-1.4");
  expect(small.wellPlaced).toBe(true);
  expect(small.content.match(/ m [\d.-]+ [\d.-]+ l S/g)?.length).toBeGreaterThan(1500);
  expect(small.content).toContain(`<${Buffer.from("digit 3").toString("hex")}> Tj`);
  expect(pdfParts(many).wellPlaced).toBe(true);
  expect(many.toString("latin1")).toContain("/Subtype /Image");
  expect(said).toContain("more than 20,000 points");
});

/** The page's drawing commands, and whether the table of places points at the objects. */
function pdfParts(bytes: Buffer): { content: string; wellPlaced: boolean } {
  const text = bytes.toString("latin1");
  const start = Number(/startxref\n(\d+)/.exec(text)?.[1]);
  const places = [...text.slice(start).matchAll(/^(\d{10}) 00000 n/gm)].map((m) => Number(m[1]));
  const wellPlaced =
    places.length > 5 &&
    places.every((at, i) => text.slice(at, at + 12).startsWith(`${i + 1} 0 obj`));
  const page = /\/Contents (\d+) 0 R/.exec(text)?.[1];
  const at = text.indexOf("stream\n", places[Number(page) - 1]) + 7;
  const length = Number(/\/Length (\d+)/.exec(text.slice(places[Number(page) - 1]))?.[1]);
  return { content: inflateSync(bytes.subarray(at, at + length)).toString(), wellPlaced };
}

test("tables hold ids, places, selection and values, as CSV and as Parquet", async ({ page }) => {
  await exhibit(page);
  const app = await appOf(page);
  await app.evaluate(({ viewer }) => viewer.state.selection.pick(7, "replace"));
  const csv = (await saved(page, "Save CSV")).bytes.toString();
  const { bytes } = await saved(page, "Save Parquet");
  const place = await app.evaluate(({ viewer }) => {
    const step = viewer.state.timeline.step.value!;
    const frame = viewer.session.projections.framesOf(2).get(step)!;
    return [...frame.coordinates.subarray(14, 16)];
  });
  const read = JSON.parse(
    execFileSync(
      python,
      [
        "-c",
        "import io, json, sys; import pyarrow.parquet as pq; t = pq.read_table(io.BytesIO(sys.stdin.buffer.read())); " +
          "print(json.dumps({'types': {f.name: str(f.type) for f in t.schema}, 'rows': t.num_rows, 'row': {k: v[7] for k, v in t.slice(0, 9).to_pydict().items()}, 'selected': sum(t['selected'].to_pylist())}))",
      ],
      { input: bytes },
    ).toString(),
  ) as {
    types: Record<string, string>;
    rows: number;
    row: Record<string, unknown>;
    selected: number;
  };
  const lines = csv.trimEnd().split("\r\n");

  expect(lines[0]).toMatch(/^id,x,y,selected,/);
  expect(lines.length - 1).toBe(read.rows);
  expect(lines[8]!.split(",").slice(0, 4)).toEqual(
    ["7", ...place.map(String), "true"].map((cell, i) =>
      i === 1 || i === 2 ? expect.stringMatching(/^-?\d/) : cell,
    ),
  );
  expect(Math.fround(Number(lines[8]!.split(",")[1]))).toBe(place[0]);
  expect(read.types).toMatchObject({ id: "int64", x: "float", selected: "bool" });
  expect(read.row).toMatchObject({ id: 7, x: place[0], y: place[1], selected: true });
  expect(read.selected).toBe(1);
});
