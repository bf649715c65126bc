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
    56B4E9 E69F00 009E73 CC79A7 F0E442 D55E00 0072B2 9975FF F7B9A8 8DDB62 E5B4FF B4F1D8
    60B02D 8478A6 D3456C 65DBFF ED83EA 4779EA BF4DA8 F290A2 A57260 BBA7D6 FFCFED 0E9DFF
    C86EDC 8ABFA2 B49268 8F94C3 008EB5 778A2D 62A6A3 985ED6 D1A883 B6D6A8 F3654C 30C8CF
    F05F83 9BC06A 00EFB4 EBC669 ECB9D6 AFECFF A59C38 A2A8FC B56088 677AC8 B0F7AE BAC9F9
    C0878A 579EDF EEC800 FFD8B1 FF7BBD B97FC6 738CFF E193CE 608D6C D87B68 B66B30 83BAD6
    D74748 958CDE 8FC531 F39380`),
  light: table(`
    4384B8 D57E13 1D704D CC3494 80722D 9A1A04 123198 7631ED 5E3E3B 5BA300 7A4D94 609A84
    1A4A00 986FEB C96B7E 004458 5D205C 2B59C8 926887 9A4156 CA4500 66279D 8C0667 0090F2
    A44BB8 1D8C5E A7855C 484B76 306C81 4B5527 0D5C5A 9582AF 915100 3E8D00 6F1B0D 3E8488
    C93A63 4F6F15 064936 4C3A05 A4287C 5A96AC 998F29 6764DD D95497 323DB0 5B9F5B 4C5CA7
    852D39 00528D 6F6332 A76618 592D41 630075 29347B 68405E 00612C B3260E 986D4E 2698C8
    B35854 3C3660 63842F 9C4535`),
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
