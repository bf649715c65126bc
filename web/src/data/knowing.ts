import { Cache } from "./cache.js";
import { withQuery, type Transport } from "./transport.js";
import { arrayNamed, decode } from "./wire.js";

/** Distances between vectors that the server knows. */
export const METRICS = [
  "euclidean",
  "cosine",
  "correlation",
  "manhattan",
  "inner_product",
] as const;
export type Metric = (typeof METRICS)[number];

/** An item near another one, in the vectors. */
export interface Neighbor {
  row: number;
  id: string | number;
  distance: number;
}

/** The neighbours of one row in one space at one step, or why there are none yet. */
export interface NeighborList {
  /** Named where it is another run's. */
  run?: string;
  space: string;
  step: number;
  neighbors?: Neighbor[];
  method?: "exact" | "approximate";
  recall?: number;
  n_checked?: number;
  n_samples?: number;
  /** What a search would cost that was not made unasked. */
  exact_seconds?: number;
  graph_seconds?: number;
  job?: string | null;
  reason?: string | null;
}

export interface NeighborAnswer extends NeighborList {
  row: number;
  metric: Metric;
  /** The same row at another step or in another space. */
  other?: NeighborList;
  /** Rows that are in both lists. */
  shared?: number[];
}

export interface NeighborQuestion {
  space: string;
  step: number;
  row: number;
  n: number;
  metric: Metric;
  search?: "auto" | "exact";
  other_run?: string;
  other_space?: string;
  other_step?: number;
}

/** One feature's part in a coordinate. */
export interface Contribution {
  name: string;
  index: number;
  contribution: number;
}

export interface ExplainedAxis {
  /** Where the map has the rows, and what offset, features and rest add up to. */
  coordinate: number;
  sum: number;
  offset: number;
  rest: number;
  features: Contribution[];
}

/** How well a network that stands in for a map agrees with it. */
export interface Fidelity {
  r2: number;
  neighbors: number;
  n_held_out: number;
  text: string;
}

export interface Explanation {
  status: "ready";
  label: string;
  exact: boolean;
  /** False where the explanation is too weak to be shown as one. */
  knows: boolean;
  note: string;
  residual: number;
  fidelity: Fidelity | null;
  step: number;
  since: number | null;
  n_rows: number;
  n_asked: number;
  axes: ExplainedAxis[];
  asked: { name: string; index: number; contributions: number[] }[];
}

/** Why there is no explanation yet. */
export interface NoExplanation {
  status: "absent" | "running" | "failed" | "missing";
  kind: "network" | "surrogate";
  job: string | null;
  reason: string | null;
  estimate_seconds: number;
}

/** What is explained: a place on a map, or the way to it from an earlier step. */
export interface Way {
  projection: string;
  step: number;
  since?: number;
}

export interface FeatureMatch {
  index: number;
  name: string;
  share: number;
}

/** A word that made a cluster's name. */
export interface ClusterWord {
  text: string;
  source: string;
  share: number;
  elsewhere: number;
}

export interface Cluster {
  name: string;
  automatic: string;
  count: number;
  center: number[];
  words: ClusterWord[];
}

/** The crowds of one map. */
export interface ClusterData {
  codes: Uint16Array;
  clusters: Cluster[];
}

/** Ids and values of some rows, in the order in which they were asked for. */
export interface TableRows {
  ids: (string | number)[];
  values: Record<string, unknown[]>;
}

const KEPT_BYTES = 32 * 2 ** 20;

/** Asks why items are where they are, who is near them and what they have in common. */
export class Knowing {
  private readonly frames = new Cache<unknown>(KEPT_BYTES);

  constructor(private readonly transport: Transport) {}

  neighbors(run: string, question: NeighborQuestion): Promise<NeighborAnswer> {
    return this.transport.json(withQuery(`${path(run)}/neighbors`, { ...question }));
  }

  /** Starts finding the neighbours of every row; the answer names the job. */
  findNeighbors(
    run: string,
    what: { space: string; step: number; metric: Metric },
  ): Promise<{ job: string }> {
    return this.transport.send(`${path(run)}/neighbors`, what);
  }

  explanation(
    run: string,
    way: Way,
    bits: Uint8Array,
    features: readonly number[] = [],
  ): Promise<Explanation | NoExplanation> {
    const body = { ...way, bits: base64(bits), features };
    return this.transport.send(`${path(run)}/explanation`, body);
  }

  /** Starts explaining every row of a step; the answer names the job. */
  explain(run: string, way: Way): Promise<{ job: string | null }> {
    return this.transport.send(`${path(run)}/explain`, way);
  }

  /** One feature's contribution to an axis, or its length over all axes, for every row. */
  contributions(
    run: string,
    order: string,
    way: Way,
    feature: number,
    axis: number | null,
  ): Promise<Float32Array> {
    const query = { ...way, feature, axis: axis ?? undefined };
    return this.held(withQuery(`${path(run)}/contributions`, query), order, (bytes) =>
      arrayNamed(decode(bytes), "values", Float32Array),
    );
  }

  /** The feature that contributes most to each row, and those that do so anywhere. */
  winning(
    run: string,
    order: string,
    way: Way,
  ): Promise<{ codes: Uint32Array; features: { index: number; name: string }[] }> {
    const query = { ...way, feature: "winning" };
    return this.held(withQuery(`${path(run)}/contributions`, query), order, (bytes) => {
      const frame = decode(bytes);
      const features = frame.meta["features"] as { index: number; name: string }[];
      return { codes: arrayNamed(frame, "codes", Uint32Array), features };
    });
  }

  features(
    run: string,
    way: Way,
    query: string,
  ): Promise<{ n_features: number; n_matching: number; matches: FeatureMatch[] }> {
    return this.transport.json(withQuery(`${path(run)}/features`, { ...way, query }));
  }

  async clusters(run: string, projection: string, step: number): Promise<ClusterData> {
    const bytes = await this.transport.bytes(
      withQuery(`${path(run)}/clusters`, { projection, step }),
    );
    const frame = decode(bytes);
    const clusters = frame.meta["clusters"] as Cluster[];
    return { codes: arrayNamed(frame, "codes", Uint16Array), clusters };
  }

  async nameCluster(
    run: string,
    projection: string,
    step: number,
    number: number,
    name: string,
  ): Promise<void> {
    const names = { [number]: name };
    await this.transport.send(`${path(run)}/clusters`, { projection, step, names });
  }

  table(run: string, rows: readonly number[], columns: readonly string[]): Promise<TableRows> {
    return this.transport.send(`${path(run)}/table`, { rows, columns });
  }

  private async held<T>(
    question: string,
    order: string,
    read: (bytes: ArrayBuffer) => T,
  ): Promise<T> {
    const key = `${order}\n${question}`;
    const known = this.frames.get(key);
    if (known !== undefined) return known as T;
    const bytes = await this.transport.bytes(question);
    const value = read(bytes);
    this.frames.set(key, value, bytes.byteLength);
    return value;
  }
}

function path(run: string): string {
  return `/api/runs/${encodeURIComponent(run)}`;
}

/** Bytes as base64, in pieces that a call can take. */
export function base64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) {
    text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  }
  return btoa(text);
}
