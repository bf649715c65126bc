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
  /** Selected rows, valid only under the row order with this hash. */
  selection?: { order: string; rows: readonly number[] };
}

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
  const selection = address.selection;
  if (selection && selection.rows.length > 0 && selection.rows.length <= LONGEST_SELECTION) {
    put("rows", `${selection.order}:${selection.rows.map((row) => row.toString(36)).join(".")}`);
  }
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

function selectionOf(text: string | undefined): Address["selection"] {
  const [order, list] = text?.split(":") ?? [];
  if (order === undefined || list === undefined) return undefined;
  const rows = list.split(".").map((row) => Number.parseInt(row, 36));
  const usable = rows.length <= LONGEST_SELECTION && rows.every((row) => row >= 0);
  return usable ? { order, rows } : undefined;
}
