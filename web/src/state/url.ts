import { decodeBeside, encodeBeside, type BesideChoice } from "./comparing.js";

/**
 * The part of the view that travels in the address: a copied link reopens what was seen.
 * It lives behind `#`, so it is never sent to the server and needs no route there.
 */
export interface Address {
  run?: string;
  space?: string;
  dimensions?: 2 | 3;
  /** How the map is made, as `recipeText` writes it. */
  map?: string;
  step?: number;
  /** Coloring, as `encodeColoring` writes it. */
  color?: string;
  /** Legend entries switched off: coloring id and entry key. */
  hidden?: readonly (readonly [coloring: string, key: string])[];
  camera?: string;
  trails?: boolean;
  /** Images on the map, as `encodeSprites` writes it. */
  images?: string;
  trust?: number;
  /** Layers, as `Layers.text` writes them. */
  layers?: string;
  theme?: "dark" | "light";
  /** Maps beside the main one. */
  beside?: readonly BesideChoice[];
  /** Whether each of them is moved by itself. */
  free?: boolean;
  /** How far the second map is laid over the first. */
  overlay?: number;
  /** Lanes under the steps that somebody chose, by their names. */
  lanes?: readonly string[];
  /** Conditions that hide what they do not hold for. */
  conditions?: readonly string[];
  charts?: readonly ChartAddress[];
  /** The only rows in sight: those of the selection, or some. */
  only?: "selection" | RowsAddress;
  /** The row whose details are shown. */
  focus?: RowsAddress;
  /** The step that others are compared with. */
  reference?: number;
  /** Two steps that are looked at together. */
  pair?: readonly [from: number, to: number];
  /** What is drawn over the points, where it is not the usual. */
  drawn?: readonly Drawn[];
  drawer?: string;
  /** Selected rows, valid only under the row order with this hash. */
  selection?: RowsAddress;
}

/** Rows, valid only under the row order with this hash. */
export interface RowsAddress {
  order: string;
  rows: readonly number[];
}

/** Choices in the chart of a column; labels by their own names, never by their place. */
export interface ChartAddress {
  name: string;
  range: readonly [low: number, high: number] | null;
  labels: readonly string[];
  mode: "any" | "all" | "none" | "exactly";
}

export const DRAWN = ["neighbors", "torn", "arrows"] as const;
export type Drawn = (typeof DRAWN)[number];
const MODES: readonly string[] = ["any", "all", "none", "exactly"];
/** Charts, conditions and lanes that one address may hold. */
const MOST_PARTS = 32;

/** A link stays short enough to paste: beyond this many rows the selection is left out. */
export const LONGEST_SELECTION = 200;

/** Writes an address as the text behind `#`; equal addresses give equal text. */
export function encodeAddress(address: Address): string {
  const parameters = new URLSearchParams();
  const put = (name: string, value: string | number | undefined) => {
    if (value !== undefined && value !== "") parameters.append(name, String(value));
  };
  put("run", address.run);
  put("space", address.space);
  put("dim", address.dimensions);
  put("map", address.map);
  put("step", address.step);
  put("color", address.color);
  for (const [coloring, key] of address.hidden ?? []) put("hide", JSON.stringify([coloring, key]));
  put("camera", address.camera);
  if (address.trails) put("trails", 1);
  put("images", address.images);
  if (address.trust) put("trust", address.trust);
  put("layers", address.layers);
  put("theme", address.theme);
  for (const choice of address.beside ?? []) put("beside", encodeBeside(choice));
  if (address.free) put("free", 1);
  put("overlay", address.overlay);
  put("lanes", address.lanes && JSON.stringify(address.lanes));
  for (const condition of address.conditions ?? []) put("where", condition);
  for (const { name, range, labels, mode } of address.charts ?? []) {
    put("chart", JSON.stringify([name, range, labels, mode]));
  }
  put("only", address.only === "selection" ? "selection" : rowsText(address.only));
  put("focus", rowsText(address.focus));
  put("against", address.reference);
  put("pair", address.pair?.join("~"));
  put("draw", address.drawn && (address.drawn.join(".") || "nothing"));
  put("drawer", address.drawer);
  put("rows", rowsText(address.selection));
  return parameters.toString();
}

/** Reads what `encodeAddress` wrote. Whatever makes no sense is left out, never an error. */
export function decodeAddress(hash: string): Address {
  const parameters = new URLSearchParams(hash.replace(/^#/, ""));
  const text = (name: string) => parameters.get(name) ?? undefined;
  const dimensions = text("dim");
  const theme = text("theme");
  return {
    run: text("run"),
    space: text("space"),
    dimensions: dimensions === "2" ? 2 : dimensions === "3" ? 3 : undefined,
    map: text("map"),
    step: numberOf(text("step")),
    color: text("color"),
    hidden: parameters.getAll("hide").flatMap(pairOf),
    camera: text("camera"),
    trails: text("trails") === "1",
    images: text("images"),
    trust: numberOf(text("trust")),
    layers: text("layers"),
    theme: theme === "dark" || theme === "light" ? theme : undefined,
    beside: besideOf(parameters.getAll("beside")),
    free: text("free") === "1" ? true : undefined,
    overlay: numberOf(text("overlay")),
    lanes: namesOf(text("lanes")),
    conditions: few(parameters.getAll("where")),
    charts: few(parameters.getAll("chart").flatMap(chartOf)),
    only: text("only") === "selection" ? "selection" : selectionOf(text("only")),
    focus: selectionOf(text("focus")),
    reference: numberOf(text("against")),
    pair: pairOfSteps(text("pair")),
    drawn: drawnOf(text("draw")),
    drawer: text("drawer"),
    selection: selectionOf(text("rows")),
  };
}

function numberOf(text: string | undefined): number | undefined {
  const value = text === undefined || text === "" ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
}

function besideOf(texts: readonly string[]): Address["beside"] {
  const choices = texts.flatMap((one) => decodeBeside(one) ?? []);
  return choices.length > 0 ? choices : undefined;
}

function pairOf(text: string): [string, string][] {
  try {
    const [coloring, key] = JSON.parse(text) as unknown[];
    return typeof coloring === "string" && typeof key === "string" ? [[coloring, key]] : [];
  } catch {
    return [];
  }
}

/** Nothing is not there, so that equal addresses are equal. */
function few<T>(parts: T[]): T[] | undefined {
  return parts.length === 0 ? undefined : parts.slice(0, MOST_PARTS);
}

function rowsText(rows: RowsAddress | undefined): string | undefined {
  if (rows === undefined || rows.rows.length === 0) return undefined;
  if (rows.rows.length > LONGEST_SELECTION) return undefined;
  return `${rows.order}:${rows.rows.map((row) => row.toString(36)).join(".")}`;
}

function drawnOf(text: string | undefined): Drawn[] | undefined {
  const names = text?.split(".");
  return names && DRAWN.filter((one) => names.includes(one));
}

function namesOf(text: string | undefined): string[] | undefined {
  const parts = text === undefined ? undefined : listOf(text);
  return parts?.every((part) => typeof part === "string") ? parts.slice(0, MOST_PARTS) : undefined;
}

function chartOf(text: string): ChartAddress[] {
  const [name, range, labels, mode] = listOf(text) ?? [];
  const pair = Array.isArray(range) && range.length === 2 && range.every(Number.isFinite);
  const named = Array.isArray(labels) && labels.every((label) => typeof label === "string");
  if (typeof name !== "string" || !named || !MODES.includes(String(mode))) return [];
  return [
    {
      name,
      range: pair ? (range as [number, number]) : null,
      labels: labels as string[],
      mode: mode as ChartAddress["mode"],
    },
  ];
}

function pairOfSteps(text: string | undefined): [number, number] | undefined {
  const steps = text?.split("~").map((part) => numberOf(part));
  const [from, to] = steps ?? [];
  return steps?.length === 2 && from !== undefined && to !== undefined ? [from, to] : undefined;
}

function listOf(text: string): unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function selectionOf(text: string | undefined): RowsAddress | undefined {
  const [order, list] = text?.split(":") ?? [];
  if (order === undefined || list === undefined) return undefined;
  const rows = list.split(".").map((row) => Number.parseInt(row, 36));
  const usable = rows.length <= LONGEST_SELECTION && rows.every((row) => row >= 0);
  return usable ? { order, rows } : undefined;
}
