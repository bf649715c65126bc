import type { Client } from "../data/client.js";
import type { Knowing } from "../data/knowing.js";
import { CANVAS } from "../geometry/palettes.js";
import { fontOf, measureWith, paint, pngFile } from "../paper/canvas.js";
import type { Drawing, Mark, Measure, Raster, Words } from "../paper/drawing.js";
import { layout, type PaperLegend } from "../paper/layout.js";
import { csvOf } from "../paper/csv.js";
import { parquetOf } from "../paper/parquet.js";
import { pdfOf } from "../paper/pdf.js";
import { svgOf } from "../paper/svg.js";
import { captionNow } from "./caption.js";
import type { Colorist } from "./colorist.js";
import { count, counted, valueText } from "./format.js";
import type { Measures } from "./measures.js";
import type { Projections } from "./projections.js";
import { RowSet } from "./row_set.js";
import { signal, type Signal, type WritableSignal } from "./signal.js";
import { tableOf, type WhichRows } from "./taken_table.js";
import type { MapLabel, MapPrint } from "./viewer.js";
import type { ViewerState } from "./viewer_state.js";

export type PictureFormat = "png" | "svg" | "pdf";
export type TableFormat = "csv" | "parquet";

/** Files of shapes hold up to this many dots as shapes; more would be slow to open anywhere. */
export const MOST_SHAPES = 20_000;
/** Pixels to a CSS pixel of a map that is put into a file of shapes as a picture. */
const RASTER_SCALE = 3;
const INK = {
  dark: { text: "#e8ecf1", secondary: "#9ba6b4" },
  light: { text: "#161b22", secondary: "#55606e" },
};

/** A file to be saved, and what is worth knowing about it. */
export interface TakenFile {
  name: string;
  blob: Blob;
  said: string;
}

/** Where Taking finds what is on screen. */
export interface OnScreen {
  state: ViewerState;
  colorist: Colorist;
  measures: Measures;
  projections: Projections;
  print: MapPrint;
  labels: Signal<readonly MapLabel[]>;
}

/** Takes what is on screen away as files: pictures, and tables of places and values. */
export class Taking {
  readonly format: WritableSignal<PictureFormat> = signal<PictureFormat>("png");
  readonly scale = signal(2);
  readonly transparent = signal(false);
  readonly legend = signal(true);
  readonly caption = signal(true);
  readonly rows: WritableSignal<WhichRows> = signal<WhichRows>("shown");
  readonly columns = signal(true);
  /** Whether text that looks like a formula is made harmless in CSV files. */
  readonly guard = signal(true);
  private readonly working = signal(false);

  constructor(
    private readonly client: Client,
    private readonly knowing: Knowing,
    private readonly seen: OnScreen,
  ) {}

  get busy(): Signal<boolean> {
    return this.working;
  }

  /** Pixels of the PNG at a scale, without legend and caption. */
  pixelsAt(scale: number): [width: number, height: number] {
    const { width, height } = this.seen.print.size;
    return [Math.round(width * scale), Math.round(height * scale)];
  }

  /** The picture in the format that is chosen. */
  picture(): Promise<TakenFile> {
    return this.work(async () => {
      const format = this.format.value;
      const scale = this.scale.value;
      if (format === "png") {
        const drawing = this.drawing([this.raster(scale)]);
        const canvas = document.createElement("canvas");
        paint(drawing, canvas, scale);
        const said = `${count(canvas.width)} × ${count(canvas.height)} pixels`;
        return { name: this.name("png"), blob: await pngFile(canvas), said: `${said}.` };
      }
      const { marks, said } = this.marks();
      const drawing = this.drawing(marks);
      if (format === "svg") {
        const text = await svgOf(drawing, pngOf);
        return { name: this.name("svg"), blob: new Blob([text], { type: "image/svg+xml" }), said };
      }
      const { bytes, pictured } = await pdfOf(drawing, { measure: measured(), rasterOf });
      const letters =
        pictured === 0
          ? ""
          : ` ${counted(pictured, "line")} of text ${pictured === 1 ? "is a picture" : "are pictures"}: the fonts of PDF lack their letters.`;
      const blob = new Blob([bytes], { type: "application/pdf" });
      return { name: this.name("pdf"), blob, said: said + letters };
    });
  }

  /** Places, selection and values of rows as a file. */
  table(format: TableFormat): Promise<TakenFile> {
    return this.work(async () => {
      const { state, projections } = this.seen;
      const table = await tableOf(
        { state, projections, client: this.client, knowing: this.knowing },
        this.rows.value,
        this.columns.value,
      );
      const rows = counted(table.rows, "row");
      if (format === "parquet") {
        const blob = new Blob([parquetOf(table)], { type: "application/vnd.apache.parquet" });
        return { name: this.name("parquet"), blob, said: `${rows}.` };
      }
      const { text, guarded } = csvOf(table, this.guard.value);
      const said =
        guarded === 0
          ? ""
          : ` ${counted(guarded, "cell")} that a spreadsheet would run got an apostrophe in front.`;
      const blob = new Blob([text], { type: "text/csv;charset=utf-8" });
      return { name: this.name("csv"), blob, said: `${rows}.${said}` };
    });
  }

  /** A small picture of the map, for lists of views; null without a map. */
  async thumbnail(width: number): Promise<Blob | null> {
    try {
      const { print } = this.seen;
      const scale = width / print.size.width;
      const pixels = print.pixels(scale, false);
      const box = { x: 0, y: 0, width: pixels.width, height: pixels.height };
      const canvas = document.createElement("canvas");
      const marks: Mark[] = [{ kind: "raster", ...box, pixels }];
      paint({ ...box, background: null, title: "", marks }, canvas, 1);
      return await pngFile(canvas);
    } catch {
      return null;
    }
  }

  /** Name of a file: the run, the space and the step, in letters that every system takes. */
  name(ending: string): string {
    const { run, spaceName, timeline } = this.seen.state;
    const parts = [run.value?.name, spaceName.value, `step ${timeline.step.value ?? 0}`];
    const plain = parts
      .filter((part) => part !== undefined && part !== null)
      .map((part) => part.replace(/[^\p{L}\p{N}.]+/gu, "-").replace(/^[-.]+|[-.]+$/g, ""));
    return `${plain
      .filter((part) => part !== "")
      .join("_")
      .slice(0, 120)}.${ending}`;
  }

  private drawing(marks: Mark[]): Drawing {
    const { state, print, labels } = this.seen;
    const { width, height } = print.size;
    const theme = state.theme.value;
    return layout(
      {
        map: { width, height, marks },
        labels: labels.value,
        legend: this.legend.value ? this.paperLegend() : null,
        caption: this.caption.value ? captionNow(this.seen) || null : null,
        ink: { ...INK[theme], canvas: CANVAS[theme] },
        transparent: this.transparent.value,
        title: this.name("").replaceAll("_", " ").slice(0, -1),
      },
      measured(),
    );
  }

  /** The map as shapes where they are few enough and say everything, as pixels otherwise. */
  private marks(): { marks: Mark[]; said: string } {
    const { print, state } = this.seen;
    const others = print.onlyPixels();
    const dots = state.shown.value.total - state.shown.value.hidden;
    if (others.length === 0 && dots <= MOST_SHAPES) {
      return { marks: print.shapes(), said: "Points, lines and letters are shapes." };
    }
    const why =
      others.length > 0
        ? `${others.join(" and ")} cannot be written as shapes`
        : `more than ${count(MOST_SHAPES)} points would be slow to open`;
    const said = `The points are a picture at scale ${RASTER_SCALE}, because ${why}; letters are shapes.`;
    return { marks: [this.raster(RASTER_SCALE)], said };
  }

  private raster(scale: number): Raster {
    const { print } = this.seen;
    const pixels = print.pixels(scale, this.transparent.value);
    return { kind: "raster", x: 0, y: 0, ...sizeOf(print), pixels };
  }

  private paperLegend(): PaperLegend | null {
    const legend = this.seen.colorist.legend.value;
    const grouping = this.seen.state.grouping.value;
    if (legend === null || grouping === null) return null;
    const { paint: how } = grouping;
    const entries = legend.entries
      .filter((entry) => entry.kind !== "bin" && entry.count > 0)
      .map((entry) => ({ name: entry.name, count: count(entry.count), color: entry.color }));
    const end = (value: number) =>
      how.kind === "scale" ? valueText(value, how.unit === "date" ? "date" : "number") : "";
    const ramp =
      legend.ramp === null || how.kind !== "scale"
        ? null
        : { colors: legend.ramp, low: end(how.low), high: end(how.high) };
    return { title: legend.title, entries, ramp };
  }

  private async work<T>(job: () => Promise<T>): Promise<T> {
    this.working.set(true);
    try {
      // The page shows that it works before it has no time to.
      await new Promise((done) => setTimeout(done, 0));
      return await job();
    } finally {
      this.working.set(false);
    }
  }
}

/** How many rows a table would have. */
export function rowsWanted(state: ViewerState, which: WhichRows): number {
  const all = RowSet.all(state.run.value?.n_items ?? 0);
  if (which === "all") return all.size;
  if (which === "selected") return state.selection.count.value;
  return state.filter.visible(all).count;
}

function sizeOf({ size }: MapPrint): { width: number; height: number } {
  return { width: size.width, height: size.height };
}

function measured(): Measure {
  const context = document.createElement("canvas").getContext("2d");
  return context === null ? (text, size) => text.length * size * 0.55 : measureWith(context);
}

async function pngOf(pixels: Raster["pixels"]): Promise<string> {
  const canvas = document.createElement("canvas");
  const { width, height } = pixels;
  paint(
    {
      width,
      height,
      background: null,
      title: "",
      marks: [{ kind: "raster", x: 0, y: 0, width, height, pixels }],
    },
    canvas,
    1,
  );
  return canvas.toDataURL("image/png").split(",")[1] ?? "";
}

/** A line of text as pixels. */
function rasterOf(words: Words): Raster {
  const scale = 4;
  const canvas = document.createElement("canvas");
  const width = Math.ceil(measured()(words.text, words.size, words.bold)) + 8;
  const height = Math.ceil(words.size * 1.6);
  const context = canvas.getContext("2d");
  if (context) context.font = fontOf(words.size, words.bold);
  const marks: Mark[] = [{ ...words, anchor: "start", x: 4, y: height / 2 }];
  paint({ width, height, background: null, title: "", marks }, canvas, scale);
  const left = words.anchor === "middle" ? width / 2 : words.anchor === "end" ? width - 4 : 4;
  const data = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
  return {
    kind: "raster",
    x: words.x - left,
    y: words.y - height / 2,
    width,
    height,
    pixels: data,
  };
}
