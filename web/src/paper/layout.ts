import type { Drawing, Mark, Measure, Words } from "./drawing.js";

/** A legend as a picture shows it. */
export interface PaperLegend {
  title: string;
  entries: readonly { name: string; count: string; color: string | null }[];
  /** Colours from low to high with the values at both ends. */
  ramp: { colors: readonly string[]; low: string; high: string } | null;
}

/** Everything that a picture may hold. */
export interface Page {
  map: { width: number; height: number; marks: readonly Mark[] };
  labels: readonly { text: string; x: number; y: number; size: number }[];
  legend: PaperLegend | null;
  caption: string | null;
  ink: { text: string; secondary: string; canvas: string };
  transparent: boolean;
  title: string;
}

const LEGEND_WIDTH = 200;
const MARGIN = 16;
const LINE = 20;
const RAMP_HEIGHT = 10;
const CAPTION_SIZE = 12;
const CAPTION_LINE = 17;
const TEXT_SIZE = 12;

/** Puts the map, its labels, the legend at its right and the caption below it on one page. */
export function layout(page: Page, measure: Measure): Drawing {
  const { map, ink } = page;
  const width = map.width + (page.legend === null ? 0 : LEGEND_WIDTH);
  const marks: Mark[] = [...map.marks];
  for (const { text, x, y, size } of page.labels) {
    const halo = page.transparent ? undefined : ink.canvas;
    const words = { kind: "words", x, y, text, size, bold: true, anchor: "middle" } as const;
    marks.push({ ...words, color: ink.text, halo });
  }
  if (page.legend !== null) {
    marks.push(...legendMarks(page.legend, map.width + MARGIN, map.height, ink, measure));
  }
  let height = map.height;
  if (page.caption !== null) {
    const lines = wrapped(page.caption, width - 2 * MARGIN, CAPTION_SIZE, measure);
    lines.forEach((text, i) => {
      const y = height + MARGIN / 2 + (i + 0.5) * CAPTION_LINE;
      marks.push(line(text, MARGIN, y, ink.secondary, CAPTION_SIZE));
    });
    height += lines.length * CAPTION_LINE + MARGIN;
  }
  const background = page.transparent ? null : ink.canvas;
  return { width, height, background, title: page.title, marks };
}

function legendMarks(
  { title, entries, ramp }: PaperLegend,
  x: number,
  height: number,
  ink: Page["ink"],
  measure: Measure,
): Mark[] {
  const width = LEGEND_WIDTH - 2 * MARGIN;
  const end = x + width;
  let y = MARGIN + LINE / 2;
  const heading = clipped(title, width, true, measure);
  const marks: Mark[] = [{ ...line(heading, x, y, ink.text), bold: true }];
  y += LINE;
  if (ramp !== null) {
    const step = width / ramp.colors.length;
    ramp.colors.forEach((color, i) =>
      marks.push({
        kind: "box",
        x: x + i * step,
        y: y - RAMP_HEIGHT / 2,
        // A hair of overlap, or light shines through between two boxes.
        width: step + (i < ramp.colors.length - 1 ? 0.5 : 0),
        height: RAMP_HEIGHT,
        color,
      }),
    );
    y += LINE;
    marks.push(line(ramp.low, x, y, ink.secondary));
    marks.push({ ...line(ramp.high, end, y, ink.secondary), anchor: "end" });
    y += LINE;
  }
  const room = Math.max(1, Math.floor((height - y) / LINE));
  const shown = entries.length > room ? entries.slice(0, room - 1) : entries;
  for (const { name, count, color } of shown) {
    if (color !== null) {
      marks.push({ kind: "box", x, y: y - 5, width: 10, height: 10, color });
    }
    const left = width - 18 - 8 - measure(count, TEXT_SIZE, false);
    marks.push(line(clipped(name, left, false, measure), x + 18, y, ink.text));
    marks.push({ ...line(count, end, y, ink.secondary), anchor: "end" });
    y += LINE;
  }
  if (shown.length < entries.length) {
    marks.push(line(`and ${entries.length - shown.length} more`, x + 18, y, ink.secondary));
  }
  return marks;
}

function line(text: string, x: number, y: number, color: string, size = TEXT_SIZE): Words {
  return { kind: "words", x, y, text, size, bold: false, anchor: "start", color };
}

/** A text cut to fit, with an ellipsis. */
function clipped(text: string, room: number, bold: boolean, measure: Measure): string {
  if (measure(text, TEXT_SIZE, bold) <= room) return text;
  const letters = [...text];
  while (letters.length > 1 && measure(`${letters.join("")}…`, TEXT_SIZE, bold) > room) {
    letters.pop();
  }
  return `${letters.join("").trimEnd()}…`;
}

/** Lines of a text that are no wider than `room`. */
export function wrapped(text: string, room: number, size: number, measure: Measure): string[] {
  const lines: string[] = [];
  let current = "";
  for (const word of text.split(/\s+/)) {
    const longer = current === "" ? word : `${current} ${word}`;
    if (current !== "" && measure(longer, size, false) > room) {
      lines.push(current);
      current = word;
    } else current = longer;
  }
  return current === "" ? lines : [...lines, current];
}
