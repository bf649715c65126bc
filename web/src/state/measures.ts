import type { Client } from "../data/client.js";
import {
  motionOf,
  pointsOf,
  similarityOf,
  tracksOf,
  type CkaMap,
  type MapErrors,
  type MapNoise,
  type MapStability,
  type MeasureKind,
  type MeasureRequest,
  type MotionScores,
  type SpaceTracks,
} from "../data/measured.js";
import { Measurement } from "./measurement.js";
import { onChange, signal, type Signal } from "./signal.js";
import type { ViewerState } from "./viewer_state.js";

/** What is measured of one frame waits until the playhead has rested for this long. */
const REST_MS = 600;
/** Rows of a selection that are sent; so many stand for all of a larger one. */
const MOST_ROWS = 1000;
const LEAST_ROWS = 4;
const OF_A_MAP: readonly MeasureKind[] = ["motion", "errors", "noise", "stability"];
const OF_A_STEP: readonly MeasureKind[] = ["errors", "noise", "stability"];

/** Every measurement of what is on screen. Each is asked for while a panel shows it. */
export class Measures {
  readonly tracks: Measurement<SpaceTracks>;
  readonly motion: Measurement<MotionScores>;
  /** Of the selection. */
  readonly similarity: Measurement<CkaMap>;
  readonly errors: Measurement<MapErrors>;
  readonly noise: Measurement<MapNoise>;
  readonly stability: Measurement<MapStability>;
  /** Rows the similarity is about, with how many were selected. */
  readonly compared: Signal<{ rows: Uint32Array; of: number } | null>;
  private readonly chosen = signal<{ rows: Uint32Array; of: number } | null>(null);
  private readonly watchers = new Map<MeasureKind, { looks: number; starts: number }>();
  private readonly timers = new Map<MeasureKind, ReturnType<typeof setTimeout>>();
  private run: string | null = null;

  constructor(
    client: Client,
    private readonly state: ViewerState,
  ) {
    this.tracks = new Measurement(client, tracksOf);
    this.motion = new Measurement(client, motionOf);
    this.similarity = new Measurement(client, similarityOf);
    this.errors = new Measurement(client, pointsOf<MapErrors["said"]>);
    this.noise = new Measurement(client, pointsOf<MapNoise["said"]>);
    this.stability = new Measurement(client, pointsOf<MapStability["said"]>);
    this.compared = this.chosen;
    const { timeline, selection } = state;
    onChange([state.run, state.space], () => this.ask("tracks"));
    onChange([state.run, state.projection], () => {
      for (const kind of OF_A_MAP) this.ask(kind);
    });
    onChange([timeline.step, timeline.playing], () => {
      for (const kind of OF_A_STEP) this.ask(kind);
    });
    onChange([selection.rows, state.run, state.space], () => this.ask("similarity"));
  }

  /**
   * Asks for a measurement from now on; returns a function that stops. With `mayStart` one that
   * is quick begins by itself; without, only what is kept is shown.
   */
  watch(kind: MeasureKind, mayStart = true): () => void {
    const known = this.watchers.get(kind) ?? { looks: 0, starts: 0 };
    this.watchers.set(kind, known);
    known.looks++;
    if (mayStart) known.starts++;
    this.ask(kind);
    return () => {
      known.looks--;
      if (mayStart) known.starts--;
    };
  }

  close(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
    for (const one of this.all) one.forget();
  }

  private get all(): Measurement<unknown>[] {
    const { tracks, motion, similarity, errors, noise, stability } = this;
    return [tracks, motion, similarity, errors, noise, stability];
  }

  private ask(kind: MeasureKind): void {
    const { run } = this.state;
    if (run.value?.name !== this.run) {
      this.run = run.value?.name ?? null;
      for (const one of this.all) one.forget();
    }
    clearTimeout(this.timers.get(kind));
    if ((this.watchers.get(kind)?.looks ?? 0) <= 0) return;
    const waits = OF_A_STEP.includes(kind) || kind === "similarity";
    const wait = waits ? REST_MS : 0;
    this.timers.set(
      kind,
      setTimeout(() => this.send(kind), wait),
    );
  }

  private send(kind: MeasureKind): void {
    const run = this.state.run.value;
    const request = this.requestOf(kind);
    // While a run grows its maps need the machine; a selection was made by somebody who waits.
    const calm = run?.state !== "writing" || kind === "similarity";
    const mayStart = calm && (this.watchers.get(kind)?.starts ?? 0) > 0;
    if (run !== null && request !== null) this[kind].want(run, request, mayStart);
    else if (kind === "similarity") this.similarity.forget();
  }

  private requestOf(kind: MeasureKind): MeasureRequest | null {
    const { space, projection, timeline, selection } = this.state;
    if (space.value === null || space.value.snapshots.length === 0) return null;
    const request: MeasureRequest = { kind, space: space.value.name };
    if (OF_A_MAP.includes(kind)) {
      const key = projection.value?.key;
      if (typeof key !== "string") return null;
      request.projection = key;
    }
    if (OF_A_STEP.includes(kind)) {
      const step = timeline.step.value;
      if (step === null || timeline.playing.value) return null;
      request.step = step;
    }
    if (kind === "similarity") {
      const { rows } = selection.rows.value;
      this.chosen.set(rows.length >= LEAST_ROWS ? { rows, of: rows.length } : null);
      if (rows.length < LEAST_ROWS) return null;
      request.rows = evenly(rows, MOST_ROWS);
    }
    return request;
  }
}

/** At most `most` of the rows, evenly out of all of them; any part of the order is a fair one. */
function evenly(rows: Uint32Array, most: number): number[] {
  if (rows.length <= most) return [...rows];
  return Array.from({ length: most }, (_, i) => rows[Math.floor((i * rows.length) / most)]!);
}
