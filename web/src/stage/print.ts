import { toHex } from "../geometry/color.js";
import type { Mark } from "../paper/drawing.js";
import { dotsOf } from "../render/dots.js";
import type { View } from "../render/renderer.js";
import type { Colorist } from "../state/colorist.js";
import type { Session } from "../state/session.js";
import type { MapPrint } from "../state/viewer.js";
import type { ViewerState } from "../state/viewer_state.js";
import { flagsOf } from "./flags.js";
import { lineData, ringData } from "./line_layer.js";
import { mapTheme, plainColors } from "./look.js";
import type { Stage } from "./stage.js";

const NOTHING = "There is no map on screen to make a picture of. Wait until it is drawn.";

/** The map as it is on screen, for files: as pixels of any scale, or as shapes. */
export class Print implements MapPrint {
  constructor(
    private readonly stage: Stage,
    private readonly state: ViewerState,
    private readonly session: Session,
    private readonly colorist: Colorist,
  ) {}

  get size() {
    return this.stage.eye.viewport;
  }

  pixels(scale: number, transparent: boolean): ImageData {
    const { view, renderer } = this.now();
    return renderer.capturePixels(view, scale, transparent);
  }

  /** What on the map has no shapes of its own in a file. */
  onlyPixels(): string[] {
    const { trails, selection, sprites, layers } = this.state;
    return [
      ...(trails.value && selection.count.value > 0 ? ["trails"] : []),
      ...(layers.crowds.value !== "off" ? ["crowds"] : []),
      ...(sprites.drawn.value > 0 ? ["images"] : []),
    ];
  }

  shapes(): Mark[] {
    const { view, renderer } = this.now();
    const { state } = this;
    const place = state.timeline.place.value;
    const frames = this.session.projections.framesOf(state.shownFit.value);
    const from = place === null ? undefined : frames.get(place.from);
    const to = place === null ? undefined : (frames.get(place.to) ?? from);
    if (from === undefined || to === undefined) throw new Error(NOTHING);
    const size = state.run.value?.n_items ?? 0;
    const lit = [state.hover.value?.row, state.focus.value].filter(
      (row) => typeof row === "number",
    );
    const dots = dotsOf(
      { ...view, mix: place?.mix ?? 0 },
      {
        from: from.coordinates,
        to: to.coordinates,
        dimensions: from.n_components,
        colors: this.colorist.colors.value ?? plainColors(size, state.theme.value),
        flags: flagsOf(size, state.selection.rows.value, state.filter.hidden.value, lit),
        trust: from.trust,
        viewport: this.size,
        ...renderer.opacities(view),
      },
    );
    const at = new Map([...dots.rows].map((row, i) => [row, i]));
    const { plain } = dots;
    const part = (start: number, stop: number): Mark => ({
      kind: "dots",
      x: dots.x.subarray(start, stop),
      y: dots.y.subarray(start, stop),
      radius: dots.radius.subarray(start, stop),
      color: dots.color.subarray(4 * start, 4 * stop),
    });
    const marks: Mark[] = [part(0, plain)];
    const lines = lineData(state.lines.lines, state.theme.value);
    for (let i = 0; i < lines.dashed.length; i++) {
      const [a, b] = [at.get(lines.ends[2 * i]!), at.get(lines.ends[2 * i + 1]!)];
      if (a === undefined || b === undefined) continue;
      const [red, green, blue, alpha] = lines.colors.subarray(4 * i, 4 * i + 4);
      marks.push({
        kind: "stroke",
        x1: dots.x[a]!,
        y1: dots.y[a]!,
        x2: dots.x[b]!,
        y2: dots.y[b]!,
        width: 1.4,
        color: toHex([red!, green!, blue!]),
        opacity: alpha! / 255,
        dashed: lines.dashed[i] === 1,
      });
    }
    // What is raised has a rim of the canvas's colour, so that it stands off what is below.
    const canvas = toHex(mapTheme(state.theme.value).canvas);
    for (let i = plain; i < dots.x.length; i++) {
      const own = { x: dots.x[i]!, y: dots.y[i]! };
      marks.push({
        kind: "ring",
        ...own,
        radius: dots.radius[i]! + 0.4,
        width: 0.75,
        color: canvas,
      });
    }
    marks.push(part(plain, dots.x.length));
    const rings = ringData(state.lines.rings, state.theme.value);
    rings.rows.forEach((row, i) => {
      const dot = at.get(row);
      if (dot === undefined) return;
      const color = toHex([...rings.colors.subarray(4 * i, 4 * i + 3)] as [number, number, number]);
      const radius = dots.radius[dot]! + 3.75;
      marks.push({ kind: "ring", x: dots.x[dot]!, y: dots.y[dot]!, radius, width: 1.5, color });
    });
    return marks;
  }

  private now(): { view: View; renderer: NonNullable<Stage["renderer"]> } {
    const { renderer } = this.stage;
    const view = this.stage.view();
    if (renderer === null || view === null) throw new Error(NOTHING);
    // A picture holds every point, also while the map on screen is moving.
    const total = this.state.run.value?.n_items ?? view.drawCount;
    return { view: { ...view, drawCount: total }, renderer };
  }
}
