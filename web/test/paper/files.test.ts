import { inflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { csvOf, shortest } from "../../src/paper/csv.js";
import type { Drawing } from "../../src/paper/drawing.js";
import { layout } from "../../src/paper/layout.js";
import { pdfOf, winAnsi } from "../../src/paper/pdf.js";
import { svgOf } from "../../src/paper/svg.js";
import { fitOf } from "../../src/state/fuzzy.js";
import { readViewFile } from "../../src/state/view_file.js";

const measure = (text: string, size: number) => text.length * size * 0.5;

describe("a CSV file", () => {
  const cells = ["=1+1", "+a", "-b", "@c", "\td", 'say "hi", you', "two\nlines", "-", null];
  const table = {
    rows: cells.length,
    columns: [
      { name: "=id", kind: "text", values: cells },
      { name: "x", kind: "real", values: Float32Array.from(cells, () => -0.1) },
    ],
  } as const;

  it("runs nothing in a spreadsheet, and says how many cells it changed", () => {
    const { text, guarded } = csvOf(table, true);

    expect(guarded).toBe(7);
    expect(text).toContain("'=1+1,-0.1\r\n");
    expect(text).toContain('"say ""hi"", you",-0.1');
    expect(text).toContain('"two\nlines",-0.1');
    expect(text.startsWith("'=id,x\r\n")).toBe(true);
  });

  it("changes nothing where nobody wants it", () => {
    expect(csvOf(table, false)).toMatchObject({ guarded: 0 });
    expect(csvOf(table, false).text).toContain("\r\n=1+1,-0.1\r\n");
  });

  it("writes numbers that read as the same float32", () => {
    for (const value of [0.1, 1 / 3, 1e-40, 16777217, -123456.789].map(Math.fround)) {
      expect(Math.fround(Number(shortest(value)))).toBe(value);
    }
  });
});

const hostile = '</text><script>alert("x")</script>\u0000\ud800';
const drawing: Drawing = layout(
  {
    map: { width: 300, height: 200, marks: [] },
    labels: [{ text: hostile, x: 50, y: 50, size: 14 }],
    legend: {
      title: "label",
      entries: Array.from({ length: 40 }, (_, i) => ({
        name: `group ${i}`,
        count: "7",
        color: "#ff0000",
      })),
      ramp: null,
    },
    caption: "A caption of many words. ".repeat(20),
    ink: { text: "#000000", secondary: "#555555", canvas: "#ffffff" },
    transparent: false,
    title: "a (title)",
  },
  measure,
);

describe("a picture of shapes", () => {
  it("holds markup of somebody's data as text", async () => {
    const svg = await svgOf(drawing, () => Promise.resolve(""));

    expect(svg).not.toContain("<script");
    expect(svg).toContain("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;\ufffd\ufffd</text>");
  });

  it("says how many entries of the legend had no room, and wraps the caption", () => {
    const texts = drawing.marks.flatMap((mark) => (mark.kind === "words" ? [mark.text] : []));

    expect(texts).toContain("and 34 more");
    expect(texts.filter((text) => text.includes("caption")).length).toBeGreaterThan(3);
    expect(drawing.height).toBeGreaterThan(240);
  });

  it("as PDF has letters that readers know as text, and others as pictures", async () => {
    const pixels = { width: 1, height: 1, data: new Uint8ClampedArray([1, 2, 3, 255]) };
    const { bytes, pictured } = await pdfOf(
      {
        ...drawing,
        marks: [
          ...drawing.marks,
          {
            kind: "words",
            x: 0,
            y: 0,
            text: "猫",
            size: 12,
            bold: false,
            anchor: "start",
            color: "#000000",
          },
        ],
      },
      { measure, rasterOf: () => ({ kind: "raster", x: 0, y: 0, width: 1, height: 1, pixels }) },
    );
    const text = Buffer.from(bytes).toString("latin1");
    const streams = [...text.matchAll(/\/Length (\d+) >>\nstream\n/g)].map((match) => {
      const start = match.index + match[0].length;
      return inflateSync(bytes.subarray(start, start + Number(match[1]))).toString("latin1");
    });

    expect(pictured).toBe(2);
    expect(streams).toContain("\u0001\u0002\u0003");
    expect(streams.join("")).toContain(`<${Buffer.from("group 3").toString("hex")}> Tj`);
    expect(winAnsi("é€“ß")).toBe("e98093df");
    expect(winAnsi("猫")).toBeNull();
  });
});

describe("names are found by a few letters", () => {
  it("at beginnings of words first", () => {
    const score = (name: string) => fitOf("cl", name)?.score ?? -1;

    expect(score("Copy link")).toBeGreaterThan(score("Articles"));
    expect(fitOf("ecole", "École")?.at).toEqual([0, 1, 2, 3, 4]);
    expect(fitOf("xyz", "axes")).toBeNull();
  });
});

describe("the file of a view", () => {
  it("is read, whatever else stands in it", () => {
    const text = JSON.stringify({
      format: "driftglass view",
      version: 1,
      address: "run=a",
      more: 1,
    });

    expect(readViewFile(text).address.run).toBe("a");
  });

  it.each([
    ["{", "not JSON"],
    ["null", "does not say"],
    ['{"format":"driftglass view","version":"1"}', "which version"],
    ['{"format":"driftglass view","version":2,"address":"run=a"}', "version 2"],
    ['{"format":"driftglass view","version":1,"address":"x=1"}', "which run"],
    [
      '{"format":"driftglass view","version":1,"address":"run=a","selection":{"order":"x","bits":"?"}}',
      "cannot be read",
    ],
  ])("that is none is refused in words: %s", (text, said) => {
    expect(() => readViewFile(text)).toThrow(said);
  });
});
