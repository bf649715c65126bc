import type { FrameData } from "../data/client.js";
import { aligned, alignment } from "../geometry/align.js";
import { strongestMovers } from "../geometry/movers.js";
import type { Positions } from "../geometry/rows.js";
import type { Renderer } from "../render/renderer.js";
import type { Beside, Comparing } from "../state/comparing.js";
import { onChange } from "../state/signal.js";
import type { Place } from "../state/timeline.js";
import type { ViewerState } from "../state/viewer_state.js";
import type { Resident } from "./resident.js";
import { MOST_TRAILS, type TrailPaths } from "./trail_source.js";

/** Key under which map B lies while it is laid over map A. */
export const BLEND_KEY = "laid over";

/** What the stage asks while another map is laid over its own. */
export interface Blend {
  /** The other map's frame in this one's rows and units; null without one. */
  readonly frame: FrameData | null;
  /** Ways of the strongest movers. */
  readonly stars: (TrailPaths & { mix: number }) | null;
  between(
    renderer: Renderer,
    resident: Resident,
    place: Place,
  ): { from: string; to: string; mix: number } | null;
}

/** Lays map B over map A: every point on its way from its place in one to its place in the other. */
export class Overlaid implements Blend {
  frame: FrameData | null = null;
  stars: (TrailPaths & { mix: number }) | null = null;
  private made: readonly unknown[] = [];
  private chosen: readonly unknown[] = [];
  private positions: Positions = {};
  private unwatch: (() => void) | null = null;

  constructor(
    private readonly comparing: Comparing,
    private readonly state: ViewerState,
    private readonly redraw: () => void,
  ) {
    onChange([comparing.overlay, comparing.version], redraw);
    onChange([comparing.beside], () => this.watch());
  }

  between(
    renderer: Renderer,
    resident: Resident,
    place: Place,
  ): { from: string; to: string; mix: number } | null {
    const share = this.comparing.overlay.value;
    const beside = this.comparing.beside.value[0];
    const own = resident.frame(place.from);
    const frame = share === null || !beside || !own ? null : this.laid(beside, own);
    if (frame === null || own === undefined || share === null) {
      this.frame = this.stars = null;
      return null;
    }
    this.frame = frame;
    this.choose(own, frame, share);
    resident.lay(renderer, BLEND_KEY, this.positions, frame.loaded);
    return { from: resident.keyOf(place.from), to: BLEND_KEY, mix: share };
  }

  private watch(): void {
    this.unwatch?.();
    const beside = this.comparing.beside.value[0];
    if (beside === undefined) return void (this.unwatch = null);
    const { planarFrames, spatialFrames } = beside.viewer.session.projections;
    this.unwatch = onChange(
      [planarFrames.version, spatialFrames.version, beside.pairing],
      this.redraw,
    );
  }

  /** Map B as map A would have it; made once for each pair of frames. */
  private laid({ viewer, pairing }: Beside, own: FrameData): FrameData | null {
    const { state, session } = viewer;
    const fit = own.n_components;
    const step = state.timeline.step.value;
    const frames = session.projections.framesOf(fit);
    const other = step === null ? undefined : frames.get(step);
    const pairs = pairing.value;
    if (other === undefined || pairs === null || step === null || !frames.has(step)) return null;
    const parts = [own, other, other.loaded, pairs];
    if (this.frame !== null && parts.every((part, i) => part === this.made[i])) return this.frame;
    this.made = parts;
    const coordinates = pairs.inMainOrder(other.coordinates, fit);
    const main = this.state.projection.value?.key;
    const one = pairs.isSame && main === frames.current?.projection;
    // Two maps that were made apart have no common sides; the closest turn is taken out.
    const turn = one ? null : alignment(coordinates, own.coordinates, fit);
    this.comparing.residual.set(turn?.residual ?? null);
    const placed = turn === null ? coordinates : aligned(coordinates, fit, turn);
    this.positions = fit === 2 ? { planar: placed } : { spatial: placed };
    return { ...other, coordinates: placed, loaded: own.loaded };
  }

  private choose(own: FrameData, frame: FrameData, mix: number): void {
    const selected = this.state.selection.rows.value;
    const hidden = this.state.filter.hidden.value;
    const parts = [own, frame, selected, hidden];
    if (this.stars === null || parts.some((part, i) => part !== this.chosen[i])) {
      this.chosen = parts;
      const rows = selected.empty ? null : selected.rows;
      const d = own.n_components;
      const movers = strongestMovers(
        own.coordinates,
        frame.coordinates,
        d,
        rows,
        MOST_TRAILS,
        (row) => hidden?.has(row) ?? false,
      );
      const places = new Float32Array(movers.length * 2 * d);
      movers.forEach((row, i) => {
        const at = row * d;
        places.set(own.coordinates.subarray(at, at + d), 2 * i * d);
        places.set(frame.coordinates.subarray(at, at + d), (2 * i + 1) * d);
      });
      const positions = d === 2 ? { planar: places } : { spatial: places };
      this.stars = { rows: movers, steps: [0, 1], positions, mix };
    }
    this.stars = { ...this.stars, mix };
  }
}
