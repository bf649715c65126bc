import type { Fit, Viewport } from "../geometry/camera.js";
import { opacityForOverlap } from "../geometry/density.js";
import type { Positions } from "../geometry/rows.js";
import { capturePixels, toPng } from "./capture.js";
import { Context, type Limits, type LossListeners } from "./context.js";
import { Density, type DensityData } from "./density.js";
import { type LineData, Lines, type RingData } from "./lines.js";
import { Mix } from "./mix.js";
import { Painter } from "./painter.js";
import { NO_ROW, pickRow, rowsInSight } from "./pick.js";
import { Points } from "./points.js";
import { readRows } from "./read_back.js";
import type { Shot } from "./shot.js";
import { type Snapshot, Snapshots } from "./snapshots.js";
import { Sprites } from "./sprites.js";
import { type TrailData, Trails } from "./trails.js";
import type { MapTheme, View } from "./view.js";

export { NoWebGL2Error, RenderError } from "./errors.js";
export type { Limits } from "./context.js";
export type { DensityData } from "./density.js";
export type { LineData, RingData } from "./lines.js";
export { MOST_LAYERS, packSprite } from "./sprites.js";
export type { Sprite, SpriteList, SpriteStyle } from "./sprites.js";
export type { SpriteAtlas } from "./sprite_atlas.js";
export type { TrailData } from "./trails.js";
export type { MapTheme, View } from "./view.js";
export { NO_ROW } from "./pick.js";

/** What the renderer is doing, for a status line and for benchmarks. */
export interface RendererStats {
  readonly limits: Limits;
  /** Keys of the snapshots on the GPU, the least recently used first. */
  readonly resident: readonly string[];
  /** Bytes of textures on the GPU. */
  readonly bytes: number;
  /** Rows in the last picture, hidden and absent ones included. */
  readonly drawn: number;
  /** Opacity of a dot in the last picture. */
  readonly opacity: number;
  readonly frames: number;
  readonly losses: number;
}

/**
 * Draws the map. All arrays are in the run's canonical row order; they are kept, not copied, so
 * that a lost context can be filled again: give a new array rather than change one.
 */
export class Renderer {
  /** Thumbnails in the place of dots. */
  readonly sprites: Sprites;
  private readonly context: Context;
  private readonly snapshots: Snapshots;
  private readonly points: Points;
  private readonly trails: Trails;
  private readonly lines: Lines;
  private readonly mix: Mix;
  private readonly density: Density;
  private readonly painter: Painter;
  private viewport: Viewport = { width: 1, height: 1 };
  private pixelRatio = 1;
  private drawn = 0;
  private opacity = 1;
  private frames = 0;
  private readonly loss: WEBGL_lose_context | null;

  /** Throws NoWebGL2Error, with a reason to show, where the map cannot be drawn. */
  constructor(canvas: HTMLCanvasElement, listeners: LossListeners = {}) {
    this.context = new Context(canvas, {
      onLost: listeners.onLost,
      onRestored: () => {
        this.restore();
        listeners.onRestored?.();
      },
    });
    this.snapshots = new Snapshots(this.context);
    this.points = new Points(this.context);
    this.trails = new Trails(this.context);
    this.lines = new Lines(this.context);
    this.mix = new Mix(this.context);
    this.density = new Density(this.context);
    this.sprites = new Sprites(this.context);
    this.painter = new Painter(
      this.context,
      this.points,
      this.trails,
      this.lines,
      this.mix,
      this.density,
      this.sprites,
    );
    this.loss = this.context.gl.getExtension("WEBGL_lose_context");
    this.resize(canvas.clientWidth || canvas.width, canvas.clientHeight || canvas.height, 1);
  }

  /** Gives the map a size in CSS pixels; the next draw fills it. */
  resize(width: number, height: number, pixelRatio: number): void {
    this.viewport = { width: Math.max(1, width), height: Math.max(1, height) };
    // A canvas larger than the device can draw is drawn coarser instead.
    this.pixelRatio = Math.min(
      pixelRatio,
      this.context.limits.maxSize / Math.max(width, height, 1),
    );
    this.context.resize(width, height, this.pixelRatio);
  }

  /** Puts a snapshot's positions on the GPU. Of more than four, the longest unused makes room. */
  setSnapshot(key: string, positions: Positions): void {
    this.snapshots.set(key, positions);
  }

  /** Whether a snapshot is on the GPU. */
  hasSnapshot(key: string): boolean {
    return this.snapshots.has(key);
  }

  /** Frees a snapshot. */
  dropSnapshot(key: string): void {
    this.snapshots.drop(key);
  }

  /** Sets each row's colour, four bytes a row. */
  setColors(rgba: Uint8Array): void {
    this.points.colors.upload(rgba);
  }

  /** Sets each row's flags: SELECTED, HIDDEN, HIGHLIGHTED. */
  setFlags(flags: Uint8Array): void {
    this.points.setFlags(flags);
  }

  /** Sets each row's trust: 0 to 254 for 0 to 1, 255 where it is unknown. */
  setTrust(trust: Uint8Array): void {
    this.points.trust.upload(trust);
  }

  /** Shows the paths of some rows; without rows, none. */
  setTrails(rows: Uint32Array, steps: number, positions: Positions, current: number): void {
    this.trails.set({ rows, steps, positions, current } satisfies TrailData);
  }

  /** Says which step the trails lead to; cheap, for every frame of a scrub. */
  setTrailStep(current: number): void {
    this.trails.moveTo(current);
  }

  /** Shows straight lines between rows; without any, none. */
  setLines(lines: LineData): void {
    this.lines.setLines(lines);
  }

  /** Shows rings around rows; without any, none. */
  setRings(rings: RingData): void {
    this.lines.setRings(rings);
  }

  /** Shows how crowded the flat map is, mixed between two steps; null for nothing. */
  setDensity(from: DensityData | null, to: DensityData | null): void {
    this.density.set(from, to);
  }

  /** Draws. Does nothing while the context is lost. */
  draw(view: View): void {
    if (this.context.lost) return;
    const shot = this.shoot(view, this.pixelRatio);
    this.painter.clear(view.theme.canvas, 1);
    this.painter.paint(shot);
    this.drawn = shot.count;
    this.opacity = shot.opacity;
    this.frames++;
  }

  /** Draws an empty map, while there is nothing to show. */
  clear(theme: MapTheme): void {
    if (!this.context.lost) this.painter.clear(theme.canvas, 1);
  }

  /** The row drawn at a place in CSS pixels, or the nearest within 4; NO_ROW (-1) without one. */
  async pick(x: number, y: number, view: View): Promise<number> {
    if (this.context.lost) return NO_ROW;
    return pickRow(this.context, this.painter, this.shoot(view, this.pixelRatio), x, y);
  }

  /** Rows of which some pixel is to be seen; those behind others are left out. */
  rowsInSight(view: View): Promise<Uint32Array> {
    return rowsInSight(this.context, this.painter, this.shoot(view, 1));
  }

  /** Positions of rows of a resident snapshot, read back from the GPU bit for bit. */
  readPositions(key: string, fit: Fit, rows: Uint32Array): Float32Array {
    const texture = this.snapshots.get(key)[fit];
    return readRows(this.context, texture, fit === "planar" ? 2 : 3, rows);
  }

  /** The map as a PNG picture with `scale` pixels to a CSS pixel. */
  async capture(view: View, scale: number, transparent = false): Promise<Blob> {
    return toPng(this.capturePixels(view, scale, transparent));
  }

  /** The map's pixels, top line first. */
  capturePixels(view: View, scale: number, transparent = false): ImageData {
    return capturePixels(this.context, this.painter, this.shoot(view, scale), transparent);
  }

  /** What the renderer is doing. */
  stats(): RendererStats {
    return {
      limits: this.context.limits,
      resident: this.snapshots.keys,
      bytes:
        this.snapshots.bytes +
        this.mix.bytes +
        this.density.bytes +
        this.sprites.bytes +
        this.textures.reduce((sum, texture) => sum + texture.bytes, 0),
      drawn: this.drawn,
      opacity: this.opacity,
      frames: this.frames,
      losses: this.context.losses,
    };
  }

  /** Waits until the GPU has drawn everything asked for, to measure it. */
  finish(): void {
    const { gl } = this.context;
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
  }

  /** Loses the graphics context on purpose, to test what happens then. */
  loseContext(): void {
    this.loss?.loseContext();
  }

  /** Gives a context lost on purpose back. */
  restoreContext(): void {
    this.loss?.restoreContext();
  }

  /** Frees the GPU's memory and stops listening. */
  close(): void {
    for (const key of this.snapshots.keys) this.snapshots.drop(key);
    for (const texture of this.textures) texture.delete();
    this.mix.delete();
    this.density.delete();
    this.sprites.delete();
    this.context.close();
  }

  private get textures() {
    return [...this.points.textures, ...this.trails.textures, ...this.lines.textures];
  }

  private restore(): void {
    for (const texture of this.snapshots.textures()) texture.restore();
    this.points.restore();
    this.trails.restore();
    this.lines.restore();
    this.mix.restore();
    this.density.restore();
    this.sprites.restore();
  }

  private shoot(view: View, pixelRatio: number): Shot {
    // At either end of the mix one snapshot is all there is to fetch.
    const [fromKey, toKey] = view.mix <= 0 ? [view.from, view.from] : [view.from, view.to];
    const from = this.snapshots.get(fromKey);
    const to = this.snapshots.get(toKey);
    const camera = view.camera.toUniforms(this.viewport, view.depth);
    const rows = Math.max(from.rows, to.rows);
    const count = Math.min(
      this.context.limits.capacity,
      rows,
      Math.max(0, Math.floor(view.drawCount)),
    );
    const { drawn, selected } = this.points.visible(count);

    const unit = camera.planarFrame.scale * camera.pixelsPerUnit;
    const area = areaBetween(from, to, view.mix) * unit * unit;
    const dot = Math.PI * (view.pointSize / 2) ** 2;
    const opacityOf = (dots: number, lowest: number) => {
      if (view.opacity !== undefined) return Math.max(view.opacity, lowest);
      const flat = opacityForOverlap(area > 0 ? (dots * dot) / area : 0, lowest);
      return flat + (1 - flat) * view.depth;
    };
    // Where crowds are drawn as such, dots step back.
    const dots = 1 - (1 - (view.dots ?? 1)) * (1 - view.depth);
    return {
      view,
      from,
      to,
      mix: from === to ? 1 : view.mix,
      camera,
      viewport: this.viewport,
      pixelRatio,
      count,
      // Sums in floats can be as faint as they are; eight bits lose what is fainter.
      opacity: dots * opacityOf(drawn, this.painter.mixes({ view }) ? 0.006 : 0.07),
      selectedOpacity: opacityOf(selected, 0.5),
    };
  }
}

function areaBetween(from: Snapshot, to: Snapshot, mix: number): number {
  return from.planarArea + (to.planarArea - from.planarArea) * mix;
}
