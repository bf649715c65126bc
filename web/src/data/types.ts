/** What the server says about runs, columns and projections; the JSON half of docs/wire.md. */

/** How a run stands: being written, finished, or left behind by a writer that died. */
export type RunState = "writing" | "closed" | "interrupted";

/** What answers, and for which store. */
export interface ServerInfo {
  name: string;
  version: string;
  wire_version: number;
  read_only: boolean;
  /** Whether a function searches by meaning. */
  similar?: boolean;
  store: string;
}

/** One line of the run picker. */
export interface RunSummary {
  name: string;
  state: RunState;
  revision: number;
  created?: string;
  n_items?: number;
}

/** One snapshot of a space, as far as the scrubber needs it. */
export interface SnapshotInfo {
  step: number;
  n_samples: number;
  n_not_finite: number;
  attempt: number;
  complete: boolean;
  ranks?: [present: number, expected: number];
  damaged: boolean;
}

export interface SpaceInfo {
  name: string;
  n_features: number;
  dtype: string;
  snapshots: SnapshotInfo[];
}

export type ColumnKind = "categorical" | "number" | "text" | "boolean" | "date" | "set" | "records";

/** A value that rows of a column may have; record columns also name its group. */
export interface Category {
  name: string;
  group?: string;
  count: number;
}

export interface ColumnInfo {
  name: string;
  kind: ColumnKind;
  n_missing: number;
  categories?: Category[];
  range?: [low: number, high: number] | null;
}

export interface ImagesInfo {
  tile_width: number;
  tile_height: number;
  columns: number;
  rows: number;
  n_pages: number;
  n_failed: number;
}

/** Everything about a run except its arrays. */
export interface RunDescription {
  name: string;
  state: RunState;
  revision: number;
  created: string;
  n_items: number;
  /** Hash of the canonical row order; arrays fetched under another order are void. */
  order: string;
  nbytes: number;
  classes: string[] | null;
  spaces: SpaceInfo[];
  columns: ColumnInfo[];
  images: ImagesInfo | null;
  predictions: { steps: number[] };
  scalars: string[];
  notes: string[];
}

/** Quality of one frame of a projection. */
export interface FrameInfo {
  step: number;
  n_samples: number;
  n_excluded: number;
  trustworthiness: number | null;
  continuity: number | null;
  /** Trustworthiness of the same map with its rows shuffled: the zero mark. */
  null: number | null;
  n_neighbors: number | null;
  n_anchors: number | null;
}

export type ProjectionStatus = "ready" | "running" | "absent" | "failed" | "stale";

export interface ProjectionInfo {
  key: string | null;
  status: ProjectionStatus;
  job: string | null;
  estimate_seconds: number | null;
  label: string;
  method: string;
  parameters: Record<string, unknown>;
  random_state: number | null;
  steps: number[];
  /** Steps that the basis has seen; newer snapshots are placed with it. */
  fitted_steps: number[];
  bounds: { low: number[]; high: number[] } | null;
  frames: FrameInfo[];
  pending_steps: number[];
  reason: string | null;
  /** The map as far as it is, while a job makes it. */
  preview?: ProjectionPreview | null;
  /** How far its layout was when it was ended early. */
  stopped?: string | null;
}

/** A map that is still being made: frames can be asked for under its key until the job ends. */
export interface ProjectionPreview {
  key: string;
  steps: number[];
  bounds: { low: number[]; high: number[] };
}

/** Which projection is meant: a fit in 2 or in 3 dimensions of one space. */
export interface ProjectionRequest {
  space: string;
  method: string;
  n_components: 2 | 3;
  random_state: number;
  parameters?: Readonly<Record<string, unknown>>;
  /** The kept projection of this key, whatever the rest says. */
  key?: string;
}

/** One parameter of a method, as a form shows it. */
export interface SettingInfo {
  name: string;
  title: string;
  kind: "integer" | "number" | "choice" | "flag";
  default: unknown;
  low: number | null;
  high: number | null;
  choices: string[];
  about: string;
}

/** A method of projection, as a form shows it. */
export interface MethodInfo {
  name: string;
  title: string;
  about: string;
  family: "linear" | "neighbors" | "distances" | "sequence" | "network";
  settings: SettingInfo[];
  basis: boolean;
  supervised: boolean;
  live: boolean;
  /** How to install what it needs, where that is missing. */
  missing: string | null;
}

/** A projection that the run keeps. */
export interface KeptProjection {
  key: string;
  space: string;
  label: string;
  method: string;
  n_components: 2 | 3;
  random_state: number;
  /** What asks for it again; null if only its key does. */
  recipe: { method: string; parameters: Record<string, unknown>; random_state: number } | null;
  steps: number[];
  /** Seconds since 1970. */
  made: number;
  stopped: string | null;
  trustworthiness: number | null;
}

/** Background work on the server. */
export interface Job {
  id: string;
  state: "queued" | "running" | "done" | "failed" | "cancelled";
  progress: number | null;
  message: string | null;
  run?: string;
  paused?: boolean;
  preview?: ProjectionPreview | null;
}

/** Predicted class, its confidence and the class names at one step. */
export interface ItemPrediction {
  predicted: string | null;
  confidence: number | null;
}

/** One item, for the tooltip and the inspector. */
export interface ItemDetails {
  id: string | number;
  row: number;
  metadata: Record<string, unknown>;
  prediction: ItemPrediction | null;
  notes: string[];
}

export interface ScalarSeries {
  steps: number[];
  values: (number | null)[];
}

/** What the server tells an open viewer without being asked. */
export type ServerEvent =
  | { type: "run"; name: string; revision: number }
  | { type: "job"; job: Job }
  /** The kept selections of a run have changed. */
  | { type: "selections"; run: string }
  /** The labels that people put on the map have changed. */
  | { type: "labels"; run: string }
  /** Python has selected something. */
  | { type: "selected"; run: string; version: number }
  | { type: "open" }
  | { type: "lost" }
  /** A server answers, but the page's key is not, or no longer, its own. */
  | { type: "refused" };
