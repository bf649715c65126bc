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
 * 1.3, so white has darker companions. From the eleventh on, each is the colour farthest
 * from all before it on either canvas. All have a contrast of at least 3.
 */
export const CATEGORIES: Readonly<Record<ThemeName, readonly string[]>> = {
  dark: table(`
    56B4E9 E69F00 009E73 CC79A7 F0E442 D55E00 0072B2 9F7BFF F7B9A8 8DDB62 7FFCDE E5B4FF 48CAAE
    AE55C1 A67166 787CAA ED83EA FFCFED F290A2 83A651 267EE8 C0A5D2 A9D8B4 C4AF7E D0457C 5CDEFC
    F3625F 967F0E 8996C4 B78F6B AFECFF 4298FF D16ACF 479600 BDF4A3 7E68E3 AC639B A2A8FC D74748
    06AAC7 80C57F 2B88C0 F29676 B4CBF9 E9BADC FFB974 FF7BBD B79332 498C96 ED6E12 6D8A60 A885D4
    579EDF B3B959 D8787F FBC100 7EA47D 906DBA 00EFB4 EC6094 8EB6DC 677AC8 FFD8B1 E163B3`),
  light: table(`
    1487CC D07000 0A6B54 B8478A 7D7200 AD2A0C 24399A 7A3FD1 6B3A34 5BA300 5B9A8A B066DA 00493C
    572263 9C685D 5B5F8B A47DA2 8C0667 E25277 3C5B00 005FC6 702295 358B53 9E8A5A 984260 428292
    CC3D3F 483D06 5569DF 7F5A37 19586C 233E61 963096 3E8D00 417225 756ABA CC5AB5 7E83D3 9B0016
    009DBA 5B9F5B 006AA0 6E1E00 5285F8 68405E A76618 592D41 604D1D 296E78 823600 1A4A00 530987
    00528D 8E9331 B37B7E 897545 375A37 5E3B84 4B856F 812D4D 6A90B5 29347B 915100 A4287C`),
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
