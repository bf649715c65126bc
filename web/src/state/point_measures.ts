import type { Client } from "../data/client.js";
import { pointsOf, type MeasureKind, type PointValues } from "../data/measured.js";
import type { Measurement } from "./measurement.js";
import type { Measures } from "./measures.js";
import { computed, type Signal } from "./signal.js";
import type { ViewerState } from "./viewer_state.js";

/** What points can be coloured by that has to be measured first. */
export type PointMeasure = "false" | "torn" | "noise" | "stability" | "motion";

/** How a measure of points is called, where it comes from and what its scale is. */
interface Described {
  title: string;
  kind: MeasureKind;
  array: string;
  range: readonly [number, number];
  says: string;
}

export const POINT_MEASURES: Readonly<Record<PointMeasure, Described>> = {
  false: {
    title: "false neighbours",
    kind: "errors",
    array: "false",
    range: [0, 1],
    says: "Share of a point's neighbours on the map that are far in the vectors",
  },
  torn: {
    title: "torn neighbours",
    kind: "errors",
    array: "missing",
    range: [0, 1],
    says: "Share of a point's neighbours in the vectors that are drawn far away",
  },
  noise: {
    title: "p-value against noise",
    kind: "noise",
    array: "p_values",
    range: [0, 1],
    says: "How often a point of permuted columns is placed at least as well, corrected for testing many points",
  },
  stability: {
    title: "stability",
    kind: "stability",
    array: "stability",
    range: [0, 1],
    says: "How far other settings and seeds give a point the same neighbours; 0 is chance",
  },
  motion: {
    title: "false motion",
    kind: "motion",
    array: "point_false_motion",
    range: [0, 0.3],
    says: "Share of the cloud that a point jumps over on the way to the next step without cause",
  },
};

/** Values of single points, by row, at the step on screen. */
export class PointMeasures {
  /** Changes whenever reading again may give something else. */
  readonly version: Signal<unknown>;
  private turns = 0;

  constructor(
    private readonly client: Client,
    private readonly state: ViewerState,
    private readonly measures: Measures,
  ) {
    const { errors, noise, stability, motion } = measures;
    this.version = computed(
      [errors.value, noise.value, stability.value, motion.value],
      () => ++this.turns,
    );
  }

  /** Has a measure asked for from now on; returns a function that stops. */
  watch(what: PointMeasure): () => void {
    return this.measures.watch(POINT_MEASURES[what].kind);
  }

  /** The measurement behind a measure, to be offered or followed. */
  measurement(what: PointMeasure): Measurement<unknown> {
    return this.measures[POINT_MEASURES[what].kind];
  }

  /** A value for every row, nan where it was not looked at; null while there is none. */
  async read(what: PointMeasure): Promise<Float32Array | null> {
    const run = this.state.run.value;
    const points = await this.pointsOf(what);
    const found = points?.values.get(POINT_MEASURES[what].array);
    if (run === null || points === null || found === undefined) return null;
    const values = new Float32Array(run.n_items).fill(Number.NaN);
    points.rows.forEach((row, i) => (values[row] = found[i]!));
    return values;
  }

  private async pointsOf(what: PointMeasure): Promise<PointValues | null> {
    const { client, state, measures } = this;
    const { kind } = POINT_MEASURES[what];
    const step = state.timeline.step.value;
    if (kind === "motion") {
      const run = state.run.value;
      const key = measures.motion.info.value?.key;
      if (run === null || step === null || typeof key !== "string") return null;
      const at = motionStep(measures.motion.value.value?.tracks[0]?.steps ?? null, step);
      if (at === null) return null;
      return pointsOf(await client.measured(run.name, run.order, key, at));
    }
    if (kind === "tracks" || kind === "similarity") return null;
    // Colours of another step would be a lie, however soon the right ones come.
    const measurement = measures[kind];
    return measurement.request?.step === step ? measurement.value.value : null;
  }
}

/** The step whose motion to the next is seen at `step`; at the end, that which led there. */
export function motionStep(steps: ArrayLike<number> | null, step: number): number | null {
  if (steps === null || steps.length < 2) return null;
  const known = Array.from(steps);
  const at = known.indexOf(step);
  if (at < 0) return null;
  return known[Math.min(at, known.length - 2)]!;
}
