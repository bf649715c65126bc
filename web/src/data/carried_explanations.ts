import type { ExplainedAxis, Explanation } from "./knowing.js";
import { ServerError } from "./transport.js";
import { arrayNamed, decode } from "./wire.js";

/** What the viewer asks of `explanation`. */
export interface ExplanationBody {
  projection: string;
  step: number;
  since?: number;
  bits: string;
  features?: number[];
}

/** The one row that a mask of rows holds; null where it holds more or none. */
export function onlyRow(bits: string): number | null {
  const mask = atob(bits);
  let found: number | null = null;
  for (let i = 0; i < mask.length; i++) {
    for (let byte = mask.charCodeAt(i), bit = 0; byte >> bit; bit++) {
      if (((byte >> bit) & 1) === 0) continue;
      if (found !== null) return null;
      found = 8 * i + bit;
    }
  }
  return found;
}

/** What a server would answer for one row, from the contributions that the page carries. */
export function carriedExplanation(
  bytes: ArrayBuffer,
  row: number,
  features: number[],
): Explanation {
  const frame = decode(bytes);
  const { about, names, step, n_listed } = frame.meta as {
    about: Pick<Explanation, "label" | "exact" | "knows" | "note" | "fidelity">;
    names: string[];
    step: number;
    n_listed: number;
  };
  const listed = frame.arrays.get("features")!.data;
  const values = arrayNamed(frame, "contributions", Float32Array);
  const sums = arrayNamed(frame, "sums", Float32Array);
  const n_axes = (frame.arrays.get("sums")!.shape[1] ?? 0) / 4;
  const axes: ExplainedAxis[] = [];
  for (let axis = 0; axis < n_axes; axis++) {
    const at = (row * n_axes + axis) * 4;
    const [coordinate, sum, offset, rest] = sums.slice(at, at + 4) as unknown as number[];
    if (coordinate === undefined || Number.isNaN(coordinate)) {
      throw new ServerError("not_found", `This item has no place at step ${step}.`, 404);
    }
    const start = (row * n_axes + axis) * n_listed;
    const parts = Array.from({ length: n_listed }, (_, i) => ({
      index: listed[start + i]!,
      name: names[listed[start + i]!] ?? "",
      contribution: values[start + i]!,
    })).filter((part) => part.contribution !== 0);
    axes.push({ coordinate, sum: sum!, offset: offset!, rest: rest!, features: parts });
  }
  // A feature that is asked for is answered only where the page has all of its contributions.
  const asked = features.flatMap((index) => {
    const contributions = axes.map(
      (axis) => axis.features.find((one) => one.index === index)?.contribution,
    );
    const whole = contributions.every((one) => one !== undefined);
    return whole ? [{ name: names[index] ?? "", index, contributions }] : [];
  });
  return {
    ...about,
    status: "ready",
    residual: arrayNamed(frame, "residuals", Float32Array)[row] ?? 0,
    step,
    since: null,
    n_rows: 1,
    n_asked: 1,
    axes,
    asked,
  };
}
