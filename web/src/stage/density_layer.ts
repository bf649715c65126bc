import type { FrameData } from "../data/client.js";
import type { Camera, Viewport } from "../geometry/camera.js";
import type { Rgb } from "../geometry/color.js";
import {
  contourLines,
  densityField,
  fieldBox,
  levelsOf,
  MOST_COUNTED,
  smoothingCells,
} from "../geometry/density_field.js";
import type { DensityData, Renderer, View } from "../render/renderer.js";
import type { Grouping } from "../state/grouping.js";
import type { Crowds } from "../state/layers.js";
import type { RowSet } from "../state/row_set.js";
import type { ViewerState } from "../state/viewer_state.js";
import type { Colorist } from "../state/colorist.js";
import { mapTheme } from "./look.js";

const SHADE_CELLS = 256;
const CONTOUR_CELLS = 176;
const MOST_GROUPS = 24;
/** Shares of the points that lie inside the lines, from the outermost line to the innermost. */
const SHARES = [0.9, 0.6, 0.3] as const;
const STRENGTHS = [0.55, 0.75, 1] as const;
const KEPT = 6;

/** What a density was made of; the same things make the same one. */
interface Made {
  readonly coordinates: Float32Array;
  readonly loaded: number;
  readonly colors: Uint8Array | null;
  readonly plain: Rgb;
  readonly hidden: RowSet | null;
  readonly grouping: Grouping | null;
  readonly crowds: Crowds;
  readonly data: DensityData | null;
}

/** How strongly crowds and dots are drawn. */
export interface Strengths {
  readonly density: number;
  readonly contours: number;
  readonly dots: number;
}

/** Draws crowds from afar and dots from near: keeps the picture of the density up to date. */
export class DensityLayer {
  private readonly kept: Made[] = [];
  private given: readonly [DensityData | null, DensityData | null] = [null, null];
  private shown: Renderer | null = null;

  constructor(
    private readonly state: ViewerState,
    private readonly colorist: Colorist,
  ) {}

  /** Points that a density is counted from, of this many. */
  static counted(total: number): number {
    return Math.min(total, MOST_COUNTED);
  }

  /** Gives the renderer the densities at both ends of a picture. */
  show(renderer: Renderer, view: View, from?: FrameData, to?: FrameData): void {
    const wanted = this.state.layers.crowds.value !== "off" && view.depth < 1;
    const first = wanted ? this.of(from) : null;
    const second = wanted && view.mix > 0 ? this.of(to) : first;
    if (this.shown === renderer && first === this.given[0] && second === this.given[1]) return;
    renderer.setDensity(first, second);
    this.given = [first, second];
    this.shown = renderer;
  }

  private of(frame: FrameData | undefined): DensityData | null {
    const { state, colorist } = this;
    if (frame === undefined || frame.n_components !== 2) return null;
    const { coordinates, loaded } = frame;
    const total = coordinates.length / 2;
    // Of a map that is still coming the first rows are a sample; a new one with each window is not.
    if (loaded < Math.min(total, MOST_COUNTED)) return this.kept[0]?.data ?? null;
    const colors = colorist.colors.value;
    const grouping = state.grouping.value;
    const wanted = {
      coordinates,
      loaded: Math.min(loaded, MOST_COUNTED),
      colors: colors?.length === 4 * total ? colors : null,
      plain: mapTheme(state.theme.value).plain,
      hidden: state.filter.hidden.value,
      grouping: state.layers.byGroup.value ? grouping : null,
      crowds: state.layers.crowds.value,
    };
    const same = (one: Made) =>
      one.coordinates === wanted.coordinates &&
      one.loaded === wanted.loaded &&
      one.colors === wanted.colors &&
      String(one.plain) === String(wanted.plain) &&
      one.hidden === wanted.hidden &&
      one.grouping === wanted.grouping &&
      one.crowds === wanted.crowds;
    const at = this.kept.findIndex(same);
    const found = at >= 0 ? this.kept.splice(at, 1)[0]! : { ...wanted, data: densityOf(wanted) };
    this.kept.unshift(found);
    this.kept.length = Math.min(this.kept.length, KEPT);
    return found.data;
  }
}

/** Far away crowds, near dots, and in between both: what is drawn how strongly. */
export function strengthsAt(
  crowds: Crowds,
  camera: Camera,
  viewport: Viewport,
  points: number,
): Strengths {
  if (crowds === "off") return { density: 0, contours: 0, dots: 1 };
  const whole = camera.reset(viewport).state.planar.halfHeight;
  const zoom = whole / camera.state.planar.halfHeight;
  // The more points there are, the closer one must look to tell them apart.
  const near = Math.min(40, 4 + Math.sqrt(points) / 60);
  const t = Math.min(1, Math.max(0, Math.log(zoom * (4 / near)) / Math.log(4)));
  const closeness = t * t * (3 - 2 * t);
  const mix = (far: number, close: number) => far + (close - far) * closeness;
  return crowds === "shade"
    ? { density: mix(1, 0), contours: 0, dots: mix(0.25, 1) }
    : { density: 0, contours: mix(1, 0.25), dots: mix(0.45, 1) };
}

/** The density of the points that are not hidden, coloured as they are. */
export function densityOf({
  coordinates,
  colors: painted,
  plain,
  hidden,
  grouping,
  crowds,
}: Omit<Made, "data" | "loaded">): DensityData | null {
  const box = fieldBox(coordinates);
  if (box === null) return null;
  const counted = Math.min(coordinates.length >> 1, MOST_COUNTED);
  const colors = painted ?? uniform(counted, plain);
  const seen = (row: number) => (hidden?.has(row) === true ? 0 : 1);
  const empty = { shade: new Uint8Array(0), lines: new Float32Array(0), colors: new Uint8Array(0) };
  if (crowds === "shade") {
    const cells = smoothingCells(counted, SHADE_CELLS);
    const [all, red, green, blue] = [-1, 0, 1, 2].map((channel) =>
      densityField(coordinates, box, SHADE_CELLS, cells, (row) =>
        channel < 0 ? seen(row) : seen(row) * colors[4 * row + channel]!,
      ),
    );
    const shade = shadeOf(all!.values, [red!.values, green!.values, blue!.values]);
    return { ...empty, ...box, size: SHADE_CELLS, shade };
  }
  const lines: Float32Array[] = [];
  const strengths: number[][] = [];
  for (const [own, color, n] of groupsOf(grouping, colors, counted)) {
    const cells = smoothingCells(n, CONTOUR_CELLS);
    const field = densityField(coordinates, box, CONTOUR_CELLS, cells, (row) =>
      own(row) ? seen(row) : 0,
    );
    for (const [i, level] of levelsOf(field, SHARES).entries()) {
      lines.push(contourLines(field, level));
      strengths.push([...color, Math.round(255 * STRENGTHS[i]!)]);
    }
  }
  return { ...empty, ...box, size: 0, ...joined(lines, strengths) };
}

/** Groups that get lines of their own, with the colour they have; all points where there are none. */
function groupsOf(
  grouping: Grouping | null,
  colors: Uint8Array,
  counted: number,
): [own: (row: number) => boolean, color: number[], n: number][] {
  const colorAt = (row: number) => [...colors.subarray(4 * row, 4 * row + 3)];
  if (grouping === null || grouping.paint.kind !== "groups") {
    return [[() => true, meanColor(colors, counted), counted]];
  }
  const { codes, codeOf } = grouping.paint;
  const first = new Map<number, number>();
  for (let row = 0; row < counted; row++) {
    if (!first.has(codes[row]!)) first.set(codes[row]!, row);
  }
  const share = counted / Math.max(1, codes.length);
  return [...first]
    .map(([code, row]) => ({ code, row, group: codeOf[code] }))
    .filter(({ group }) => group?.kind === "value" && group.count > 2)
    .sort((a, b) => b.group!.count - a.group!.count)
    .slice(0, MOST_GROUPS)
    .map(({ code, row, group }) => [
      (one: number) => codes[one] === code,
      colorAt(row),
      Math.max(1, Math.round(group!.count * share)),
    ]);
}

/** Colour times strength, and strength: half as strong where it is a quarter as crowded. */
function shadeOf(all: Float32Array, channels: readonly Float32Array[]): Uint8Array {
  let most = 0;
  for (const value of all) if (value > most) most = value;
  const shade = new Uint8Array(all.length * 4);
  for (let cell = 0; cell < all.length; cell++) {
    const value = all[cell]!;
    if (value <= most * 1e-4) continue;
    const strength = 0.9 * Math.sqrt(value / most);
    for (let c = 0; c < 3; c++) shade[4 * cell + c] = (channels[c]![cell]! / value) * strength;
    shade[4 * cell + 3] = 255 * strength;
  }
  return shade;
}

function joined(
  lines: readonly Float32Array[],
  colors: readonly number[][],
): { lines: Float32Array; colors: Uint8Array } {
  const total = lines.reduce((sum, one) => sum + one.length, 0);
  const all = new Float32Array(total);
  const painted = new Uint8Array(total);
  let at = 0;
  for (const [i, one] of lines.entries()) {
    all.set(one, at);
    for (let piece = 0; piece < one.length; piece += 4) painted.set(colors[i]!, at + piece);
    at += one.length;
  }
  return { lines: all, colors: painted };
}

function meanColor(colors: Uint8Array, counted: number): number[] {
  const sums = [0, 0, 0];
  for (let row = 0; row < counted; row++) {
    for (let c = 0; c < 3; c++) sums[c]! += colors[4 * row + c]!;
  }
  return sums.map((sum) => Math.round(sum / Math.max(1, counted)));
}

function uniform(rows: number, [r, g, b]: Rgb): Uint8Array {
  const colors = new Uint8Array(4 * rows);
  for (let row = 0; row < rows; row++) colors.set([r, g, b, 255], 4 * row);
  return colors;
}
