import { fromHex } from "../geometry/color.js";
import { slotColor } from "../geometry/color_scale.js";
import { CANVAS } from "../geometry/palettes.js";
import type { MapTheme } from "../render/renderer.js";
import type { Theme } from "../state/viewer_state.js";
import type { Eye } from "./eye.js";

const HIGHLIGHT: Readonly<Record<Theme, string>> = { dark: "#FFFFFF", light: "#161B22" };

/** The colours of the map itself. */
export function mapTheme(theme: Theme): MapTheme {
  return {
    canvas: fromHex(CANVAS[theme]),
    highlight: fromHex(HIGHLIGHT[theme]),
    plain: slotColor(0, theme),
  };
}

/** What points look like that nothing colours. */
export function plainColors(size: number, theme: Theme): Uint8Array {
  const colors = new Uint8Array(size * 4);
  const [r, g, b] = slotColor(0, theme);
  for (let row = 0; row < size; row++) colors.set([r, g, b, 255], row * 4);
  return colors;
}

/** Diameter of a dot: smaller the more there are, larger the closer one looks. */
export function pointSize(total: number, eye: Eye): number {
  const base = Math.min(6, Math.max(2, 12.5 - 2 * Math.log10(Math.max(total, 1))));
  const halfHeight = eye.camera?.state.planar.halfHeight ?? 1;
  return base * Math.min(3, Math.max(0.8, halfHeight ** -0.3));
}
