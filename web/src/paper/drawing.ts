/** What a picture is made of, before it is a file: the same list is written as SVG, PDF or pixels. */

/** Round dots as columns; drawn in their order. All lengths are in CSS pixels. */
export interface Dots {
  kind: "dots";
  x: Float32Array;
  y: Float32Array;
  radius: Float32Array;
  /** Red, green, blue and opacity of each, 0 to 255. */
  color: Uint8Array;
}

/** A rectangle of pixels, four bytes each, top line first. */
export interface Raster {
  kind: "raster";
  x: number;
  y: number;
  width: number;
  height: number;
  pixels: { width: number; height: number; data: Uint8ClampedArray };
}

export interface Stroke {
  kind: "stroke";
  x1: number;
  y1: number;
  x2: number;
  y2: number;
  width: number;
  color: string;
  opacity: number;
  dashed: boolean;
}

export interface Ring {
  kind: "ring";
  x: number;
  y: number;
  radius: number;
  width: number;
  color: string;
}

export interface Box {
  kind: "box";
  x: number;
  y: number;
  width: number;
  height: number;
  color: string;
}

/** A line of text; `y` is its middle. */
export interface Words {
  kind: "words";
  x: number;
  y: number;
  text: string;
  size: number;
  bold: boolean;
  anchor: "start" | "middle" | "end";
  color: string;
  /** Colour around the letters, so that they can be read over dots. */
  halo?: string;
}

export type Mark = Dots | Raster | Stroke | Ring | Box | Words;

export interface Drawing {
  width: number;
  height: number;
  /** Null leaves it transparent. */
  background: string | null;
  title: string;
  marks: Mark[];
}

/** Width of a text in CSS pixels. */
export type Measure = (text: string, size: number, bold: boolean) => number;

/** The fonts of a picture; the first three have the same widths. */
export const FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif";

/** Writes a length with as many digits as can be seen. */
export function short(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** "#RRGGBB" of three bytes. */
export function hex(r: number, g: number, b: number): string {
  return `#${((r << 16) | (g << 8) | b).toString(16).padStart(6, "0")}`;
}
