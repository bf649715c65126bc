import type { ColumnInfo } from "./types.js";
import type { WireArray } from "./wire.js";

/** A made-up run: classes that drift apart while a model "trains". For tests and the gallery. */
export interface SampleRun {
  name: string;
  n: number;
  steps: number[];
  classes: string[];
  columns: SampleColumn[];
  texts: Record<string, (string | null)[]>;
  scalars: Record<string, { steps: number[]; values: (number | null)[] }>;
  tile: number | null;
  /** Coordinates of every row at a step, nan where it has none. */
  place(step: number, dimensions: 2 | 3, map?: string): Float32Array;
  trust(step: number): Uint8Array;
  predicted(step: number): { predicted: Uint16Array; confidence: Float32Array };
  notFinite(step: number): number;
}

export interface SampleColumn {
  info: ColumnInfo;
  arrays: Record<string, { data: WireArray }>;
  value(row: number): unknown;
}

export interface SampleOptions {
  name?: string;
  n?: number;
  steps?: readonly number[];
  classes?: readonly string[];
  /** Side of a thumbnail in pixels; null for a run without images. */
  tile?: number | null;
}

const DAY = 86_400_000;
const RECORDS = [
  ["pen", "thin"],
  ["pen", "thick"],
  ["hand", "left"],
  ["hand", "right"],
] as const;
const TAGS = ["loop", "tilted", "thick stroke", "faint", "touches edge"];

/** Makes a sample run. The same options give the same run. */
export function sampleRun(options: SampleOptions = {}): SampleRun {
  const n = options.n ?? 1797;
  const steps = [...(options.steps ?? Array.from({ length: 42 }, (_, i) => i * 25))];
  const classes = [...(options.classes ?? Array.from({ length: 10 }, (_, i) => `digit ${i}`))];
  const random = randomNumbers(7);
  const own = Uint16Array.from({ length: n }, (_, row) => row % classes.length);
  const noise = Float32Array.from({ length: n * 3 }, () => gaussian(random));
  const hard = Float32Array.from({ length: n }, () => random() ** 2);
  const centers = classes.map((_, c) => spherePoint(c, classes.length));
  const progress = (step: number) => 1 - Math.exp(-4 * (step / Math.max(steps.at(-1) ?? 1, 1)));
  // Two rows diverge late, as a run with a bad batch would show.
  const broken = (row: number, step: number) =>
    (row === 11 || row === 23) && step >= (steps[Math.floor(steps.length * 0.8)] ?? Infinity);

  function place(step: number, dimensions: 2 | 3, map = ""): Float32Array {
    const learned = progress(step);
    // Other methods are told apart by how far they pull groups from each other.
    const apart = map.includes("umap") ? 9 : map.includes("tsne") ? 12 : 6;
    const coordinates = new Float32Array(n * dimensions);
    for (let row = 0; row < n; row++) {
      const center = centers[own[row]!]!;
      const pull = learned * (1 - 0.55 * hard[row]!);
      for (let d = 0; d < dimensions; d++) {
        const spread = 0.95 - 0.7 * pull;
        const turn = d === 0 ? 0.3 * Math.sin(3 * learned + own[row]!) : 0;
        const at = apart * pull * (center[d]! + turn) + spread * noise[row * 3 + d]!;
        coordinates[row * dimensions + d] = broken(row, step) ? Number.NaN : at;
      }
    }
    return coordinates;
  }

  return {
    name: options.name ?? "digits-mlp",
    n,
    steps,
    classes,
    columns: sampleColumns(n, classes, own, hard),
    texts: { note: Array.from({ length: n }, (_, row) => noteOf(row)) },
    scalars: {
      loss: {
        steps,
        values: steps.map((s) => 2.3 * (1 - 0.94 * progress(s)) + 0.04 * Math.sin(s)),
      },
      val_accuracy: { steps, values: steps.map((s) => 0.1 + 0.87 * progress(s)) },
    },
    tile: options.tile === undefined ? 8 : options.tile,
    place,
    trust: (step) =>
      Uint8Array.from({ length: n }, (_, row) =>
        row % 9 === 0
          ? 255
          : Math.round(254 * Math.min(1, 0.35 + 0.6 * progress(step) - 0.4 * hard[row]! + 0.2)),
      ),
    predicted: (step) => ({
      predicted: own.map((c, row) => (hard[row]! > progress(step) ? (c + 1) % classes.length : c)),
      confidence: Float32Array.from({ length: n }, (_, row) =>
        Math.min(0.99, 0.2 + 0.8 * progress(step) * (1 - 0.6 * hard[row]!)),
      ),
    }),
    notFinite: (step) => [11, 23].filter((row) => row < n && broken(row, step)).length,
  };
}

function sampleColumns(
  n: number,
  classes: string[],
  own: Uint16Array,
  hard: Float32Array,
): SampleColumn[] {
  const missing = (row: number) => row % 37 === 5;
  const codes = own.map((code, row) => (missing(row) ? 0xffff : code));
  const sets = Array.from({ length: n }, (_, row) =>
    TAGS.flatMap((_, t) => ((row * 7 + t * 11) % (4 + t) === 0 ? [t] : [])),
  );
  const offsets = new Uint32Array(n + 1);
  sets.forEach((set, row) => (offsets[row + 1] = offsets[row]! + set.length));
  const counts = (test: (row: number) => boolean) =>
    Array.from({ length: n }, (_, row) => row).filter(test).length;
  const dates = Float64Array.from({ length: n }, (_, row) => 1.7e12 + (row % 300) * DAY);
  return [
    {
      info: {
        name: "label",
        kind: "categorical",
        n_missing: counts(missing),
        categories: classes.map((name, c) => ({ name, count: counts((row) => codes[row] === c) })),
      },
      arrays: { codes: { data: codes } },
      value: (row) => classes[codes[row]!] ?? null,
    },
    {
      info: { name: "difficulty", kind: "number", n_missing: 0, range: null },
      arrays: { values: { data: hard } },
      value: (row) => hard[row],
    },
    {
      info: { name: "validation", kind: "boolean", n_missing: 0 },
      arrays: { codes: { data: Uint8Array.from(hard, (_, row) => Number(row % 5 === 0)) } },
      value: (row) => row % 5 === 0,
    },
    {
      info: {
        name: "written",
        kind: "date",
        n_missing: 0,
        range: [1.7e12, 1.7e12 + 299 * DAY],
      },
      arrays: { values: { data: dates } },
      value: (row) => dates[row],
    },
    {
      info: {
        name: "tags",
        kind: "set",
        n_missing: 0,
        categories: TAGS.map((name, t) => ({
          name,
          count: counts((row) => sets[row]!.includes(t)),
        })),
      },
      arrays: {
        offsets: { data: offsets },
        codes: { data: Uint16Array.from(sets.flat()) },
        present: { data: new Uint8Array(n).fill(1) },
      },
      value: (row) => sets[row]!.map((t) => TAGS[t]),
    },
    recordsColumn(n),
    {
      info: { name: "note", kind: "text", n_missing: 0 },
      arrays: {},
      value: noteOf,
    },
  ];
}

/** Every item was written with one pen and one hand, so it carries two records. */
function recordsColumn(n: number): SampleColumn {
  const codes = (row: number) => [row % 3 === 0 ? 1 : 0, row % 10 === 0 ? 2 : 3];
  const all = Array.from({ length: n }, (_, row) => codes(row)).flat();
  const categories = RECORDS.map(([group, name], code) => ({
    group,
    name,
    count: all.filter((one) => one === code).length,
  }));
  return {
    info: { name: "written with", kind: "records", n_missing: 0, categories },
    arrays: {
      offsets: { data: Uint32Array.from({ length: n + 1 }, (_, row) => 2 * row) },
      codes: { data: Uint16Array.from(all) },
      present: { data: new Uint8Array(n).fill(1) },
    },
    value: (row) =>
      codes(row).map((code) => ({ group: RECORDS[code]![0], name: RECORDS[code]![1] })),
  };
}

function noteOf(row: number): string {
  return row % 50 === 3
    ? `<b onclick="alert(1)">markup ${row}</b><img src=x onerror="alert(2)">`
    : `scan ${String(row).padStart(4, "0")} from the second batch, box ${row % 12}`;
}

/** Points spread evenly over a sphere, so that classes of any number come apart. */
function spherePoint(i: number, count: number): [number, number, number] {
  const z = 1 - (2 * i + 1) / count;
  const angle = i * Math.PI * (3 - Math.sqrt(5));
  const r = Math.sqrt(1 - z * z);
  return [r * Math.cos(angle), r * Math.sin(angle), z];
}

/** Mulberry32: a small generator that gives the same numbers everywhere. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function gaussian(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
