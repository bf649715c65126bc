import type { Context } from "./context.js";
import type { Density } from "./density.js";
import type { Lines } from "./lines.js";
import type { Mix } from "./mix.js";
import type { Points } from "./points.js";
import type { Shot } from "./shot.js";
import type { Sprites } from "./sprites.js";
import type { Trails } from "./trails.js";
import type { View } from "./view.js";

/** The part of the whole picture that the bound target shows, in device pixels from the bottom left. */
export interface Window {
  readonly left: number;
  readonly bottom: number;
  /** Of the target; the canvas's unless given. */
  readonly width?: number;
  readonly height?: number;
}

/** The order of a picture: crowds, plain points, trails, lines, what is selected or highlighted, rings. */
export class Painter {
  private readonly context: Context;
  private readonly points: Points;
  private readonly trails: Trails;
  private readonly lines: Lines;
  private readonly mix: Mix;
  private readonly density: Density;
  private readonly sprites: Sprites;

  constructor(
    context: Context,
    points: Points,
    trails: Trails,
    lines: Lines,
    mix: Mix,
    density: Density,
    sprites: Sprites,
  ) {
    this.context = context;
    this.points = points;
    this.trails = trails;
    this.lines = lines;
    this.mix = mix;
    this.density = density;
    this.sprites = sprites;
  }

  /** Clears the bound target to the canvas's colour, or to nothing. */
  clear(color: readonly number[], alpha: number): void {
    const { gl } = this.context;
    const [r, g, b] = color.map((value) => (value / 255) * alpha);
    gl.disable(gl.SCISSOR_TEST);
    gl.depthMask(true);
    gl.clearColor(r!, g!, b!, alpha);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
  }

  /** Draws a shot into the bound target. */
  paint(shot: Shot, window: Window = { left: 0, bottom: 0 }): void {
    const { gl } = this.context;
    this.look(shot, window);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.disable(gl.DEPTH_TEST);
    this.density.draw(shot);
    this.discs(shot, window, false);
    this.sprites.draw(shot, this.points, "draw", false);
    this.depth(false);
    this.trails.draw(shot, this.points.colors, this.points.flags);
    this.lines.drawLines(shot, this.points.flags);
    gl.clear(gl.DEPTH_BUFFER_BIT);
    this.discs(shot, window, true);
    this.sprites.draw(shot, this.points, "draw", true);
    this.depth(false);
    this.lines.drawRings(shot, this.points.flags);
  }

  /** Draws the row numbers, plus one, of the same dots in the same order; 0 is nothing. */
  paintRows(shot: Shot, window: Window, raise = true): void {
    const { gl } = this.context;
    this.look(shot, window);
    gl.disable(gl.BLEND);
    gl.clearBufferuiv(gl.COLOR, 0, [0, 0, 0, 0]);
    gl.depthMask(true);
    gl.clear(gl.DEPTH_BUFFER_BIT);
    this.depth(shot.view.depth > 0);
    this.points.draw(shot, "pick", false);
    this.sprites.draw(shot, this.points, "pick", false);
    // What is raised is drawn over everything; asked for its true place, it has to stand there.
    if (raise) gl.clear(gl.DEPTH_BUFFER_BIT);
    this.points.draw(shot, "pick", true);
    this.sprites.draw(shot, this.points, "pick", true);
    this.depth(false);
  }

  /** Whether discs are added up, so that their order does not show. */
  mixes({ view }: { readonly view: View }): boolean {
    const seeThrough = view.depth > 0 && view.opacity !== undefined;
    return this.mix.possible && (view.quick !== true || seeThrough);
  }

  private discs(shot: Shot, window: Window, raised: boolean): void {
    if (raised && !this.points.hasRaised) return;
    if (this.mixes(shot)) return this.mixed(shot, window, raised);
    const { gl } = this.context;
    if (shot.view.depth <= 0) return this.points.draw(shot, "blend", raised);
    this.depth(true);
    this.points.draw(shot, "core", raised);
    // Soft edges must not write depth, or what comes later could not show through them.
    gl.depthMask(false);
    this.points.draw(shot, "fringe", raised);
    gl.depthMask(true);
  }

  /** Discs whose picture is the same in whatever order they are drawn. */
  private mixed(shot: Shot, window: Window, raised: boolean): void {
    const { gl } = this.context;
    const width = window.width ?? gl.drawingBufferWidth;
    const height = window.height ?? gl.drawingBufferHeight;
    // In the plane everything lets light through; in space only what somebody made so.
    const hasCore = shot.view.depth > 0;
    if (hasCore) {
      this.mix.beginCore(width, height);
      this.depth(true);
      this.points.draw(shot, "core", raised, true);
    }
    this.mix.beginSums(width, height, hasCore);
    if (!hasCore) gl.disable(gl.DEPTH_TEST);
    this.points.draw(shot, "sum", raised, true);
    this.mix.lay(hasCore);
    this.look(shot, window);
    if (!hasCore || !this.sprites.any) return;
    // Images stand among the discs, so they have to know how far away these are.
    gl.colorMask(false, false, false, false);
    this.depth(true);
    this.points.draw(shot, "core", raised, true);
    gl.colorMask(true, true, true, true);
  }

  private look({ viewport, pixelRatio }: Shot, { left, bottom }: Window): void {
    const { gl } = this.context;
    const width = Math.round(viewport.width * pixelRatio);
    const height = Math.round(viewport.height * pixelRatio);
    gl.viewport(-left, -bottom, width, height);
  }

  private depth(on: boolean): void {
    const { gl } = this.context;
    if (on) gl.enable(gl.DEPTH_TEST);
    else gl.disable(gl.DEPTH_TEST);
    // Equal depths pass: as the 2D fit leaves its plane, rows keep covering in their order.
    gl.depthFunc(gl.LEQUAL);
    gl.depthMask(true);
  }
}
