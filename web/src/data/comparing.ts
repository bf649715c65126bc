import { withQuery, type Transport } from "./transport.js";
import { arrayNamed, decode } from "./wire.js";

/** What two runs share, step by step. */
export interface ComparisonNumbers {
  steps: number[];
  cka: (number | null)[];
  cka_error: (number | null)[];
  mutual_knn: (number | null)[];
  mutual_knn_error: (number | null)[];
  procrustes: (number | null)[];
  procrustes_null: (number | null)[];
  /** Whether the runs cannot be told from unrelated ones at a step. */
  unrelated: boolean[];
  /** Share of equal predictions; missing where one of the runs has none. */
  agreement?: (number | null)[];
  n_items: number;
  n_neighbors: number;
  n_probe: number;
  cka_map: { steps: [number[], number[]]; values: (number | null)[][] };
}

export interface Comparison {
  status: "ready" | "absent" | "running" | "failed";
  estimate_seconds: number;
  job: string | null;
  progress: number | null;
  message: string | null;
  reason: string | null;
  /** The run that holds both, if it has been made. */
  combined: string | null;
  numbers: ComparisonNumbers | null;
}

/** Which two spaces of which two runs are compared. */
export interface ComparisonRequest {
  other: string;
  space: string;
  other_space: string;
}

/** How far each row moved between two steps; nan for rows that were not measured. */
export interface MovedData {
  /** Share of the nearest neighbours that are others now. */
  turnover: Float32Array;
  /** Length of the way relative to the other rows, in radii of the cloud. */
  movement: Float32Array;
  n: number;
  of: number;
  n_neighbors: number;
  chance: number;
  rigid_share: number;
}

/** Questions about two runs, or two steps, at once. */
export class ComparingQuestions {
  private readonly pairings = new Map<string, Promise<Uint32Array>>();

  constructor(private readonly transport: Transport) {}

  /** The row of `other` for each row of `run`, 4294967295 where it lacks the item. */
  pairing(run: string, order: string, other: string, otherOrder: string): Promise<Uint32Array> {
    const key = [run, order, other, otherOrder].join("\n");
    const held = this.pairings.get(key);
    if (held !== undefined) return held;
    const asked = this.transport
      .bytes(withQuery(`${pathOf(run)}/pairing`, { other }))
      .then((bytes) => arrayNamed(decode(bytes), "rows", Uint32Array));
    this.pairings.set(key, asked);
    asked.catch(() => this.pairings.delete(key));
    return asked;
  }

  /** How far each row moved in the vectors of a space. */
  async moved(
    run: string,
    order: string,
    space: string,
    { from, to }: { from: number; to: number },
  ): Promise<MovedData> {
    const bytes = await this.transport.bytes(
      withQuery(`${pathOf(run)}/moved`, { space, from, to }),
    );
    const frame = decode(bytes);
    if (frame.meta.order !== order) throw new Error("The rows of this run have changed.");
    const meta = frame.meta as unknown as Omit<MovedData, "turnover" | "movement">;
    const values = (name: string) => arrayNamed(frame, name, Float32Array);
    return { ...meta, turnover: values("turnover"), movement: values("movement") };
  }

  /** How a comparison stands; nothing starts by asking. */
  comparison(run: string, request: ComparisonRequest): Promise<Comparison> {
    return this.transport.json(withQuery(`${pathOf(run)}/comparison`, { ...request }));
  }

  /** Starts it, or with `combine` writes one run that holds both. */
  compare(
    run: string,
    request: ComparisonRequest,
    combine = false,
  ): Promise<{ job: string | null }> {
    return this.transport.send(`${pathOf(run)}/comparison`, { ...request, combine });
  }
}

function pathOf(run: string): string {
  return `/api/runs/${encodeURIComponent(run)}`;
}
