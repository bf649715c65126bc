/** Which canvas the colours are for. */
export type ThemeName = "dark" | "light";

/** The map's own background per theme: its darkest, or its lightest, surface. */
export const CANVAS: Readonly<Record<ThemeName, string>> = { dark: "#07090C", light: "#FFFFFF" };

/** Rows without a value. The same grey in every colouring. */
export const MISSING: Readonly<Record<ThemeName, string>> = { dark: "#626D7B", light: "#8A939E" };

/** Rows with a value that has no colour of its own, because there are too many values. */
export const OTHER: Readonly<Record<ThemeName, string>> = { dark: "#8D98A6", light: "#66717E" };

/**
 * Category colours by slot. A slot has one hue on both canvases, so that a class stays
 * recognizable when the theme changes. On dark the first seven are Okabe and Ito's, which
 * most colour-blind readers can tell apart; on white their yellow would have a contrast of
 * 1.3, so white has darker companions. Any two of the first eight are 10 or more apart by CIEDE2000,
 * also for eyes without one kind of cone. From the eleventh on, each is the colour farthest
 * from all before it on either canvas. All have a contrast of at least 3.
 */
export const CATEGORIES: Readonly<Record<ThemeName, readonly string[]>> = {
  dark: table(`
    56B4E9 E69F00 009E73 CC79A7 F0E442 D55E00 0072B2 9975FF F7B9A8 8DDB62 E5B4FF ACEEFF
    8ABFA2 60B02D B751B5 D3456C 787CAA D78BFF FF7BBD 4779EA A57260 BBA7D6 FFCFED 0E9DFF
    F39380 65DBFF C86EDC 00D388 B78F6B 778A2D 62A6A3 488D91 B6D6A8 9692C2 F26072 F4C26A
    FFD8B1 A59C38 B16192 985ED6 9BC06A D79FAF 7CBDCE F16935 E9BADC 96ACFE 49AF7E 3E85C4
    BAC9F9 659AE1 BEB17E 6D8A60 B16F25 C0878A 738CFF 986AB4 B97FC6 E193CE 5BEB8E EC6094
    D87B68 D74748 8CA172 24A7CF`),
  light: table(`
    4384B8 D57E13 1D704D CC3494 80722D 9A1A04 123198 7631ED 6B3A34 5BA300 7A4D94 004654
    669A7E 1A4A00 5D205C C96B7E 7A7AF5 A576C1 91005A 2B59C8 CA4500 66279D 956782 00528D
    87544A 306C81 A44BB8 1D8C5E AB835F 4B5527 0D5C5A 3E8488 3E8D00 765FD9 B2203F 503807
    915100 998F29 A4287C 530987 4F6F15 6B183A 5797A7 9B6958 68405E 323DB0 124830 1C67A4
    7386D5 1A75DE 6F6332 6A9C50 A76618 CB3B52 303A62 65397F 965EA3 7D5472 00612C 984260
    6F1B0D E55454 63842F 019BC2`),
};

/** How many of the colours were chosen by hand; the others follow from them. */
export const CHOSEN_BY_HAND = 10;

/**
 * Stops of the colour maps, as [lightness, chroma, hue in degrees] in Oklab. Sequential maps
 * run from low to high and rise in contrast; diverging ones have their neutral in the middle.
 */
export const RAMPS: Readonly<
  Record<ThemeName, Readonly<Record<"sequential" | "diverging", readonly Stop[]>>>
> = {
  dark: {
    sequential: [
      [0.5, 0.155, 292],
      [0.57, 0.115, 246],
      [0.66, 0.1, 200],
      [0.76, 0.135, 160],
      [0.85, 0.165, 124],
      [0.94, 0.135, 104],
    ],
    diverging: [
      [0.82, 0.13, 232],
      [0.66, 0.145, 246],
      [0.52, 0.012, 260],
      [0.68, 0.16, 50],
      [0.84, 0.14, 78],
    ],
  },
  light: {
    sequential: [
      [0.66, 0.125, 128],
      [0.6, 0.105, 168],
      [0.53, 0.085, 205],
      [0.45, 0.11, 252],
      [0.36, 0.15, 284],
      [0.27, 0.13, 300],
    ],
    diverging: [
      [0.37, 0.13, 258],
      [0.53, 0.145, 248],
      [0.66, 0.012, 260],
      [0.58, 0.15, 46],
      [0.42, 0.13, 36],
    ],
  },
};

/** One colour of a colour map: lightness 0 to 1, chroma, hue in degrees. */
export type Stop = readonly [number, number, number];

function table(text: string): readonly string[] {
  return text
    .trim()
    .split(/\s+/)
    .map((digits) => `#${digits}`);
}
