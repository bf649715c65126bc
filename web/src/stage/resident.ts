import type { FrameData } from "../data/client.js";
import type { Bounds } from "../geometry/bounds.js";
import type { Positions } from "../geometry/rows.js";
import type { Renderer } from "../render/renderer.js";
import type { Session } from "../state/session.js";
import type { Place } from "../state/timeline.js";
import type { ViewerState } from "../state/viewer_state.js";
import { carriedOver, Turn } from "./turn.js";

interface Held {
  planar?: FrameData;
  spatial?: FrameData;
  /** Which map the fit on screen is of, and its bounds. */
  family: string | undefined;
  bounds: Bounds | null;
  loaded: number;
  positions: Positions;
}

/** Brings the frames that have come to the GPU, under keys that the lasso knows too. */
export class Resident {
  private readonly held = new Map<string, Held>();
  /** From the map before to this one, after another map was chosen. */
  readonly turn = new Turn();

  constructor(
    private readonly state: ViewerState,
    private readonly session: Session,
  ) {}

  /** Key under which a step's positions lie on the GPU. */
  keyOf(step: number): string {
    return `${this.state.run.value?.name}\n${this.state.spaceName.value}\n${step}`;
  }

  /** Key under which the map before lies while a turn is under way. */
  beforeKeyOf(step: number): string {
    return `${this.keyOf(step)}\nbefore`;
  }

  /** The positions under a key, the same object as long as nothing new has come. */
  positions(key: string): Positions | undefined {
    return this.held.get(key)?.positions;
  }

  /** The frame of the fit on screen as it was last brought, even if it has been let go since. */
  frame(step: number): FrameData | undefined {
    const held = this.held.get(this.keyOf(step));
    return this.state.shownFit.value === 3 ? held?.spatial : held?.planar;
  }

  /** Rows of a step that have arrived. */
  loaded(step: number): number {
    return this.held.get(this.keyOf(step))?.loaded ?? 0;
  }

  /** Puts a step on the GPU if the frame of the fit on screen has come; whether it has. */
  bring(renderer: Renderer, step: number): boolean {
    const key = this.keyOf(step);
    const old = this.held.get(key);
    const planar = this.session.projections.planarFrames.get(step);
    const spatial = this.session.projections.spatialFrames.get(step);
    const needed = this.state.shownFit.value === 3 ? spatial : planar;
    // What is on the GPU can be shown although nobody asks for it any more.
    if (needed === undefined) return this.frame(step) !== undefined && renderer.hasSnapshot(key);
    const { loaded } = needed;
    const fit = this.state.shownFit.value === 3 ? "spatial" : "planar";
    const frames = this.session.projections.framesOf(this.state.shownFit.value);
    const current = frames.has(step) ? frames.current?.family : old?.family;
    const bounds = this.state.projection.value?.bounds ?? null;
    if (old?.planar !== planar || old?.spatial !== spatial || old?.loaded !== loaded) {
      // New views on the same numbers tell the renderer that more of them have come.
      const positions = {
        planar: planar?.coordinates.subarray(0),
        spatial: spatial?.coordinates.subarray(0),
      };
      if (old?.[fit] !== undefined && old.family !== undefined && current !== old.family) {
        const before = carriedOver(old.positions, fit, old.bounds, bounds);
        if (before !== null && !this.state.reducedMotion.value) {
          renderer.setSnapshot(this.beforeKeyOf(step), before);
          this.turn.begin(step);
        }
      }
      this.held.set(key, { planar, spatial, loaded, positions, family: current, bounds });
      renderer.setSnapshot(key, positions);
    } else if (!renderer.hasSnapshot(key)) {
      renderer.setSnapshot(key, old.positions);
    }
    for (const other of this.held.keys()) if (!renderer.hasSnapshot(other)) this.held.delete(other);
    return true;
  }

  /** Between which snapshots on the GPU a place lies; a turn goes from the map before. */
  between(renderer: Renderer, place: Place): { from: string; to: string; mix: number } {
    const key = this.keyOf(place.from);
    if (place.mix > 0) return { from: key, to: this.keyOf(place.to), mix: place.mix };
    const before = this.beforeKeyOf(place.from);
    const turns = this.turn.at(place.from) && renderer.hasSnapshot(before);
    const mix = turns ? this.turn.mix(performance.now()) : 1;
    if (!turns) this.turn.end();
    return mix < 1 ? { from: before, to: key, mix } : { from: key, to: key, mix: 0 };
  }

  /** Puts positions of another map's making under a key of its own, where the lasso finds them. */
  lay(renderer: Renderer, key: string, positions: Positions, loaded: number): void {
    if (this.held.get(key)?.positions === positions && renderer.hasSnapshot(key)) return;
    this.held.set(key, { positions, loaded, family: undefined, bounds: null });
    renderer.setSnapshot(key, positions);
  }

  clear(renderer: Renderer | null): void {
    this.turn.end();
    for (const key of this.held.keys()) renderer?.dropSnapshot(key);
    this.held.clear();
  }
}
