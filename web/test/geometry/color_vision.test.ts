import { describe, expect, test } from "vitest";
import { contrast, fromHex, type Rgb } from "../../src/geometry/color.js";
import { CANVAS, CATEGORIES } from "../../src/geometry/palettes.js";
import { readFileSync } from "node:fs";

type Matrix = readonly (readonly [number, number, number])[];

// Machado, Oliveira and Fernandes (2009), severity 1, in linear light: what eyes without one kind
// of cone make of a colour.
const SEEN: Readonly<Record<string, Matrix>> = {
  "usual eyes": [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

const linear = (byte: number) => {
  const x = byte / 255;
  return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
};

/** CIE Lab of linear light, for the white of screens. */
function labOf([r, g, b]: readonly number[]): [number, number, number] {
  const clip = (x: number) => Math.min(1, Math.max(0, x));
  const [R, G, B] = [clip(r!), clip(g!), clip(b!)];
  const xyz = [
    (0.4124564 * R + 0.3575761 * G + 0.1804375 * B) / 0.95047,
    0.2126729 * R + 0.7151522 * G + 0.072175 * B,
    (0.0193339 * R + 0.119192 * G + 0.9503041 * B) / 1.08883,
  ];
  const [x, y, z] = xyz.map((t) =>
    t > 216 / 24389 ? Math.cbrt(t) : (24389 / 27) * (t / 116) + 4 / 29,
  );
  return [116 * y! - 16, 500 * (x! - y!), 200 * (y! - z!)];
}

function seenAs(color: Rgb, matrix: Matrix): [number, number, number] {
  const light = color.map(linear);
  return labOf(matrix.map((row) => row.reduce((sum, weight, i) => sum + weight * light[i]!, 0)));
}

/** CIEDE2000 (Sharma, Wu and Dalal 2005). */
function distance(one: readonly number[], other: readonly number[]): number {
  const [L1, a1, b1] = one as [number, number, number];
  const [L2, a2, b2] = other as [number, number, number];
  const rad = Math.PI / 180;
  const mean = (Math.hypot(a1, b1) + Math.hypot(a2, b2)) / 2;
  const G = 0.5 * (1 - Math.sqrt(mean ** 7 / (mean ** 7 + 25 ** 7)));
  const [p1, p2] = [a1 * (1 + G), a2 * (1 + G)];
  const [C1, C2] = [Math.hypot(p1, b1), Math.hypot(p2, b2)];
  const hue = (a: number, b: number) =>
    a === 0 && b === 0 ? 0 : (Math.atan2(b, a) / rad + 360) % 360;
  const [h1, h2] = [hue(p1, b1), hue(p2, b2)];
  let dh = h2 - h1;
  if (C1 * C2 === 0) dh = 0;
  else if (dh > 180) dh -= 360;
  else if (dh < -180) dh += 360;
  const dH = 2 * Math.sqrt(C1 * C2) * Math.sin((dh / 2) * rad);
  const C = (C1 + C2) / 2;
  const L = (L1 + L2) / 2;
  let h = h1 + h2;
  if (C1 * C2 !== 0) {
    if (Math.abs(h1 - h2) <= 180) h /= 2;
    else h = h < 360 ? (h + 360) / 2 : (h - 360) / 2;
  }
  const cos = (degrees: number) => Math.cos(degrees * rad);
  const T =
    1 - 0.17 * cos(h - 30) + 0.24 * cos(2 * h) + 0.32 * cos(3 * h + 6) - 0.2 * cos(4 * h - 63);
  const SL = 1 + (0.015 * (L - 50) ** 2) / Math.sqrt(20 + (L - 50) ** 2);
  const SC = 1 + 0.045 * C;
  const SH = 1 + 0.015 * C * T;
  const turn = 30 * Math.exp(-(((h - 275) / 25) ** 2));
  const RT = -Math.sin(2 * turn * rad) * 2 * Math.sqrt(C ** 7 / (C ** 7 + 25 ** 7));
  const [l, c, H] = [(L2 - L1) / SL, (C2 - C1) / SC, dH / SH];
  return Math.sqrt(l * l + c * c + H * H + RT * c * H);
}

test("the distance is that of the published pairs", () => {
  expect(distance([50, 2.6772, -79.7751], [50, 0, -82.7485])).toBeCloseTo(2.0425, 4);
  expect(distance([60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387])).toBeCloseTo(
    1.2644,
    4,
  );
  expect(distance([2.0776, 0.0795, -1.135], [0.9033, -0.0636, -0.5514])).toBeCloseTo(0.9082, 4);
});

describe.each(["dark", "light"] as const)("on the %s canvas", (theme) => {
  test.each(Object.keys(SEEN))("the first eight groups stay apart for %s", (eyes) => {
    const colors = CATEGORIES[theme].slice(0, 8).map((hex) => seenAs(fromHex(hex), SEEN[eyes]!));
    const distances = colors.flatMap((a, i) => colors.slice(0, i).map((b) => distance(a, b)));

    expect(Math.min(...distances)).toBeGreaterThanOrEqual(10);
  });

  test("text and signs of the chrome can be read on every surface", () => {
    const css = readFileSync("src/views/theme.css", "utf8");
    const [dark, light] = css.split('[data-theme="light"]');
    const block = (theme === "dark" ? dark : light)!.split("}")[0]!;
    const token = (name: string) => fromHex(new RegExp(`--${name}: (#\\w{6})`).exec(block)![1]!);
    for (const surface of ["panel", "page", "canvas", "raised"]) {
      for (const ink of ["text", "secondary", "accent", "warning", "error", "info"]) {
        expect(contrast(token(ink), token(surface)), `${ink} on ${surface}`).toBeGreaterThanOrEqual(
          4.5,
        );
      }
    }
    expect(contrast(token("on-accent"), token("accent"))).toBeGreaterThanOrEqual(4.5);
    expect(contrast(fromHex(CANVAS[theme]), token("canvas"))).toBe(1);
  });
});
