import { type Oklab, type Rgb, fromHex, fromOklab } from "./color.js";
import { CATEGORIES, MISSING, OTHER, RAMPS, type Stop, type ThemeName } from "./palettes.js";

/** The slot of values that have no colour of their own. */
export const NO_SLOT = -1;

/**
 * Remembers which colour belongs to which value of which column. A colour is bound to the
 * value: filtering, sorting, unused values and values that appear later change no colour that
 * has been given, and the same value has the same colour in every run and theme.
 */
export class CategoryColors {
  private readonly slots = new Map<string, Map<string, number>>();
  private readonly limit: number;

  /** `limit`: how many values of one column can have a colour of their own. */
  constructor(limit: number = CATEGORIES.dark.length) {
    this.limit = Math.min(limit, CATEGORIES.dark.length);
  }

  /**
   * The slot of each value, in the order given; NO_SLOT for "other". Give all values of the
   * column, not only those in view, and their counts: when there are more values than colours,
   * the most frequent ones get them.
   */
  assign(column: string, values: readonly string[], counts?: readonly number[]): number[] {
    let known = this.slots.get(column);
    if (!known) this.slots.set(column, (known = new Map()));
    const slots = known;
    const fresh = values
      .map((value, i) => ({ value, count: counts?.[i] ?? 0 }))
      .filter(({ value }) => !slots.has(value));
    const free = this.limit - slots.size;
    // The order depends on the values alone, so that a reload gives the same colours.
    const crowded = fresh.length > free;
    fresh.sort((a, b) => (crowded ? b.count - a.count : 0) || naturally(a.value, b.value));
    fresh
      .slice(0, Math.max(0, free))
      .sort((a, b) => naturally(a.value, b.value))
      .forEach(({ value }) => slots.set(value, slots.size));
    return values.map((value) => slots.get(value) ?? NO_SLOT);
  }
}

/** The colour of a slot on a canvas. */
export function slotColor(slot: number, theme: ThemeName): Rgb {
  const hex = slot === NO_SLOT ? OTHER[theme] : CATEGORIES[theme][slot];
  if (!hex) throw new RangeError(`There is no colour slot ${slot}.`);
  return fromHex(hex);
}

/** The grey of rows without a value. */
export function missingColor(theme: ThemeName): Rgb {
  return fromHex(MISSING[theme]);
}

/** A colour map of 256 colours, 3 bytes each. */
export type Ramp = Uint8Array;

/** Low to high; the higher, the more it stands out from the canvas. */
export function sequential(theme: ThemeName): Ramp {
  return ramp(RAMPS[theme].sequential);
}

/** Negative to positive; the middle is neutral, so use it with a range symmetric around zero. */
export function diverging(theme: ThemeName): Ramp {
  return ramp(RAMPS[theme].diverging);
}

/** The colour at a place 0 to 1 of a colour map. */
export function sample(map: Ramp, place: number): Rgb {
  const start = 3 * Math.round(255 * Math.min(1, Math.max(0, place)));
  return [map[start]!, map[start + 1]!, map[start + 2]!];
}

/**
 * One RGBA colour per row from category codes. Codes at or past the end of `colors` are missing
 * values, as are negative ones.
 */
export function paintCategories(
  codes: ArrayLike<number>,
  colors: readonly Rgb[],
  missing: Rgb,
  out: Uint8Array = new Uint8Array(codes.length * 4),
): Uint8Array {
  const words = wordsOf(out);
  const table = Uint32Array.from(colors, pack);
  const none = pack(missing);
  for (let row = 0; row < codes.length; row++) words[row] = table[codes[row]!] ?? none;
  return out;
}

/** One RGBA colour per row from numbers; those outside the range are held, NaN is missing. */
export function paintNumbers(
  values: ArrayLike<number>,
  range: readonly [number, number],
  map: Ramp,
  missing: Rgb,
  out: Uint8Array = new Uint8Array(values.length * 4),
): Uint8Array {
  const words = wordsOf(out);
  const table = Uint32Array.from({ length: 256 }, (_, i) => pack(sample(map, i / 255)));
  const none = pack(missing);
  const [low, high] = range;
  const scale = high > low ? 255 / (high - low) : 0;
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    const place = scale === 0 ? 127 : Math.round((value - low) * scale);
    words[row] = Number.isNaN(value) ? none : table[Math.min(255, Math.max(0, place))]!;
  }
  return out;
}

/** Compares names as people sort them: "class 2" before "class 10". */
export function naturally(a: string, b: string): number {
  const left = a.match(/\d+|\D+/g) ?? [];
  const right = b.match(/\d+|\D+/g) ?? [];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const numeric = Number(left[i]) - Number(right[i]);
    if (numeric) return numeric;
    // Code units, not the reader's language: everybody should get the same colours.
    if (Number.isNaN(numeric) && left[i] !== right[i]) return left[i]! < right[i]! ? -1 : 1;
  }
  return left.length - right.length || (a < b ? -1 : a > b ? 1 : 0);
}

function ramp(stops: readonly Stop[]): Ramp {
  const map = new Uint8Array(256 * 3);
  const points = stops.map(([lightness, chroma, hue]): Oklab => {
    const angle = (hue * Math.PI) / 180;
    return [lightness, chroma * Math.cos(angle), chroma * Math.sin(angle)];
  });
  for (let i = 0; i < 256; i++) {
    const place = (i / 255) * (points.length - 1);
    const start = Math.min(points.length - 2, Math.floor(place));
    map.set(fromOklab(smooth(points, start, place - start)), 3 * i);
  }
  return map;
}

/** A curve through all stops (Catmull and Rom's), so that the map has no kink at a stop. */
function smooth(points: readonly Oklab[], start: number, t: number): Oklab {
  const at = (i: number) => points[Math.min(points.length - 1, Math.max(0, i))]!;
  const [a, b, c, d] = [at(start - 1), at(start), at(start + 1), at(start + 2)];
  const channel = (k: number) =>
    b[k]! +
    0.5 *
      t *
      (c[k]! -
        a[k]! +
        t *
          (2 * a[k]! - 5 * b[k]! + 4 * c[k]! - d[k]! + t * (3 * (b[k]! - c[k]!) + d[k]! - a[k]!)));
  return [channel(0), channel(1), channel(2)];
}

function wordsOf(out: Uint8Array): Uint32Array {
  return new Uint32Array(out.buffer, out.byteOffset, out.length >> 2);
}

/** Four bytes as the little-endian word that WebGL's machines all have. */
function pack([r, g, b]: Rgb): number {
  return (0xff000000 | (b << 16) | (g << 8) | r) >>> 0;
}
