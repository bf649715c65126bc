import type { Metric } from "./knowing.js";
import { base64 } from "./knowing.js";
import { withQuery, type Transport } from "./transport.js";
import { arrayNamed, decode } from "./wire.js";

/** A text that somebody put on the map, and a fair sample of the rows it belongs to. */
export interface GivenLabel {
  name: string;
  count: number;
  rows: number[];
}

export interface LabelList {
  order: string;
  n_labels: number;
  labels: GivenLabel[];
}

/** Lines of the neighbour graph from some rows, or why there are none yet. */
export interface EdgeAnswer {
  n_samples: number;
  /** Lines of the whole graph. */
  n_edges?: number;
  rows?: number[];
  neighbors?: number[][];
  distances?: number[][];
  method?: string;
  recall?: number;
  graph_seconds?: number;
  job?: string | null;
}

export interface EdgeQuestion {
  space: string;
  step: number;
  metric: Metric;
  n: number;
  rows?: readonly number[];
  start?: number;
  stop?: number;
}

/** Where rows were, a list of coordinates for each: those of the first step first. */
interface PathAnswer {
  paths: (number | null)[][];
}

/** Asks for what lies on the map beside its points: labels, lines of the graph, paths. */
export class Layering {
  constructor(private readonly transport: Transport) {}

  labels(run: string): Promise<LabelList> {
    return this.transport.json(`${path(run)}/labels`);
  }

  /** One bit for each row that a label belongs to. */
  async labelRows(run: string, name: string): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await this.transport.bytes(withQuery(`${path(run)}/labels/rows`, { name }));
    return new Uint8Array(arrayNamed(decode(bytes), "bits", Uint8Array));
  }

  saveLabel(run: string, name: string, order: string, bits: Uint8Array): Promise<LabelList> {
    return this.transport.send(`${path(run)}/labels`, { name, order, bits: base64(bits) });
  }

  deleteLabel(run: string, name: string): Promise<LabelList> {
    return this.transport.send(`${path(run)}/labels/delete`, { name });
  }

  edges(run: string, question: EdgeQuestion): Promise<EdgeAnswer> {
    return this.transport.send(`${path(run)}/edges`, question);
  }

  /** Coordinates of row r at step s from (r * steps + s) * dimensions; NaN where absent. */
  async paths(
    run: string,
    projection: string,
    rows: Uint32Array,
    steps: readonly number[],
  ): Promise<Float32Array> {
    const body = { projection, rows: [...rows], steps };
    const { paths } = await this.transport.send<PathAnswer>(`${path(run)}/paths`, body);
    return Float32Array.from(paths.flat(), (value) => value ?? Number.NaN);
  }
}

function path(run: string): string {
  return `/api/runs/${encodeURIComponent(run)}`;
}
