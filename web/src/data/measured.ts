import { arrayNamed, decode, type Frame } from "./wire.js";

/** What can be measured of a run; see docs/wire.md. */
export type MeasureKind = "tracks" | "motion" | "similarity" | "errors" | "noise" | "stability";

/** What is to be measured. */
export interface MeasureRequest {
  kind: MeasureKind;
  space: string;
  projection?: string;
  step?: number;
  /** For "similarity": the rows it is about. */
  rows?: readonly number[];
}

/** How a measurement stands. */
export interface MeasurementInfo {
  status: "ready" | "stale" | "absent" | "running" | "failed";
  key: string | null;
  estimate_seconds: number | null;
  job: string | null;
  progress: number | null;
  message: string | null;
  reason: string | null;
}

/** One thing that a map does not say. */
export interface Caution {
  kind: string;
  text: string;
  value: number;
  limit: number;
}

/** A number over the steps of a run. */
export interface Track {
  name: string;
  /** What a step is compared with: "" for nothing, "skip 4", "first" or "last". */
  against: string;
  steps: Float64Array;
  values: Float64Array;
  /** One standard error; null where none was computed. */
  errors: Float64Array | null;
  /** Rows behind each value. */
  n: Float64Array | null;
}

/** Similarity of every snapshot with every other, line by line. */
export interface CkaMap {
  steps: Float64Array;
  values: Float32Array;
  /** Rows it was computed from, and how many there were to choose from. */
  n: number;
  of: number;
}

export interface SpaceTracks {
  tracks: Track[];
  cka: CkaMap;
  absent: Record<string, string>;
  notes: string[];
}

/** How the motion of a sequence of maps agrees with that of its vectors. */
export interface MotionScores {
  F: number | null;
  C: number | null;
  J: number | null;
  rigid_share: number | null;
  /** Mean step that the method draws when it is shown the same snapshot again, in radii. */
  still: number | null;
  still_snapshots: number;
  n_anchors: number;
  cautions: Caution[];
  /** Why `who`, `when` or `C` are null; missing in answers kept by older versions. */
  undefined?: Record<string, string>;
  tracks: Track[];
}

/** Values of the rows that were looked at. */
export interface PointValues {
  rows: Uint32Array;
  values: ReadonlyMap<string, Float32Array>;
}

export interface MapErrors extends PointValues {
  said: {
    trustworthiness: number | null;
    continuity: number | null;
    shuffled: number | null;
    n_neighbors: number;
    n_anchors: number;
    n_samples: number;
    n_features: number;
    F: number | null;
    kept: number | null;
    distances: number | null;
    density: number | null;
    dimension: number | null;
    variance_share: number | null;
    cautions: Caution[];
  };
}

export interface MapNoise extends PointValues {
  said: { like_noise: number | null; n_maps: number; cautions: Caution[] };
}

export interface MapStability extends PointValues {
  said: {
    settings: string;
    n_maps: number;
    n_samples: number;
    seed_spread: number | null;
    setting_spread: number | null;
    groups: { name: string; overlap: number; together: [number, number] }[];
    cautions: Caution[];
  };
}

/** Neighbours of a row that a map tore away, and those it put there. */
export interface TornNeighbours {
  row: number;
  n_neighbors: number;
  torn: number[];
  false: number[];
}

const MOTION_TRACKS = [
  ["F", "faithfulness"],
  ["J", "false_motion"],
  ["who", "who"],
  ["missed motion", "missed_motion"],
  ["rigid share", "rigid_share"],
  ["speed of the vectors", "speed_data"],
  ["speed without the whole", "speed_relational"],
  ["speed on the map", "speed_map"],
] as const;

/** Reads tracks of a space. */
export function tracksOf(buffer: ArrayBuffer): SpaceTracks {
  const frame = decode(buffer);
  const said = frame.meta as unknown as {
    tracks: { name: string; against: string; n_values: number }[];
    n_probe: number;
    absent: Record<string, string>;
    notes: string[];
  };
  const column = (name: string) => arrayNamed(frame, name, Float64Array);
  const [steps, values, errors, n] = [
    column("steps"),
    column("values"),
    column("standard_errors"),
    column("n"),
  ];
  let start = 0;
  const tracks = said.tracks.map(({ name, against, n_values }): Track => {
    const part = (array: Float64Array) => array.subarray(start, start + n_values);
    const track = {
      name,
      against,
      steps: part(steps),
      values: part(values),
      errors: part(errors),
      n: part(n),
    };
    start += n_values;
    return track;
  });
  const cka = ckaIn(frame, said.n_probe, said.n_probe);
  return { tracks, cka, absent: said.absent, notes: said.notes };
}

/** Reads the similarity of a selection. */
export function similarityOf(buffer: ArrayBuffer): CkaMap {
  const frame = decode(buffer);
  const { n, n_shared } = frame.meta as unknown as { n: number; n_shared: number };
  return ckaIn(frame, n, n_shared);
}

/** Reads how a sequence of maps moves. */
export function motionOf(buffer: ArrayBuffer): MotionScores {
  const frame = decode(buffer);
  const steps = arrayNamed(frame, "steps", Float64Array);
  const tracks = MOTION_TRACKS.map(([name, array]): Track => {
    const values = arrayNamed(frame, array, Float64Array);
    // What is measured between two frames stands at the later one, where it is seen.
    const own = steps.subarray(steps.length - values.length);
    return { name, against: "", steps: own, values, errors: null, n: null };
  });
  return { ...(frame.meta as unknown as Omit<MotionScores, "tracks">), tracks };
}

/** Reads values of points, with what is said of them. */
export function pointsOf<Said>(buffer: ArrayBuffer): PointValues & { said: Said } {
  const frame = decode(buffer);
  const values = new Map<string, Float32Array>();
  for (const [name, { data }] of frame.arrays) {
    if (data instanceof Float32Array) values.set(name, data);
  }
  const rows = arrayNamed(frame, "rows", Uint32Array);
  return { rows, values, said: frame.meta as unknown as Said };
}

function ckaIn(frame: Frame, n: number, of: number): CkaMap {
  return {
    steps: arrayNamed(frame, "cka_steps", Float64Array),
    values: arrayNamed(frame, "cka", Float32Array),
    n,
    of,
  };
}
