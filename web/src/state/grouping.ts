import type { ColumnData, SetData } from "../data/columns.js";
import { BOOLEAN_MISSING } from "../data/columns.js";
import type { PredictionData } from "../data/client.js";
import type { Category, ColumnInfo } from "../data/types.js";
import { UNKNOWN_TRUST } from "../geometry/rows.js";
import { RowSet } from "./row_set.js";

/** A legend entry: rows that share a value, are missing one, or fall into one bin of a scale. */
export interface Group {
  /** Names the entry in links and filters; made from the value, never from its position. */
  key: string;
  name: string;
  kind: "value" | "missing" | "bin";
  count: number;
}

/** How rows fall into groups, and the value each is coloured by. */
export interface Grouping {
  /** Says which coloring this is, for filters and links. */
  id: string;
  title: string;
  /** Groupings with the same palette give the same name the same colour. */
  palette: string;
  groups: readonly Group[];
  /** Rows may be in several groups, so that the counts add up to more than there are rows. */
  overlapping: boolean;
  paint: Paint;
  rowsOf(key: string): RowSet;
  /** How many of `rows` are in each group, in the order of `groups`. */
  tally(rows: RowSet): number[];
}

/** What decides a row's colour: the group it is in, or a value between 0 and 1. */
export type Paint =
  | { kind: "groups"; codes: Uint32Array; codeOf: readonly Group[] }
  | {
      kind: "scale";
      values: Float32Array;
      low: number;
      high: number;
      unit: "number" | "date" | "share" | "labels";
      /** Zero is the middle, and the two sides have colours of their own. */
      signed?: boolean;
    };

export const MISSING_KEY = "\u0000missing";
/** Rows that have a set of labels, but an empty one. */
export const NO_LABEL_KEY = "\u0000none";
const BINS = 16;

/** Groups the rows of a categorical column by value. */
export function groupByCategory(
  id: string,
  title: string,
  categories: readonly string[],
  codes: ArrayLike<number>,
): Grouping {
  const n = codes.length;
  const counts = new Array<number>(categories.length + 1).fill(0);
  const missing = categories.length;
  const own = new Uint32Array(n);
  for (let row = 0; row < n; row++) {
    // Every missing mark of the wire is larger than any category's number.
    const code = Math.min(codes[row]!, missing);
    own[row] = code;
    counts[code]!++;
  }
  const codeOf: Group[] = categories.map((name, i) => ({
    key: `=${name}`,
    name,
    kind: "value",
    count: counts[i]!,
  }));
  codeOf.push({ key: MISSING_KEY, name: "missing", kind: "missing", count: counts[missing]! });
  const groups = codeOf.filter((group) => group.kind === "value" || group.count > 0);
  return {
    id,
    title,
    palette: id,
    groups,
    overlapping: false,
    paint: { kind: "groups", codes: own, codeOf },
    rowsOf: (key) => {
      const code = codeOf.findIndex((group) => group.key === key);
      return RowSet.where(n, (row) => own[row] === code);
    },
    tally: (rows) => tallied(groups, codeOf, rows, (row, add) => add(own[row]!)),
  };
}

/** Groups rows by where their number falls between the smallest and the largest. */
export function groupByNumber(
  id: string,
  title: string,
  values: ArrayLike<number>,
  unit: "number" | "date" | "share" | "labels",
  range?: readonly [number, number] | null,
  missingName = "missing",
): Grouping {
  const n = values.length;
  const [low, high] = range ?? rangeOf(values);
  const span = high - low;
  // A column of few whole numbers gets a bin for each, so that no bin straddles two of them.
  const whole = unit === "labels" && span < BINS;
  const bins = span > 0 ? (whole ? span + 1 : BINS) : 1;
  const width = whole ? 1 : span / bins;
  const scaled = new Float32Array(n);
  const codes = new Uint8Array(n);
  const counts = new Array<number>(bins + 1).fill(0);
  for (let row = 0; row < n; row++) {
    const value = values[row]!;
    const known = Number.isFinite(value);
    scaled[row] = known ? (span > 0 ? (value - low) / span : 0.5) : Number.NaN;
    const bin = span > 0 ? Math.floor((value - low) / width) : 0;
    const code = known ? Math.min(Math.max(bin, 0), bins - 1) : bins;
    codes[row] = code;
    counts[code]!++;
  }
  const codeOf: Group[] = Array.from({ length: bins }, (_, i) => ({
    key: `bin ${i}`,
    name: whole ? String(low + i) : `${low + i * width}`,
    kind: "bin",
    count: counts[i]!,
  }));
  codeOf.push({ key: MISSING_KEY, name: missingName, kind: "missing", count: counts[bins]! });
  const groups = codeOf.filter((group) => group.kind === "bin" || group.count > 0);
  return {
    id,
    title,
    palette: id,
    groups,
    overlapping: false,
    paint: { kind: "scale", values: scaled, low, high, unit },
    rowsOf: (key) => {
      const code = codeOf.findIndex((group) => group.key === key);
      return RowSet.where(n, (row) => codes[row] === code);
    },
    tally: (rows) => tallied(groups, codeOf, rows, (row, add) => add(codes[row]!)),
  };
}

/** Groups rows by the labels they carry; a row is in as many groups as it has labels. */
export function groupByLabels(
  id: string,
  title: string,
  categories: readonly Category[],
  data: SetData,
  chosen: string | undefined,
): Grouping {
  const n = data.offsets.length - 1;
  const present = (row: number) => data.present === null || data.present[row] === 1;
  const counts = new Array<number>(categories.length + 2).fill(0);
  const none = categories.length;
  const missing = none + 1;
  const each = (row: number, add: (code: number) => void) => {
    const [start, stop] = [data.offsets[row]!, data.offsets[row + 1]!];
    if (!present(row)) add(missing);
    else if (start === stop) add(none);
    else for (let i = start; i < stop; i++) add(data.codes[i]!);
  };
  for (let row = 0; row < n; row++) each(row, (code) => counts[code]!++);
  const codeOf: Group[] = categories.map((category, i) => ({
    key: labelKey(category),
    name: labelName(category),
    kind: "value",
    count: counts[i]!,
  }));
  codeOf.push({ key: NO_LABEL_KEY, name: "no label", kind: "missing", count: counts[none]! });
  codeOf.push({ key: MISSING_KEY, name: "missing", kind: "missing", count: counts[missing]! });
  const groups = codeOf.filter((group) => group.kind === "value" || group.count > 0);
  return {
    id,
    title,
    palette: id,
    groups,
    overlapping: true,
    paint: chosen === undefined ? byNumber() : byMembership(chosen),
    rowsOf: (key) => {
      const code = codeOf.findIndex((group) => group.key === key);
      return RowSet.where(n, (row) => {
        let found = false;
        each(row, (one) => (found ||= one === code));
        return found;
      });
    },
    tally: (rows) => tallied(groups, codeOf, rows, each),
  };

  function byNumber(): Paint {
    const values = new Float32Array(n);
    let most = 1;
    for (let row = 0; row < n; row++) {
      values[row] = present(row) ? data.offsets[row + 1]! - data.offsets[row]! : Number.NaN;
      if (values[row]! > most) most = values[row]!;
    }
    for (let row = 0; row < n; row++) values[row]! /= most;
    return { kind: "scale", values, low: 0, high: most, unit: "labels" };
  }

  function byMembership(key: string): Paint {
    const code = codeOf.findIndex((group) => group.key === key);
    const codes = new Uint32Array(n).fill(missing);
    for (let row = 0; row < n; row++) {
      each(row, (one) => {
        if (one === code) codes[row] = code;
      });
    }
    return { kind: "groups", codes, codeOf };
  }
}

/** Groups the rows of any column that can be coloured by. `chosen` is a label of a set column. */
export function groupByColumn(info: ColumnInfo, data: ColumnData, chosen?: string): Grouping {
  const id = columnId(info.name);
  const names = (info.categories ?? []).map((category) => category.name);
  switch (data.kind) {
    case "categorical":
      return groupByCategory(id, info.name, names, data.codes);
    case "boolean":
      return groupByCategory(id, info.name, ["false", "true"], boolean(data.codes));
    case "number":
      return groupByNumber(id, info.name, data.values, "number", info.range);
    case "date":
      return groupByNumber(id, info.name, data.values, "date", info.range);
    case "set":
    case "records":
      return groupByLabels(id, info.name, info.categories ?? [], data, chosen);
  }
}

/** Groups rows by the class predicted at a step. */
export function groupByPrediction(
  classes: readonly string[],
  data: PredictionData,
  truth: string | null,
): Grouping {
  const grouping = groupByCategory("prediction", "predicted class", classes, data.predicted);
  // A class keeps the colour it has as a label.
  return truth === null ? grouping : { ...grouping, palette: columnId(truth) };
}

/** Groups rows by how sure the prediction of a step is. */
export function groupByConfidence(data: PredictionData): Grouping {
  return groupByNumber("confidence", "confidence", data.confidence, "share", [0, 1]);
}

/** Groups rows by what a feature contributes; signed values lie around zero. */
export function groupByContribution(
  id: string,
  title: string,
  values: Float32Array,
  signed: boolean,
): Grouping {
  let most = 0;
  for (const value of values) if (Math.abs(value) > most) most = Math.abs(value);
  const range = [signed ? -most : 0, most] as const;
  const grouping = groupByNumber(id, title, values, "number", range, "not on the map");
  if (!signed || grouping.paint.kind !== "scale") return grouping;
  return { ...grouping, paint: { ...grouping.paint, signed } };
}

/** Groups rows by whether the class predicted is the one a column says. */
export function groupByCorrectness(
  classes: readonly string[],
  data: PredictionData,
  truth: readonly string[],
  codes: ArrayLike<number>,
): Grouping {
  const verdicts = new Uint32Array(codes.length);
  for (let row = 0; row < verdicts.length; row++) {
    const predicted = classes[data.predicted[row]!];
    const actual = truth[codes[row]!];
    // Without a prediction or a label there is no verdict.
    verdicts[row] =
      predicted === undefined || actual === undefined ? 2 : Number(predicted !== actual);
  }
  return groupByCategory("correctness", "correctness", ["correct", "wrong"], verdicts);
}

/** Groups rows by how faithfully the map keeps their neighbours. */
export function groupByTrust(trust: Uint8Array): Grouping {
  const values = Float32Array.from(trust, (t) => (t === UNKNOWN_TRUST ? Number.NaN : t / 254));
  return groupByNumber("trust", "trust", values, "share", [0, 1], "not measured");
}

/** Groups rows by something measured of single points; nan where it was not. */
export function groupByMeasure(
  what: string,
  title: string,
  values: Float32Array,
  range: readonly [number, number],
): Grouping {
  return groupByNumber(`measure:${what}`, title, values, "share", range, "not measured");
}

function columnId(name: string): string {
  return `column:${name}`;
}

/** The key of a label in a set or records column. */
export function labelKey(category: Category): string {
  return category.group === undefined ? `=${category.name}` : `${category.group}=${category.name}`;
}

function labelName(category: Category): string {
  return category.group === undefined ? category.name : `${category.group}: ${category.name}`;
}

function boolean(codes: Uint8Array): Uint8Array {
  return codes.map((code) => (code === BOOLEAN_MISSING ? 2 : code));
}

function rangeOf(values: ArrayLike<number>): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 0];
}

function tallied(
  groups: readonly Group[],
  codeOf: readonly Group[],
  rows: RowSet,
  each: (row: number, add: (code: number) => void) => void,
): number[] {
  const counts = new Array<number>(codeOf.length).fill(0);
  for (const row of rows.rows) each(row, (code) => counts[code]!++);
  return groups.map((group) => counts[codeOf.indexOf(group)]!);
}
