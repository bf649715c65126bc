import type { MotionScores, SpaceTracks, Track } from "../data/measured.js";
import type { ProjectionInfo, ScalarSeries } from "../data/types.js";
import { signal, type Signal, type WritableSignal } from "./signal.js";

/** A number over the steps of the run, ready to be drawn. */
export interface Lane {
  id: string;
  title: string;
  heading: "Training" | "Map" | "Motion of the map" | "Space";
  steps: ArrayLike<number>;
  /** nan where there is none. */
  values: ArrayLike<number>;
  errors: ArrayLike<number> | null;
  n: ArrayLike<number> | null;
  says: string;
}

export const MOST_LANES = 6;

/** Which numbers are shown beside the playhead. */
export class Lanes {
  readonly open = signal(true);
  private readonly picked: WritableSignal<readonly string[] | null> = signal<
    readonly string[] | null
  >(null);

  /** Names of the lanes, in order; null as long as nobody has chosen. */
  get chosen(): Signal<readonly string[] | null> {
    return this.picked;
  }

  choose(ids: readonly string[] | null): void {
    this.picked.set(ids === null ? null : ids.slice(0, MOST_LANES));
  }
}

/** Every lane there is something to draw of. */
export function lanesOf(
  scalars: Readonly<Record<string, ScalarSeries>>,
  projection: ProjectionInfo | null,
  motion: MotionScores | null,
  tracks: SpaceTracks | null,
): Lane[] {
  const plain = { errors: null, n: null };
  const lanes: Lane[] = Object.entries(scalars).map(([name, { steps, values }]) => ({
    ...plain,
    id: `scalar:${name}`,
    title: name,
    heading: "Training",
    steps,
    values: values.map((value) => value ?? Number.NaN),
    says: "Logged by the training run",
  }));
  const frames = projection?.frames ?? [];
  for (const name of ["trustworthiness", "continuity"] as const) {
    const known = frames.filter((frame) => frame[name] !== null);
    if (known.length === 0) continue;
    lanes.push({
      ...plain,
      id: `map:${name}`,
      title: name,
      heading: "Map",
      steps: known.map((frame) => frame.step),
      values: known.map((frame) => frame[name] ?? Number.NaN),
      n: known.map((frame) => frame.n_anchors ?? Number.NaN),
      says: `Of each frame, k = ${known[0]!.n_neighbors ?? "–"}; a shuffled map scores about ${(known[0]!.null ?? 0.5).toFixed(2)}`,
    });
  }
  for (const track of motion?.tracks ?? []) lanes.push(motionLane(track));
  for (const track of tracks?.tracks ?? []) lanes.push(spaceLane(track));
  return lanes;
}

/** The lanes shown while nobody has chosen: the loss, and how far the map can be trusted. */
export function usualLanes(lanes: readonly Lane[]): string[] {
  const training = lanes.filter((lane) => lane.heading === "Training");
  const loss = training.find((lane) => /loss/i.test(lane.title)) ?? training[0];
  const trust = lanes.find((lane) => lane.id === "map:trustworthiness");
  return [loss, trust].flatMap((lane) => (lane === undefined ? [] : [lane.id]));
}

/** Place of the value that belongs to a step: the last one not after it; -1 before the first. */
export function valueAt(lane: Lane, step: number): number {
  let found = -1;
  for (let i = 0; i < lane.steps.length && lane.steps[i]! <= step; i++) found = i;
  return found;
}

const MOTION_SAYS: Record<string, string> = {
  F: "Faithfulness of each frame: 1 keeps every neighbourhood, 0 is a map drawn at random",
  J: "False motion: share of the cloud that points jump over without cause, on the way to this step",
  who: "Whether the points that move in the vectors are those drawn moving: rank correlation",
  "missed motion": "Share of the cloud that points cross in the vectors without being drawn so",
  "rigid share": "Share of the motion that is rotation, scale and shift of the whole",
};

function motionLane({ name, steps, values }: Track): Lane {
  return {
    id: `motion:${name}`,
    title: name,
    heading: "Motion of the map",
    steps,
    values,
    errors: null,
    n: null,
    says: MOTION_SAYS[name] ?? "Mean step of a point, on the way to this step",
  };
}

function spaceLane({ name, against, steps, values, errors, n }: Track): Lane {
  const compared =
    against === ""
      ? ""
      : against === "skip 1"
        ? " · step before"
        : ` · ${against.replace("skip ", "−")}`;
  return {
    id: `track:${name}|${against}`,
    title: `${name.replaceAll("_", " ")}${compared}`,
    heading: "Space",
    steps,
    values,
    errors,
    n,
    says: against === "" ? "Of the vectors of each step" : `Of the vectors, against ${against}`,
  };
}
