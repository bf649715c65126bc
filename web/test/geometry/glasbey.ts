import {
  type Oklab,
  type Rgb,
  contrast,
  fromHex,
  fromOklab,
  toHex,
  toOklab,
} from "../../src/geometry/color.js";

/** One category's colour on each canvas: of one hue, lighter on dark and darker on light. */
export interface Pair {
  readonly dark: Oklab;
  readonly light: Oklab;
}

const DARK_CANVAS = fromHex("#07090C");
const LIGHT_CANVAS = fromHex("#FFFFFF");

/**
 * Glasbey's idea (each next colour is the one farthest from all chosen ones), for two canvases
 * at once. This made the tables in palettes.ts, which a test compares with it.
 */
export function farthestPairs(first: readonly Pair[], count: number): Pair[] {
  const candidates = pairsInGamut();
  const nearest = candidates.map(() => Infinity);
  const chosen: Pair[] = [];
  const choose = (pair: Pair) => {
    chosen.push(pair);
    candidates.forEach((other, i) => {
      const apart = Math.min(seen(other.dark, pair.dark), seen(other.light, pair.light));
      nearest[i] = Math.min(nearest[i]!, apart);
    });
  };
  first.forEach(choose);
  while (chosen.length < count) choose(candidates[nearest.indexOf(Math.max(...nearest))]!);
  return chosen;
}

/** Hexadecimal colours of one canvas, in order. */
export function hexes(pairs: readonly Pair[], theme: "dark" | "light"): string[] {
  return pairs.map((pair) => toHex(fromOklab(pair[theme])).toUpperCase());
}

/** A pair from two written colours. */
export function pair(dark: string, light: string): Pair {
  return { dark: toOklab(fromHex(dark)), light: toOklab(fromHex(light)) };
}

/** Distance by eye, half of it as somebody sees it who has no green cones. */
export function seen(a: Oklab, b: Oklab): number {
  const plain = Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
  const without = Math.hypot(a[0] - b[0], 0.25 * (a[1] - b[1]), a[2] - b[2]);
  return 0.6 * plain + 0.4 * without;
}

function pairsInGamut(): Pair[] {
  const pairs: Pair[] = [];
  for (let hue = 0; hue < 360; hue += 8) {
    const dark = shades(hue, [0.6, 0.68, 0.76, 0.84, 0.91], DARK_CANVAS);
    const light = shades(hue, [0.36, 0.43, 0.5, 0.57, 0.64], LIGHT_CANVAS);
    for (const d of dark) for (const l of light) pairs.push({ dark: d, light: l });
  }
  return pairs;
}

/** Shades of one hue that the screen can show and that stand out on a canvas. */
function shades(hue: number, lightnesses: readonly number[], canvas: Rgb): Oklab[] {
  const angle = (hue * Math.PI) / 180;
  return lightnesses
    .flatMap((lightness) =>
      [0.07, 0.12, 0.18].map((chroma): Oklab => [
        lightness,
        chroma * Math.cos(angle),
        chroma * Math.sin(angle),
      ]),
    )
    .filter((color) => {
      const shown = fromOklab(color);
      const back = toOklab(shown);
      const lost = Math.hypot(back[0] - color[0], back[1] - color[1], back[2] - color[2]);
      return lost < 0.01 && contrast(shown, canvas) >= 3.2;
    });
}
