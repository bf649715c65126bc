import type { Client } from "../data/client.js";
import type { ColumnData, SetData } from "../data/columns.js";
import type { ColumnInfo } from "../data/types.js";
import { labelKey } from "./grouping.js";
import { RowSet } from "./row_set.js";
import { signal, type Signal } from "./signal.js";
import type { ChartAddress } from "./url.js";
import type { ViewerState } from "./viewer_state.js";

/** How a set column is compared with the labels that were chosen. */
export type SetMode = "any" | "all" | "none" | "exactly";

/** One bar of a chart: how many rows there are, and how many every other chart leaves. */
export interface Bar {
  name: string;
  /** Where a number's bar begins and ends. */
  low: number;
  high: number;
  all: number;
  left: number;
  chosen: boolean;
}

/** One column as bars that can be chosen. */
export interface Chart {
  info: ColumnInfo;
  kind: "numbers" | "labels" | "sets";
  data: ColumnData;
  /** Chosen values of a number or date column, both ends included. */
  range: readonly [low: number, high: number] | null;
  /** Chosen categories by their number. */
  labels: readonly number[];
  mode: SetMode;
}

const BINS = 24;
const MOST_LABELS = 40;

/** Charts of columns whose choices hide rows, each counted under the choices of the others. */
export class CrossFilter {
  private readonly shown = signal<readonly Chart[]>([]);
  private order = "";
  private changing = false;

  constructor(
    private readonly client: Client,
    private readonly state: ViewerState,
  ) {
    state.run.subscribe((run) => {
      const next = run === null ? "" : `${run.name}\n${run.order}`;
      if (next !== this.order) this.shown.set([]);
      this.order = next;
    });
    // "Show everything" takes choices back too.
    state.filter.constraints.subscribe((held) => {
      const lost = (chart: Chart) =>
        (chart.range !== null || chart.labels.length > 0) && !held.has(keyOf(chart.info.name));
      if (this.changing || !this.shown.value.some(lost)) return;
      this.shown.set(
        this.shown.value.map((one) => (lost(one) ? { ...one, range: null, labels: [] } : one)),
      );
    });
  }

  get charts(): Signal<readonly Chart[]> {
    return this.shown;
  }

  /** Shows a column, unless it is shown. */
  async add(info: ColumnInfo): Promise<void> {
    const run = this.state.run.value;
    if (run === null || info.kind === "text" || this.chart(info.name) !== undefined) return;
    const data = await this.client.column(run.name, run.order, info);
    if (this.state.run.value?.order !== run.order || this.chart(info.name) !== undefined) return;
    const kind =
      data.kind === "number" || data.kind === "date"
        ? "numbers"
        : data.kind === "set" || data.kind === "records"
          ? "sets"
          : "labels";
    this.shown.set([
      ...this.shown.value,
      { info, kind, data, range: null, labels: [], mode: "any" },
    ]);
  }

  /** Takes a column and its choices away. */
  remove(name: string): void {
    this.shown.set(this.shown.value.filter((chart) => chart.info.name !== name));
    this.state.filter.constrain(keyOf(name), null);
  }

  setRange(name: string, range: Chart["range"]): void {
    this.change(name, { range });
  }

  /** Chooses a label, or takes it back. */
  toggle(name: string, label: number): void {
    const old = this.chart(name)?.labels ?? [];
    const labels = old.includes(label) ? old.filter((one) => one !== label) : [...old, label];
    this.change(name, { labels });
  }

  setMode(name: string, mode: SetMode): void {
    this.change(name, { mode });
  }

  /** Makes the choices that an address names; labels that are gone are left out. */
  restore({ name, range, labels, mode }: ChartAddress): void {
    const info = this.chart(name)?.info;
    const names = info?.categories?.map(labelKey) ?? ["false", "true"];
    const places = labels.map((label) => names.indexOf(label)).filter((at) => at >= 0);
    this.change(name, { range, labels: places, mode });
  }

  /** Takes the choices of one column back. */
  clear(name: string): void {
    this.change(name, { range: null, labels: [] });
  }

  /** Bars of a chart as things are hidden now. */
  bars(chart: Chart): Bar[] {
    const size = this.state.run.value?.n_items ?? 0;
    const others = this.state.filter.visible(RowSet.all(size), keyOf(chart.info.name));
    return chart.kind === "numbers" ? numberBars(chart, others) : labelBars(chart, others);
  }

  private chart(name: string): Chart | undefined {
    return this.shown.value.find((chart) => chart.info.name === name);
  }

  private change(name: string, what: Partial<Chart>): void {
    const old = this.chart(name);
    if (old === undefined) return;
    const chart = { ...old, ...what };
    const size = this.state.run.value?.n_items ?? 0;
    this.changing = true;
    this.shown.set(this.shown.value.map((one) => (one === old ? chart : one)));
    this.state.filter.constrain(keyOf(name), rowsOf(chart, size));
    this.changing = false;
  }
}

function keyOf(name: string): string {
  return `chart ${name}`;
}

/** The rows that a chart's choices leave; null without a choice. */
export function rowsOf(chart: Chart, size: number): RowSet | null {
  const { data, range, labels, mode } = chart;
  if (data.kind === "number" || data.kind === "date") {
    if (range === null) return null;
    const [low, high] = range;
    return RowSet.where(size, (row) => data.values[row]! >= low && data.values[row]! <= high);
  }
  if (labels.length === 0 && !(mode === "exactly" && chart.kind === "sets")) return null;
  if (data.kind === "set" || data.kind === "records") {
    return RowSet.where(size, setTest(data, new Set(labels), mode));
  }
  const wanted = new Set(labels);
  return RowSet.where(size, (row) => wanted.has(data.codes[row]!));
}

/** Whether a row's set has any, all, none or exactly the wanted labels; missing sets never do. */
export function setTest(
  { offsets, codes, present }: SetData,
  wanted: ReadonlySet<number>,
  mode: SetMode,
): (row: number) => boolean {
  return (row) => {
    if (present !== null && present[row] === 0) return false;
    const [start, stop] = [offsets[row]!, offsets[row + 1]!];
    let held = 0;
    for (let i = start; i < stop; i++) if (wanted.has(codes[i]!)) held++;
    if (mode === "any") return held > 0;
    if (mode === "none") return held === 0;
    return held === wanted.size && (mode === "all" || stop - start === wanted.size);
  };
}

function numberBars({ data, range }: Chart, others: RowSet): Bar[] {
  if (data.kind !== "number" && data.kind !== "date") return [];
  const { values } = data;
  const [low, high] = rangeOf(values);
  if (!(high >= low)) return [];
  const width = (high - low) / BINS || 1;
  const count = high > low ? BINS : 1;
  const bars = Array.from({ length: count }, (_, i) => ({
    name: "",
    low: low + i * width,
    high: i === count - 1 ? high : low + (i + 1) * width,
    all: 0,
    left: 0,
    chosen: range === null || (low + (i + 1) * width > range[0] && low + i * width <= range[1]),
  }));
  for (let row = 0; row < others.size; row++) {
    const value = values[row]!;
    if (!Number.isFinite(value)) continue;
    const bar = bars[Math.min(Math.floor((value - low) / width), count - 1)];
    if (bar === undefined) continue;
    bar.all++;
    if (others.has(row)) bar.left++;
  }
  return bars;
}

/** Lowest and highest finite value. */
function rangeOf(values: Float32Array | Float64Array): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

function labelBars({ data, info, labels }: Chart, others: RowSet): Bar[] {
  const names = info.categories?.map((one) => one.name) ?? ["false", "true"];
  const bars = names.map((name, i) => ({
    name,
    low: i,
    high: i,
    all: 0,
    left: 0,
    chosen: labels.length === 0 || labels.includes(i),
  }));
  const put = (code: number, row: number) => {
    const bar = bars[code];
    if (bar === undefined) return;
    bar.all++;
    if (others.has(row)) bar.left++;
  };
  for (let row = 0; row < others.size; row++) {
    if (data.kind === "set" || data.kind === "records") {
      for (let i = data.offsets[row]!; i < data.offsets[row + 1]!; i++) put(data.codes[i]!, row);
    } else if (data.kind === "categorical" || data.kind === "boolean") put(data.codes[row]!, row);
  }
  // The most frequent first; what is chosen is always among them.
  return bars
    .sort(
      (a, b) => Number(labels.includes(b.low)) - Number(labels.includes(a.low)) || b.all - a.all,
    )
    .slice(0, MOST_LABELS);
}
