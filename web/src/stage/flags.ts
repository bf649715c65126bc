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
  if (selected.size === size) for (const row of selected.rows) flags[row]! |= SELECTED;
  if (hidden !== null && hidden.size === size) {
    for (const row of hidden.rows) flags[row]! |= HIDDEN;
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
