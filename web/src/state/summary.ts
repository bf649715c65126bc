import type { Client } from "../data/client.js";
import { BOOLEAN_MISSING, type ColumnData } from "../data/columns.js";
import type { ColumnInfo, RunDescription } from "../data/types.js";
import { histogram, middleOf, type Histogram } from "../geometry/histogram.js";
import { labelKey } from "./grouping.js";
import type { RowSet } from "./row_set.js";

/** How common one value is among some rows, beside all rows. */
export interface ValueShare {
  key: string;
  name: string;
  count: number;
  /** In [0, 1], of the rows and of all rows. */
  share: number;
  whole: number;
}

/** What a column holds in some rows, beside all rows. */
export type ColumnSummary =
  | {
      kind: "values";
      name: string;
      /** Rows may have several values, so that shares add up to more than 1. */
      overlapping: boolean;
      values: readonly ValueShare[];
      missing: number;
    }
  | {
      kind: "numbers";
      name: string;
      unit: "number" | "date";
      some: Histogram;
      all: Histogram;
      middle: { mean: number; median: number } | null;
      wholeMiddle: { mean: number; median: number } | null;
      missing: number;
    }
  | { kind: "text"; name: string };

const BINS = 24;

/** Summary of every column of a run for some rows; null for all of them. */
export async function summaries(
  client: Client,
  run: RunDescription,
  rows: RowSet | null,
): Promise<ColumnSummary[]> {
  const chosen = rows === null ? null : rows.rows;
  return Promise.all(
    run.columns.map(async (info): Promise<ColumnSummary> => {
      if (info.kind === "text") return { kind: "text", name: info.name };
      return summaryOf(info, await client.column(run.name, run.order, info), chosen);
    }),
  );
}

/** Summary of one column. */
export function summaryOf(
  info: ColumnInfo,
  data: ColumnData,
  rows: ArrayLike<number> | null,
): ColumnSummary {
  switch (data.kind) {
    case "number":
    case "date":
      return numbers(info, data.values, data.kind, rows);
    case "categorical": {
      const names = (info.categories ?? []).map((one) => ({ key: one.name, name: one.name }));
      return counted(info.name, names, data.codes.length, rows, (row, add) =>
        add(data.codes[row]!),
      );
    }
    case "boolean": {
      const names = ["false", "true"].map((name) => ({ key: name, name }));
      return counted(info.name, names, data.codes.length, rows, (row, add) =>
        add(data.codes[row] === BOOLEAN_MISSING ? names.length : data.codes[row]!),
      );
    }
    default: {
      const names = (info.categories ?? []).map((one) => ({
        key: labelKey(one),
        name: one.group === undefined ? one.name : `${one.group}: ${one.name}`,
      }));
      const n = data.offsets.length - 1;
      const summary = counted(info.name, names, n, rows, (row, add) => {
        if (data.present !== null && data.present[row] === 0) add(names.length);
        for (let i = data.offsets[row]!; i < data.offsets[row + 1]!; i++) add(data.codes[i]!);
      });
      return { ...summary, overlapping: true };
    }
  }
}

function counted(
  name: string,
  names: readonly { key: string; name: string }[],
  size: number,
  rows: ArrayLike<number> | null,
  each: (row: number, add: (code: number) => void) => void,
): Extract<ColumnSummary, { kind: "values" }> {
  const missing = names.length;
  const tally = (chosen: ArrayLike<number> | null) => {
    const counts = new Array<number>(missing + 1).fill(0);
    const n = chosen === null ? size : chosen.length;
    for (let i = 0; i < n; i++) {
      // Every missing mark of the wire is larger than any category's number.
      each(chosen === null ? i : chosen[i]!, (code) => counts[Math.min(code, missing)]!++);
    }
    return { counts, n };
  };
  const all = tally(null);
  const some = rows === null ? all : tally(rows);
  const values = names
    .map((one, code) => ({
      ...one,
      count: some.counts[code]!,
      share: some.n > 0 ? some.counts[code]! / some.n : 0,
      whole: all.n > 0 ? all.counts[code]! / all.n : 0,
    }))
    .filter((one) => one.count > 0 || one.whole > 0)
    .sort((a, b) => b.count - a.count || b.whole - a.whole);
  return { kind: "values", name, overlapping: false, values, missing: some.counts[missing]! };
}

function numbers(
  info: ColumnInfo,
  values: ArrayLike<number>,
  unit: "number" | "date",
  rows: ArrayLike<number> | null,
): ColumnSummary {
  let [low, high] = info.range ?? [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  if (!info.range) {
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (!Number.isFinite(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    if (low > high) [low, high] = [0, 0];
  }
  const all = histogram(values, null, low, high, BINS);
  const some = rows === null ? all : histogram(values, rows, low, high, BINS);
  const wholeMiddle = middleOf(values, null);
  return {
    kind: "numbers",
    name: info.name,
    unit,
    some,
    all,
    middle: rows === null ? wholeMiddle : middleOf(values, rows),
    wholeMiddle,
    missing: some.missing,
  };
}
