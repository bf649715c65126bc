import type { RunDescription } from "../data/types.js";
import { isColorable } from "../data/columns.js";
import { POINT_MEASURES, type PointMeasure } from "./point_measures.js";

/** What points are coloured by. */
export type Coloring =
  | { by: "nothing" }
  /** `label` picks one label of a set column; without it, the number of labels is shown. */
  | { by: "column"; name: string; label?: string }
  | { by: "prediction" }
  | { by: "confidence" }
  | { by: "correctness" }
  | { by: "trust" }
  /** Crowds of the map, by name. */
  | { by: "clusters" }
  /** What one feature contributes to an axis, or to the place as a whole. */
  | { by: "feature"; index: number; name: string; axis: number | null }
  /** The feature that contributes most. */
  | { by: "winning" }
  /** What has to be measured first. */
  | { by: "measure"; what: PointMeasure };

/** Columns that usually hold the true class, the likeliest first. */
const USUAL_LABELS = ["label", "labels", "class", "target", "y"];

/** Writes a coloring as short text for the address. */
export function encodeColoring(coloring: Coloring): string {
  if (coloring.by === "feature") {
    return `feature:${JSON.stringify([coloring.index, coloring.name, coloring.axis])}`;
  }
  if (coloring.by === "measure") return `measure:${coloring.what}`;
  if (coloring.by !== "column") return coloring.by;
  const parts = coloring.label === undefined ? [coloring.name] : [coloring.name, coloring.label];
  return `column:${JSON.stringify(parts)}`;
}

/** Reads what `encodeColoring` wrote, if this run can be coloured so. */
export function decodeColoring(text: string, run: RunDescription): Coloring | null {
  const plain = choices(run).find((choice) => encodeColoring(choice) === text);
  if (plain !== undefined) return plain;
  if (!text.startsWith("column:") && !text.startsWith("feature:")) return null;
  try {
    if (text.startsWith("feature:")) return featureOf(JSON.parse(text.slice("feature:".length)));
    const [name, label] = JSON.parse(text.slice("column:".length)) as [string, string?];
    const known = run.columns.some((column) => column.name === name && isColorable(column));
    return known ? { by: "column", name, label } : null;
  } catch {
    return null;
  }
}

/** Every coloring a run offers, columns first. */
export function choices(run: RunDescription): Coloring[] {
  const columns = run.columns
    .filter(isColorable)
    .map((column): Coloring => ({ by: "column", name: column.name }));
  const predicted: Coloring[] = [];
  if (run.predictions.steps.length > 0) {
    predicted.push({ by: "prediction" }, { by: "confidence" });
    if (trueColumn(run) !== null) predicted.push({ by: "correctness" });
  }
  const measured = (Object.keys(POINT_MEASURES) as PointMeasure[]).map((what): Coloring => ({
    by: "measure",
    what,
  }));
  return [
    ...columns,
    ...predicted,
    { by: "trust" },
    ...measured,
    { by: "clusters" },
    { by: "winning" },
    { by: "nothing" },
  ];
}

/** What a run is coloured by before anybody chooses: its labels, else its first categories. */
export function firstChoice(run: RunDescription): Coloring {
  const column = trueColumn(run) ?? run.columns.find((c) => c.kind === "categorical")?.name;
  if (column !== undefined) return { by: "column", name: column };
  return run.predictions.steps.length > 0 ? { by: "prediction" } : { by: "nothing" };
}

/**
 * Names of the classes by the number that a prediction has.
 *
 * Labels that are numbers name themselves. For others there is no order to be assumed, and a wrong
 * one would make a wrong confusion matrix that looks like a right one.
 */
export function predictedClasses(run: RunDescription, truth: readonly string[]): readonly string[] {
  if (run.classes !== null) return run.classes;
  if (truth.length > 0 && truth.every((name) => /^(0|[1-9][0-9]{0,5})$/.test(name))) {
    return Array.from({ length: Math.max(...truth.map(Number)) + 1 }, (_, i) => String(i));
  }
  throw new Error(
    "Nothing says which class each column of the predictions is. " +
      "Make the run with classes=[…], the names in the order of the columns.",
  );
}

/** The column that predictions are compared with, or null when none can be. */
export function trueColumn(run: RunDescription): string | null {
  const columns = run.columns.filter((column) => column.kind === "categorical");
  const usual = USUAL_LABELS.map((name) => columns.find((c) => c.name.toLowerCase() === name));
  const found = usual.find((column) => column !== undefined);
  if (found !== undefined || run.classes === null) return found?.name ?? null;
  const classes = new Set(run.classes);
  const matching = columns.find(
    (column) => column.categories?.every((category) => classes.has(category.name)) ?? false,
  );
  return matching?.name ?? null;
}

/** The name of a coloring in menus and headings. */
export function coloringName(coloring: Coloring): string {
  switch (coloring.by) {
    case "nothing":
      return "one colour";
    case "column":
      return coloring.name;
    case "prediction":
      return "predicted class";
    case "feature":
      return coloring.axis === null
        ? `feature ${coloring.name}`
        : `feature ${coloring.name} on axis ${coloring.axis + 1}`;
    case "winning":
      return "winning feature";
    case "measure":
      return POINT_MEASURES[coloring.what].title;
    default:
      return coloring.by;
  }
}

/** Whether the colours change from step to step. */
export function followsStep(coloring: Coloring): boolean {
  return coloring.by !== "nothing" && coloring.by !== "column";
}

function featureOf(parts: unknown): Coloring | null {
  if (!Array.isArray(parts)) return null;
  const [index, name, axis] = parts as unknown[];
  const whole = typeof index === "number" && Number.isInteger(index) && index >= 0;
  if (!whole || typeof name !== "string") return null;
  const known = axis === null || axis === 0 || axis === 1 || axis === 2;
  return known ? { by: "feature", index, name, axis } : null;
}
