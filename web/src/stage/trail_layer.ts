import type { Client } from "../data/client.js";
import type { Layering } from "../data/layering.js";
import type { Renderer } from "../render/renderer.js";
import { strongestMovers } from "../geometry/movers.js";
import type { FrameSource } from "../state/frames.js";
import type { Session } from "../state/session.js";
import { onChange } from "../state/signal.js";
import type { Pair } from "../state/timeline.js";
import type { ViewerState } from "../state/viewer_state.js";
import { MOST_TRAILS, readPaths, type TrailPaths } from "./trail_source.js";

const WAIT_MS = 120;
const NO_ROWS = new Uint32Array(0);

/** Keeps the trails of the selection up to date: reads their paths and moves their end. */
export class TrailLayer {
  private paths: TrailPaths | null = null;
  private given: TrailPaths | null = null;
  /** Ways to another map, shown in place of those over training; their end follows `mix`. */
  stars: (TrailPaths & { mix: number }) | null = null;
  private abort: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly client: Client,
    private readonly layering: Layering,
    private readonly state: ViewerState,
    private readonly session: Session,
    private readonly redraw: () => void,
  ) {
    onChange(
      [
        state.trails,
        state.selection.rows,
        state.projection,
        state.shownFit,
        state.run,
        state.timeline.pair,
      ],
      () => this.plan(),
    );
  }

  /** Gives the renderer what has come, and the step the trails lead to. */
  show(renderer: Renderer): void {
    const paths = this.stars ?? this.paths;
    const current =
      this.stars?.mix ??
      (paths === null ? 0 : indexOf(paths.steps, this.state.timeline.position.value));
    if (paths?.rows !== this.given?.rows || paths?.positions !== this.given?.positions) {
      if (paths === null) renderer.setTrails(NO_ROWS, 0, {}, 0);
      else renderer.setTrails(paths.rows, paths.steps.length, paths.positions, current);
      this.given = paths;
    } else if (paths !== null) renderer.setTrailStep(current);
  }

  close(): void {
    this.abort?.abort();
    clearTimeout(this.timer);
  }

  private plan(): void {
    this.close();
    this.paths = null;
    this.redraw();
    const { trails, selection, timeline } = this.state;
    // A pair of snapshots is there to see what moved between them.
    const wanted = timeline.pair.value !== null || (trails.value && selection.count.value > 0);
    if (!wanted) return;
    this.timer = setTimeout(() => void this.read(), WAIT_MS);
  }

  private async read(): Promise<void> {
    const { state, session } = this;
    const frames = session.projections.framesOf(state.shownFit.value);
    const source = frames.current;
    const pair = state.timeline.pair.value;
    const steps = pair === null ? state.timeline.steps.value : [pair.from, pair.to];
    if (source === null || steps.length < 2) return;
    const abort = new AbortController();
    this.abort = abort;
    const chosen = state.selection.rows.value.rows;
    const now = state.timeline.position.value;
    try {
      const rows =
        pair === null ? chosen.slice(0, MOST_TRAILS) : await this.movers(source, pair, abort);
      this.paths = await readPaths(
        this.client,
        this.layering,
        source,
        rows,
        steps,
        now,
        abort.signal,
      );
      this.redraw();
    } catch (error) {
      // The frames' own failure is shown by the session; trails are simply not there.
      if (!abort.signal.aborted) console.error(error);
    }
  }

  /** Of a pair, the ways worth seeing are the longest: of the selection, else of all in sight. */
  private async movers(source: FrameSource, pair: Pair, abort: AbortController) {
    const ends = [pair.from, pair.to].map((step) =>
      this.client.frame({ ...source, step }, undefined, abort.signal),
    );
    const [from, to] = (await Promise.all(ends)).map((frame) => frame.coordinates);
    const { rows, count } = this.state.selection;
    const hidden = this.state.filter.hidden.value;
    return strongestMovers(
      from!,
      to!,
      source.n_components,
      count.value > 0 ? rows.value.rows : null,
      MOST_TRAILS,
      (row) => hidden?.has(row) ?? false,
    );
  }
}

/** Place of a step among the steps, between two of them with a fraction. */
function indexOf(steps: readonly number[], position: number): number {
  const after = steps.findIndex((step) => step > position);
  if (after === 0) return 0;
  if (after < 0) return steps.length - 1;
  const [low, high] = [steps[after - 1]!, steps[after]!];
  return after - 1 + (position - low) / (high - low);
}
