import { arrayNamed, WireError, type Frame } from "./wire.js";
import type { ColumnInfo } from "./types.js";

/** The values of one column in canonical row order, decoded by kind. */
export type ColumnData =
  | { kind: "categorical"; codes: Uint16Array | Uint32Array; missing: number }
  | { kind: "number"; values: Float32Array }
  | { kind: "boolean"; codes: Uint8Array }
  | { kind: "date"; values: Float64Array }
  | SetData;

/** Rows with any number of labels: row r carries codes[offsets[r]] to codes[offsets[r + 1]]. */
export interface SetData {
  kind: "set" | "records";
  offsets: Uint32Array;
  codes: Uint16Array | Uint32Array;
  /** 1 where the row has a set, if only an empty one; 0 where it is missing. */
  present: Uint8Array | null;
}

/** What a boolean column stores for "missing". */
export const BOOLEAN_MISSING = 255;

/** Reads the frame of a column according to the column's kind. */
export function columnOf(info: ColumnInfo, frame: Frame): ColumnData {
  switch (info.kind) {
    case "categorical": {
      const codes = codesNamed(frame, "codes");
      return { kind: "categorical", codes, missing: largest(codes) };
    }
    case "number":
      return { kind: "number", values: arrayNamed(frame, "values", Float32Array) };
    case "boolean":
      return { kind: "boolean", codes: arrayNamed(frame, "codes", Uint8Array) };
    case "date":
      return { kind: "date", values: arrayNamed(frame, "values", Float64Array) };
    case "set":
    case "records":
      return {
        kind: info.kind,
        offsets: arrayNamed(frame, "offsets", Uint32Array),
        codes: codesNamed(frame, "codes"),
        present: frame.arrays.has("present") ? arrayNamed(frame, "present", Uint8Array) : null,
      };
    case "text":
      throw new WireError(
        `Column "${info.name}" is text; its values come by window, not as codes.`,
      );
  }
}

/** Whether a column's values can be turned into colours. */
export function isColorable(info: ColumnInfo): boolean {
  return info.kind !== "text";
}

/** Category numbers, in whichever of the two widths the server chose. */
export function codesNamed(frame: Frame, name: string): Uint16Array | Uint32Array {
  return frame.arrays.get(name)?.data instanceof Uint16Array
    ? arrayNamed(frame, name, Uint16Array)
    : arrayNamed(frame, name, Uint32Array);
}

function largest(codes: Uint16Array | Uint32Array): number {
  return codes instanceof Uint16Array ? 0xffff : 0xffffffff;
}
