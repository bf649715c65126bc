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

/** Questions about two runs at once. */
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
