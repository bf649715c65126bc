/** A table by column, as it goes into a file. */
export interface PaperTable {
  columns: readonly PaperColumn[];
  rows: number;
}

/** One column: numbers (nan where there is none), booleans as 0 and 1, or texts. */
export type PaperColumn =
  | { name: string; kind: "real"; values: Float32Array | Float64Array }
  | { name: string; kind: "whole"; values: readonly (number | null)[] }
  | { name: string; kind: "boolean"; values: readonly (boolean | null)[] }
  | { name: string; kind: "text"; values: readonly (string | null)[] };

export interface CsvFile {
  text: string;
  /** Cells that got an apostrophe in front. */
  guarded: number;
}

/** What a spreadsheet takes for the beginning of a formula. */
const FORMULA = /^[=+\-@\t\r]/;
const SPECIAL = /[",\r\n]/;

/**
 * Writes a table as CSV (RFC 4180). With `guard`, text that a spreadsheet would run as a formula
 * gets an apostrophe in front; numbers are numbers and stay as they are.
 */
export function csvOf({ columns, rows }: PaperTable, guard: boolean): CsvFile {
  let guarded = 0;
  const text = (value: string): string => {
    const risky = guard && FORMULA.test(value);
    if (risky) guarded++;
    const safe = risky ? `'${value}` : value;
    return SPECIAL.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const cell = (column: PaperColumn, row: number): string => {
    const value = column.values[row];
    if (value === null || value === undefined || Number.isNaN(value)) return "";
    if (column.kind === "real" && column.values instanceof Float32Array) {
      return shortest(value as number);
    }
    return typeof value === "string" ? text(value) : String(value);
  };
  const lines = [columns.map((column) => text(column.name)).join(",")];
  for (let row = 0; row < rows; row++) {
    lines.push(columns.map((column) => cell(column, row)).join(","));
  }
  return { text: `${lines.join("\r\n")}\r\n`, guarded };
}

/** The fewest digits that read as the same float32 again. */
export function shortest(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const text = String(Number(value.toPrecision(digits)));
    if (Math.fround(Number(text)) === value) return text;
  }
  return String(Number(value.toPrecision(9)));
}
