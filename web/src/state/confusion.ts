import type { PredictionData } from "../data/client.js";
import { RowSet } from "./row_set.js";

/** How often each class was predicted for each true one, at one step. */
export interface Confusion {
  /** Names of the classes shown, by line and by column. */
  classes: readonly string[];
  /** Rows of true class i predicted as j at index i * classes.length + j. */
  counts: Uint32Array;
  /** Items with a label and a prediction, of any class. */
  total: number;
  /** Items whose prediction is right. */
  right: number;
  /** Classes that there are in all. */
  of: number;
  /** Items of a cell. */
  rowsOf(truth: number, predicted: number): RowSet;
}

/**
 * Counts predictions by true class. Of more than `most` classes, those with the most wrong
 * predictions are shown.
 */
export function confusionOf(
  classes: readonly string[],
  data: PredictionData,
  truth: readonly string[],
  codes: ArrayLike<number>,
  most: number,
): Confusion {
  const n = codes.length;
  // Both lists name classes; the order in which they do may differ.
  const names = [...new Set([...classes, ...truth])];
  const numberOf = new Map(names.map((name, i) => [name, i]));
  const fromTruth = truth.map((name) => numberOf.get(name)!);
  const fromClass = classes.map((name) => numberOf.get(name)!);
  const wrong = new Uint32Array(names.length);
  const seen = new Uint32Array(names.length);
  let [total, right] = [0, 0];
  const pairOf = (row: number): readonly [number, number] | null => {
    const t = fromTruth[codes[row]!];
    const p = fromClass[data.predicted[row]!];
    return t === undefined || p === undefined ? null : [t, p];
  };
  for (let row = 0; row < n; row++) {
    const pair = pairOf(row);
    if (pair === null) continue;
    const [t, p] = pair;
    total++;
    seen[t]!++;
    seen[p]!++;
    if (t === p) right++;
    else {
      wrong[t]!++;
      wrong[p]!++;
    }
  }
  let chosen = names.map((_, i) => i).filter((i) => seen[i]! > 0);
  const of = chosen.length;
  if (chosen.length > most) {
    chosen = chosen.sort((a, b) => wrong[b]! - wrong[a]! || a - b).slice(0, most);
    chosen.sort((a, b) => a - b);
  }
  const place = new Map(chosen.map((i, at) => [i, at]));
  const counts = new Uint32Array(chosen.length ** 2);
  for (let row = 0; row < n; row++) {
    const pair = pairOf(row);
    if (pair === null) continue;
    const [t, p] = [place.get(pair[0]), place.get(pair[1])];
    if (t !== undefined && p !== undefined) counts[t * chosen.length + p]!++;
  }
  return {
    classes: chosen.map((i) => names[i]!),
    counts,
    total,
    right,
    of,
    rowsOf: (t, p) =>
      RowSet.where(n, (row) => {
        const pair = pairOf(row);
        return pair !== null && pair[0] === chosen[t] && pair[1] === chosen[p];
      }),
  };
}
