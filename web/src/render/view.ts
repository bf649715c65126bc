import type { Camera } from "../geometry/camera.js";
import type { Rgb } from "../geometry/color.js";

/** Colours of the map that are not the data's. */
export interface MapTheme {
  readonly canvas: Rgb;
  /** The ring around highlighted points. */
  readonly highlight: Rgb;
  /** Points that no colour was set for. */
  readonly plain: Rgb;
}

/** What is to be seen: everything about a picture that is not the data. */
export interface View {
  /** Key of the snapshot at mix 0. */
  readonly from: string;
  /** Key of the snapshot at mix 1; may equal `from`. */
  readonly to: string;
  readonly mix: number;
  /** 0: the 2D fit, orthographic. 1: the 3D fit, in perspective. */
  readonly depth: number;
  readonly camera: Camera;
  /** How many rows to draw, from the first: a prefix is a fair sample. */
  readonly drawCount: number;
  /** Diameter of a dot in CSS pixels. */
  readonly pointSize: number;
  readonly theme: MapTheme;
  /** Dims the rows that are not selected. */
  readonly selectionActive: boolean;
  /** 0: trust changes nothing. 1: points without trust nearly vanish. */
  readonly trustFade: number;
  /** Opacity of a dot; unless given, from the density of the drawn points, and full in 3D. */
  readonly opacity?: number;
  /** How strong the picture of the crowds is, and the lines around them, 0 to 1; in 2D only. */
  readonly density?: number;
  readonly contours?: number;
  /** Stacks discs rather than mixing them: less work, for a movement on a slow machine. */
  readonly quick?: boolean;
  /** Factor on the opacity of 2D dots, 1 unless given. */
  readonly dots?: number;
}
