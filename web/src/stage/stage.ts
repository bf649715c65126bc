import type { Client, FrameData } from "../data/client.js";
import { boundsOf } from "../geometry/bounds.js";
import type { Camera } from "../geometry/camera.js";
import { NO_ROW, NoWebGL2Error, Renderer, type View } from "../render/renderer.js";
import type { Colorist } from "../state/colorist.js";
import type { SelectMode } from "../state/selection.js";
import type { Session } from "../state/session.js";
import { onChange, type Signal } from "../state/signal.js";
import type { Place } from "../state/timeline.js";
import type { MapPort } from "../state/viewer.js";
import type { ViewerState } from "../state/viewer_state.js";
import type { Arrows } from "../state/why.js";
import { LassoClient } from "../workers/lasso_client.js";
import { BLEND_KEY, type Blend } from "./blend.js";
import { Eye } from "./eye.js";
import { flagsOf } from "./flags.js";
import { Catcher } from "./catcher.js";
import { Census } from "./census.js";
import { DensityLayer, strengthsAt } from "./density_layer.js";
import { LineLayer } from "./line_layer.js";
import { mapTheme, plainColors, pointSize } from "./look.js";
import { Morph } from "./morph.js";
import { type Beside, Overlay } from "./overlay.js";
import { Pace } from "./pace.js";
import { Resident } from "./resident.js";
import { SpriteLayer } from "./sprite_layer.js";
import { TrailLayer } from "./trail_layer.js";
import { WantedFrames } from "./wanted_frames.js";

/** Draws the state: the only place where the renderer and the state meet. */
export class Stage implements MapPort {
  readonly eye = new Eye();
  readonly lasso = new LassoClient();
  private readonly catcher: Catcher;
  renderer: Renderer | null = null;
  private readonly morph = new Morph();
  readonly pace = new Pace();
  private readonly census: Census;
  private readonly overlay: Overlay;
  private readonly density: DensityLayer;
  private readonly resident: Resident;
  private readonly trails: TrailLayer;
  private readonly lines: LineLayer;
  readonly sprites: SpriteLayer;
  private readonly wanted: WantedFrames;
  /** The way to another map, where one is laid over this one. */
  blend: Blend | null = null;
  private flags: Uint8Array = new Uint8Array(0);
  private trustOf: FrameData | null = null;
  private shownPlace: Place | null = null;
  private scheduled = 0;
  private lastTick: number | null = null;
  private movedAt = Number.NEGATIVE_INFINITY;

  constructor(
    client: Client,
    private readonly state: ViewerState,
    private readonly session: Session,
    private readonly colorist: Colorist,
    reasons: Signal<Arrows | null>,
    beside: Beside,
  ) {
    this.resident = new Resident(state, session);
    this.wanted = new WantedFrames(state, session);
    this.catcher = new Catcher(state, this.lasso, this.resident);
    this.census = new Census(state);
    this.overlay = new Overlay(state, reasons, beside);
    this.density = new DensityLayer(state, colorist);
    onChange([reasons, beside.labels, this.overlay.items, state.layers.text], () => this.redraw());
    this.trails = new TrailLayer(client, beside.layering, state, session, () => this.redraw());
    this.lines = new LineLayer(state.lines, state.theme, () => this.redraw());
    this.sprites = new SpriteLayer(client, state, () => this.redraw());
    const { timeline, selection, filter } = state;
    onChange([state.run], () => this.changeRun());
    onChange([state.planar, state.spatial], () => {
      this.eye.rebound(state.planar.value, state.spatial.value);
      this.redraw();
    });
    onChange([timeline.place, state.projection, state.shownFit], () => {
      this.wanted.ask();
      this.redraw();
    });
    // A view chosen for one map means nothing in another.
    onChange([session.projections.recipe], () => this.eye.wanted ?? this.eye.text.set(""));
    onChange([timeline.position], () => this.moved());
    onChange(
      [session.projections.planarFrames.version, session.projections.spatialFrames.version],
      () => this.redraw(),
    );
    onChange([selection.rows, filter.hidden, state.hover, state.echo, state.focus], () =>
      this.flag(),
    );
    // On a slow machine part of the points at once, and all of them when the hand rests.
    onChange(
      [selection.rows, filter.hidden, colorist.colors],
      () => this.pace.slow && this.moved(),
    );
    onChange([colorist.colors], () => this.color());
    onChange([timeline.playing, state.theme, state.trustFade, state.reducedMotion], () =>
      this.redraw(),
    );
  }

  setInset(pixels: number): void {
    this.eye.setInset(pixels);
    this.redraw();
  }

  get depth() {
    return this.morph.depth;
  }

  get labels() {
    return this.overlay.labels;
  }

  get axes() {
    return this.overlay.axes;
  }

  get arrows() {
    return this.overlay.arrows;
  }

  attach(canvas: HTMLCanvasElement): () => void {
    try {
      this.renderer = new Renderer(canvas, { onRestored: () => this.redraw() });
    } catch (error) {
      if (!(error instanceof NoWebGL2Error)) throw error;
      this.state.withoutWebGL.set(error.message);
      return () => undefined;
    }
    const resize = () => {
      this.eye.resize(canvas.clientWidth, canvas.clientHeight);
      this.renderer?.resize(canvas.clientWidth, canvas.clientHeight, window.devicePixelRatio);
      this.moved();
    };
    const observer = new ResizeObserver(resize);
    observer.observe(canvas);
    resize();
    this.color();
    this.flag();
    return () => {
      observer.disconnect();
      cancelAnimationFrame(this.scheduled);
      this.wanted.close();
      this.trails.close();
      this.sprites.close();
      this.lasso.close();
      this.renderer?.close();
      this.renderer = null;
    };
  }

  pan(dx: number, dy: number): void {
    this.look((camera) => camera.pan(dx, dy, this.eye.viewport, this.depth.value));
  }

  orbit(dx: number, dy: number): void {
    this.look((camera) => camera.orbit(dx, dy, this.eye.viewport, "turntable"));
  }

  zoom(factor: number, x: number, y: number): void {
    this.look((camera) => camera.zoom(factor, x, y, this.eye.viewport, this.depth.value));
  }

  zoomCentre(factor: number): void {
    this.zoom(factor, this.eye.viewport.width / 2, this.eye.viewport.height / 2);
  }

  async pick(x: number, y: number): Promise<number | null> {
    const view = this.view();
    if (this.renderer === null || view === null) return null;
    const row = await this.renderer.pick(x, y, view);
    return row === NO_ROW ? null : row;
  }

  async select(polygon: Float32Array, mode: SelectMode): Promise<void> {
    this.resident.turn.end();
    const view = this.view();
    if (view === null || this.renderer === null) return;
    const { viewport } = this.eye;
    await this.catcher.select(this.renderer, polygon, mode, view, viewport, this.flags);
  }

  frameSelection(): void {
    const frame = this.frame();
    if (this.eye.camera === null || frame === undefined) return;
    const { rows } = this.state.selection.rows.value;
    const dimensions = frame.n_components;
    const some = rows.length > 0 ? rows : undefined;
    const bounds = boundsOf(frame.coordinates, dimensions, some);
    if (bounds === undefined) return;
    const fit = dimensions === 2 ? "planar" : "spatial";
    const still = this.state.reducedMotion.value;
    this.eye.go(this.eye.camera.fit(bounds, fit, this.eye.viewport), still);
    this.moved();
  }

  resetView(): void {
    this.eye.reset(this.state.reducedMotion.value);
    this.moved();
  }

  /** Takes the view of a map that this one is linked with; null sees everything. */
  take(camera: Camera | null, now: boolean): void {
    if (camera === null) this.eye.reset(now);
    else this.eye.go(camera, now);
    this.moved();
  }

  /** What is drawn at this moment, or null while there is nothing to draw. */
  view(): View | null {
    const { state, renderer } = this;
    const wanted = this.wantedPlace();
    if (wanted === null || this.eye.camera === null || renderer === null) return null;
    if (this.canShow(renderer, wanted)) this.shownPlace = wanted;
    // While the wanted frame is on its way the last one stays, rather than an empty map.
    const place = this.shownPlace;
    if (place === null || !this.canShow(renderer, place)) return null;
    const total = state.run.value?.n_items ?? 0;
    const loaded = this.resident.loaded(place.from);
    // While rows arrive every draw of all of them would hold up the next.
    const sampled = this.isMoving() || loaded < total;
    return {
      ...(this.blend?.between(renderer, this.resident, place) ??
        this.resident.between(renderer, place)),
      depth: this.depth.value,
      camera: this.eye.camera,
      drawCount: Math.min(loaded, sampled ? this.pace.rows(total) : total),
      pointSize: pointSize(total, this.eye),
      theme: mapTheme(state.theme.value),
      selectionActive: state.selection.count.value > 0,
      trustFade: state.trustFade.value,
      quick: this.pace.slow && this.isMoving(),
      ...strengthsAt(state.layers.crowds.value, this.eye.camera, this.eye.viewport, total),
      ...(state.layers.opacity.value === null ? {} : { opacity: state.layers.opacity.value }),
    };
  }

  /** Coordinates of the map on screen. */
  placesNow(): { coordinates: Float32Array; dimensions: number } | null {
    const frame = this.frame();
    return frame ? { coordinates: frame.coordinates, dimensions: frame.n_components } : null;
  }

  /** Key under which a step's positions lie on the GPU. */
  keyOf(step: number): string {
    return this.resident.keyOf(step);
  }

  private wantedPlace(): Place | null {
    const place = this.state.timeline.place.value;
    // Reduced motion shows whole snapshots, one after the other.
    return place !== null && this.state.reducedMotion.value ? { ...place, mix: 0 } : place;
  }

  private canShow(renderer: Renderer, place: Place): boolean {
    const from = this.resident.bring(renderer, place.from);
    return from && (place.mix === 0 || this.resident.bring(renderer, place.to));
  }

  /** The frame under the playhead, as far as it has come. */
  private frame(): FrameData | undefined {
    const step = this.shownPlace?.from;
    return step === undefined ? undefined : this.resident.frame(step);
  }

  private changeRun(): void {
    if (this.state.planar.value === null && this.state.spatial.value === null) {
      this.resident.clear(this.renderer);
      this.shownPlace = null;
      if (this.eye.wanted === undefined) this.eye.forget();
    }
    this.flag();
  }

  private look(move: (camera: Camera) => Camera): void {
    this.eye.look(move);
    this.state.hover.set(null);
    this.moved();
  }

  private isMoving(): boolean {
    return (
      this.state.timeline.playing.value ||
      this.morph.moving ||
      this.resident.turn.moving ||
      this.eye.moving ||
      performance.now() - this.movedAt < this.pace.patience
    );
  }

  private moved(): void {
    this.movedAt = performance.now();
    this.redraw();
  }

  redraw(): void {
    if (this.scheduled !== 0 || this.renderer === null) return;
    this.scheduled = requestAnimationFrame((now) => this.tick(now));
  }

  private tick(now: number): void {
    this.scheduled = 0;
    const { timeline } = this.state;
    const seconds = this.lastTick === null ? 0 : Math.min((now - this.lastTick) / 1000, 0.25);
    if (timeline.playing.value) timeline.advance(seconds, (step) => this.wanted.main.has(step));
    this.headForFit();
    this.morph.advance(now);
    this.eye.advance(now);
    const moving = this.isMoving();
    this.draw(now, moving);
    this.lastTick = moving ? now : null;
    // Once more after the last movement, to draw every point again.
    if (moving) this.redraw();
  }

  /** Starts the morph to the fit asked for, as soon as both fits of this step are here. */
  private headForFit(): void {
    const target = this.state.shownFit.value === 3 ? 1 : 0;
    const step = this.state.timeline.place.value?.from;
    if (step === undefined || this.wanted.main.get(step) === undefined) return;
    const { planarFrames, spatialFrames } = this.session.projections;
    const both = planarFrames.get(step) !== undefined && spatialFrames.get(step) !== undefined;
    // Without the other fit, or for a reader who wants no motion, there is no way between.
    if (!both || this.state.reducedMotion.value) this.morph.jump(target);
    else this.morph.head(target);
  }

  private draw(now: number, moving: boolean): void {
    const { renderer, state } = this;
    if (renderer === null) return;
    const view = this.view();
    state.frameHere.set(view !== null && samePlace(this.shownPlace, this.wantedPlace()));
    if (view === null) {
      renderer.clear(mapTheme(state.theme.value));
      this.overlay.clear();
      this.census.tellNothing();
      return;
    }
    const total = state.run.value?.n_items ?? 0;
    if (moving) this.pace.frame(now, total);
    else this.pace.rest();
    this.trails.stars = this.blend?.stars ?? null;
    this.trails.show(renderer);
    this.lines.show(renderer);
    this.giveTrust(renderer);
    const frame = this.frame();
    const turning = this.resident.turn.moving || this.shownPlace === null;
    const beyond = turning ? frame : this.resident.frame(this.shownPlace!.to);
    const to = view.to === BLEND_KEY ? (this.blend?.frame ?? beyond) : beyond;
    const { viewport } = this.eye;
    this.density.show(renderer, view, frame, to);
    this.sprites.show(renderer, { view, viewport, moving, from: frame, to });
    renderer.draw(view);
    if (!moving) state.layers.seenOpacity.set(renderer.stats().opacity);
    if (frame !== undefined) this.census.tell(frame, view.drawCount, moving);
    this.overlay.place(view, this.depth.value, viewport, frame, to);
  }

  private giveTrust(renderer: Renderer): void {
    const frame = this.frame();
    if (this.state.trustFade.value === 0 || frame === undefined || frame === this.trustOf) return;
    renderer.setTrust(frame.trust);
    this.trustOf = frame;
  }

  private flag(): void {
    const { state } = this;
    const size = state.run.value?.n_items ?? 0;
    const lit = [state.hover.value?.row, state.echo.value, state.focus.value].filter(
      (row) => typeof row === "number",
    );
    this.flags = flagsOf(size, state.selection.rows.value, state.filter.hidden.value, lit);
    this.renderer?.setFlags(this.flags);
    this.redraw();
  }

  private color(): void {
    const size = this.state.run.value?.n_items ?? 0;
    const colors = this.colorist.colors.value ?? plainColors(size, this.state.theme.value);
    this.renderer?.setColors(colors);
    this.redraw();
  }
}

function samePlace(a: Place | null, b: Place | null): boolean {
  return a?.from === b?.from && a?.mix === b?.mix;
}
