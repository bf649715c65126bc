import { WINDOW, type Client } from "../data/client.js";
import type { Knowing } from "../data/knowing.js";
import type { ColumnInfo } from "../data/types.js";
import type { PaperColumn, PaperTable } from "../paper/csv.js";
import type { Projections } from "./projections.js";
import { RowSet } from "./row_set.js";
import type { ViewerState } from "./viewer_state.js";

/** Which rows go into a file. */
export type WhichRows = "shown" | "selected" | "all";

interface Sources {
  state: ViewerState;
  projections: Projections;
  client: Client;
  knowing: Knowing;
}

/** Rows of values that are asked for at once, and columns. */
const BLOCK = 1_000;
const MOST_COLUMNS = 32;
const AXES = ["x", "y", "z"];

/** Ids, places at the step on screen, selection and, if wanted, values of rows as a table. */
export async function tableOf(
  { state, projections, client, knowing }: Sources,
  which: WhichRows,
  withColumns: boolean,
): Promise<PaperTable> {
  const run = state.run.value;
  const step = state.timeline.step.value;
  const frame = step === null ? undefined : projections.framesOf(state.shownFit.value).get(step);
  if (run === null || frame === undefined) {
    throw new Error("There is no map on screen whose places could be written. Wait for it.");
  }
  const selected = state.selection.rows.value;
  const all = RowSet.all(run.n_items);
  const rows =
    which === "all"
      ? all.rows
      : which === "selected"
        ? selected.rows
        : state.filter.visible(all).rows;
  if (rows.length === 0) throw new Error("Nothing is selected. Select items, or take all rows.");
  const { n_components: dimensions, coordinates } = frame;
  const columns: PaperColumn[] = [idColumn(await idsOf(client, run.name, run.n_items, rows))];
  for (let d = 0; d < dimensions; d++) {
    const values = Float32Array.from(rows, (row) => coordinates[row * dimensions + d]!);
    columns.push({ name: AXES[d]!, kind: "real", values });
  }
  const chosen = Array.from(rows, (row) => selected.has(row));
  columns.push({ name: "selected", kind: "boolean", values: chosen });
  if (withColumns) {
    const wanted = run.columns.slice(0, MOST_COLUMNS);
    columns.push(...(await valuesOf(knowing, run.name, rows, wanted, columns)));
  }
  return { columns, rows: rows.length };
}

/** Ids of rows, window by window. */
async function idsOf(
  client: Client,
  run: string,
  size: number,
  rows: Uint32Array,
): Promise<(string | number)[]> {
  const ids: (string | number)[] = [];
  let at = 0;
  for (let start = 0; start < size && at < rows.length; start += WINDOW) {
    const stop = Math.min(start + WINDOW, size);
    if (rows[at]! >= stop) continue;
    const window = await client.ids(run, start, stop);
    for (; at < rows.length && rows[at]! < stop; at++) ids.push(window[rows[at]! - start]!);
  }
  return ids;
}

function idColumn(ids: readonly (string | number)[]): PaperColumn {
  return ids.every((id) => Number.isSafeInteger(id))
    ? { name: "id", kind: "whole", values: ids as number[] }
    : { name: "id", kind: "text", values: ids.map(String) };
}

/** Values of the run's own columns, block by block. */
async function valuesOf(
  knowing: Knowing,
  run: string,
  rows: Uint32Array,
  infos: readonly ColumnInfo[],
  taken: readonly PaperColumn[],
): Promise<PaperColumn[]> {
  if (infos.length === 0) return [];
  const names = infos.map((info) => info.name);
  const values = infos.map((): unknown[] => []);
  for (let start = 0; start < rows.length; start += BLOCK) {
    const block = Array.from(rows.subarray(start, start + BLOCK));
    const answer = await knowing.table(run, block, names);
    names.forEach((name, i) => {
      for (const value of answer.values[name] ?? []) values[i]!.push(value);
    });
  }
  const used = new Set(taken.map((column) => column.name));
  return infos.map((info, i) => {
    let { name } = info;
    while (used.has(name)) name = `${name}_`;
    used.add(name);
    return valueColumn(name, info, values[i]!);
  });
}

function valueColumn(name: string, info: ColumnInfo, values: readonly unknown[]): PaperColumn {
  if (info.kind === "number") {
    const numbers = Float64Array.from(values, (value) =>
      typeof value === "number" ? value : Number.NaN,
    );
    return { name, kind: "real", values: numbers };
  }
  if (info.kind === "boolean") {
    const flags = values.map((value) => (typeof value === "boolean" ? value : null));
    return { name, kind: "boolean", values: flags };
  }
  const texts = values.map((value) =>
    value === null || value === undefined
      ? null
      : typeof value === "string"
        ? value
        : // Sets of labels are written as JSON, which every language reads back.
          JSON.stringify(value),
  );
  return { name, kind: "text", values: texts };
}
