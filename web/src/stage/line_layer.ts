import { fromHex } from "../geometry/color.js";
import type { LineData, Renderer, RingData } from "../render/renderer.js";
import type { Lines, LineSet, RingSet, Tone } from "../state/lines.js";
import { onChange, type Signal } from "../state/signal.js";
import type { Theme } from "../state/viewer_state.js";

/** The chrome's own colours, so that a line on the map and its words in a panel look alike. */
const TONES: Readonly<Record<Theme, Readonly<Record<Tone, string>>>> = {
  dark: {
    accent: "#4FD1B5",
    warning: "#E8B84A",
    error: "#F07A6A",
    info: "#7FB2FF",
    text: "#E8ECF1",
  },
  light: {
    accent: "#0B7A66",
    warning: "#8A5A00",
    error: "#B3372B",
    info: "#1F5FBF",
    text: "#161B22",
  },
};
const STRENGTH = 0.85;

/** Keeps the lines between points, and the rings around them, in step with the state. */
export class LineLayer {
  private stale = true;
  private shown: Renderer | null = null;

  constructor(
    private readonly lines: Lines,
    private readonly theme: Signal<Theme>,
    redraw: () => void,
  ) {
    onChange([lines.version, theme], () => {
      this.stale = true;
      redraw();
    });
  }

  /** Gives the renderer what has changed. */
  show(renderer: Renderer): void {
    if (!this.stale && this.shown === renderer) return;
    renderer.setLines(lineData(this.lines.lines, this.theme.value));
    renderer.setRings(ringData(this.lines.rings, this.theme.value));
    this.stale = false;
    this.shown = renderer;
  }
}

/** All sets of lines as one. */
export function lineData(sets: readonly LineSet[], theme: Theme): LineData {
  const total = sets.reduce((sum, set) => sum + set.from.length, 0);
  const ends = new Uint32Array(2 * total);
  const colors = new Uint8Array(4 * total);
  const dashed = new Uint8Array(total);
  let line = 0;
  for (const { from, to, tone, dashed: broken, strength } of sets) {
    const color = fromHex(TONES[theme][tone]);
    for (let i = 0; i < from.length; i++, line++) {
      ends[2 * line] = from[i]!;
      ends[2 * line + 1] = to[i]!;
      const strong = typeof strength === "object" ? (strength[i] ?? 1) : (strength ?? 1);
      colors.set([...color, Math.round(255 * STRENGTH * strong)], 4 * line);
      dashed[line] = broken === true ? 1 : 0;
    }
  }
  return { ends, colors, dashed };
}

/** All sets of rings as one. */
export function ringData(sets: readonly RingSet[], theme: Theme): RingData {
  const total = sets.reduce((sum, set) => sum + set.rows.length, 0);
  const rows = new Uint32Array(total);
  const colors = new Uint8Array(4 * total);
  let ring = 0;
  for (const set of sets) {
    const color = fromHex(TONES[theme][set.tone]);
    for (let i = 0; i < set.rows.length; i++, ring++) {
      rows[ring] = set.rows[i]!;
      colors.set([...color, 255], 4 * ring);
    }
  }
  return { rows, colors };
}
