import { HIDDEN, HIGHLIGHTED, SELECTED } from "../geometry/rows.js";
import type { RowSet } from "../state/row_set.js";

/** One byte per row for the renderer, from the sets that the state keeps. */
export function flagsOf(
  size: number,
  selected: RowSet,
  hidden: RowSet | null,
  highlighted: readonly number[],
): Uint8Array {
  const flags = new Uint8Array(size);
  const chosen = selected.size === size ? selected : null;
  const out = hidden?.size === size ? hidden : null;
  // One pass over a million rows, each time the pointer finds another point.
  for (let row = 0; row < size; row++) {
    const isIn = chosen?.has(row) ? SELECTED : 0;
    flags[row] = out?.has(row) ? isIn | HIDDEN : isIn;
  }
  for (const row of highlighted) if (row < size) flags[row]! |= HIGHLIGHTED;
  return flags;
}

/** Rows among the first `stop` that have a position. */
export function presentRows(
  coordinates: Float32Array,
  dimensions: number,
  stop: number,
): { present: number; absent: Uint32Array } {
  const absent: number[] = [];
  for (let row = 0; row < stop; row++) {
    // A row without a vector is nan in every dimension.
    if (Number.isNaN(coordinates[row * dimensions]!)) absent.push(row);
  }
  return { present: stop - absent.length, absent: Uint32Array.from(absent) };
}
