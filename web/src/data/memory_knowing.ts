import type { Cluster, Neighbor } from "./knowing.js";
import type { SampleRun } from "./sample.js";
import { encode } from "./wire.js";

const FEATURES = 12;
const NO_CROWD = 0xffff;

/** Neighbours, reasons, clusters and table rows of sample runs, as docs/wire.md has them. */
export class MemoryKnowing {
  reasons: "ready" | "absent" | "unknown" | "missing" = "ready";
  quick = true;
  private readonly names = new Map<string, string>();

  /** The answer to a question by address; undefined where it is not about this. */
  answer(run: SampleRun, what: string, query: URLSearchParams): unknown {
    const step = Number(query.get("step"));
    switch (what) {
      case "neighbors":
        return this.neighbors(run, step, query);
      case "contributions":
        return contributions(run, step, query);
      case "features": {
        const wanted = (query.get("query") ?? "").toLowerCase();
        const matches = Array.from({ length: FEATURES }, (_, index) => ({
          index,
          name: featureName(index),
          share: (2 * (FEATURES - index)) / (FEATURES * (FEATURES + 1)),
        })).filter((one) => one.name.includes(wanted));
        return { n_features: FEATURES, n_matching: matches.length, matches };
      }
      case "clusters": {
        const codes = Uint16Array.from({ length: run.n }, (_, row) =>
          row % 31 === 0 ? NO_CROWD : row % run.classes.length,
        );
        return encode({ codes: { data: codes } }, { clusters: this.clusters(run) });
      }
      default:
        return undefined;
    }
  }

  /** The answer to a question with a body; undefined where it is not about this. */
  told(run: SampleRun, what: string, body: Record<string, unknown>): unknown {
    switch (what) {
      case "table": {
        const rows = body["rows"] as number[];
        const names = body["columns"] as string[];
        const columns = run.columns.filter((one) => names.includes(one.info.name));
        return {
          ids: rows,
          values: Object.fromEntries(
            columns.map((one) => [one.info.name, rows.map((row) => one.value(row) ?? null)]),
          ),
        };
      }
      case "explanation":
        return this.explanation(run, body);
      case "explain":
        this.reasons = "ready";
        return { job: null };
      case "neighbors":
        this.quick = true;
        return { job: "neighbors" };
      case "clusters": {
        const given = body["names"] as Record<string, string>;
        for (const [number, name] of Object.entries(given)) this.names.set(number, name.trim());
        return { clusters: this.clusters(run) };
      }
      default:
        return undefined;
    }
  }

  private neighbors(run: SampleRun, step: number, query: URLSearchParams): unknown {
    const row = Number(query.get("row"));
    const space = query.get("space") ?? "hidden";
    const metric = query.get("metric") ?? "euclidean";
    const shared = { row, metric, space, step, n_samples: run.n };
    if (!this.quick && query.get("search") !== "exact") {
      return { ...shared, exact_seconds: 12, graph_seconds: 180, job: null, reason: null };
    }
    const most = Number(query.get("n") ?? 15);
    const now = nearest(run, step, row, most);
    const answer = { ...shared, method: "exact", recall: 1, n_checked: 0, neighbors: now };
    if (!query.has("other_step") && !query.has("other_space")) return answer;
    const then = Number(query.get("other_step") ?? step);
    const neighbors = nearest(run, then, row, most);
    const mine = new Set(now.map((one) => one.row));
    return {
      ...answer,
      other: { space: query.get("other_space") ?? space, step: then, method: "exact", neighbors },
      shared: neighbors.map((one) => one.row).filter((one) => mine.has(one)),
    };
  }

  private explanation(run: SampleRun, body: Record<string, unknown>): unknown {
    if (this.reasons === "absent" || this.reasons === "missing") {
      const reason =
        "Only PCA says by itself why a point is where it is. For other maps a network has to be " +
        "asked, which needs the package 'torch': pip install 'driftglass[torch]'";
      return {
        status: this.reasons,
        kind: "surrogate",
        job: null,
        reason: this.reasons === "missing" ? reason : null,
        estimate_seconds: 40,
      };
    }
    const dimensions = String(body["projection"]).endsWith("3") ? 3 : 2;
    const step = body["step"] as number;
    const since = (body["since"] as number | undefined) ?? null;
    const rows = rowsOf(body["bits"] as string, run.n);
    const means = meanOf(run, step, dimensions, rows);
    const start = since === null ? null : meanOf(run, since, dimensions, rows);
    const unknown = this.reasons === "unknown";
    const text =
      "A network stands in for the map: R² 0.412 and 9% of the neighbours on 359 rows it has not " +
      "seen. This is too little: it does not know why points are there.";
    return {
      status: "ready",
      method: "linear",
      label: unknown ? "approximate (path): a network stands in" : "exact (loadings)",
      exact: !unknown,
      knows: !unknown,
      note: "",
      residual: unknown ? 0.21 : 6.1e-8,
      fidelity: unknown ? { r2: 0.412, neighbors: 0.09, n_held_out: 359, text } : null,
      step,
      since,
      n_rows: Math.min(rows.length, 2000),
      n_asked: rows.length,
      axes: means.map((coordinate, k) => {
        const offset = start === null ? 0 : start[k]!;
        const features = shares(k).map((share, index) => ({
          name: featureName(index),
          index,
          contribution: share * (coordinate - offset),
        }));
        features.sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
        return { coordinate, sum: coordinate, offset, rest: 0, features };
      }),
      asked: (body["features"] as number[]).map((index) => ({
        name: featureName(index),
        index,
        contributions: means.map(
          (coordinate, k) => shares(k)[index]! * (coordinate - (start === null ? 0 : start[k]!)),
        ),
      })),
    };
  }

  private clusters(run: SampleRun): Cluster[] {
    return run.classes.map((automatic, number) => ({
      name: this.names.get(String(number)) || automatic,
      automatic,
      count: Math.floor((run.n / run.classes.length) * (30 / 31)),
      center: [0, 0],
      words: [
        { text: automatic, source: "label", share: 0.97, elsewhere: 0.002 },
        { text: "loop", source: "tags", share: 0.41, elsewhere: 0.22 },
        { text: `box ${number}`, source: "note", share: 0.28, elsewhere: 0.07 },
      ],
    }));
  }
}

function featureName(index: number): string {
  return index === 3 ? "stroke width" : index === 7 ? "ink at the top" : `pixel ${index}`;
}

/** Parts of a coordinate that add up to it, some of them against it. */
function shares(axis: number): number[] {
  const weights = Array.from({ length: FEATURES }, (_, j) => {
    const sign = (j + axis) % 3 === 2 ? -0.6 : 1;
    // Each feature matters to one axis more than to the other.
    const own = j % 3 === axis ? 1 : 0.25;
    return (own * sign) / (1 + ((j * 5 + axis * 3) % FEATURES));
  });
  const sum = weights.reduce((all, one) => all + one, 0);
  return weights.map((one) => one / sum);
}

function contributions(run: SampleRun, step: number, query: URLSearchParams): ArrayBuffer {
  const places = run.place(step, 2);
  const feature = query.get("feature");
  const largest = (k: number) => shares(k).indexOf(Math.max(...shares(k)));
  if (feature === "winning") {
    const codes = Uint32Array.from({ length: run.n }, (_, row) =>
      largest(Math.abs(places[2 * row]!) > Math.abs(places[2 * row + 1]!) ? 0 : 1),
    );
    const features = [...new Set(codes)].map((index) => ({ index, name: featureName(index) }));
    return encode({ codes: { data: codes } }, { features });
  }
  const axis = Number(query.get("axis") ?? 0);
  const share = shares(axis)[Number(feature)]!;
  const values = Float32Array.from({ length: run.n }, (_, row) => share * places[2 * row + axis]!);
  return encode({ values: { data: values } }, { name: featureName(Number(feature)), axis });
}

function nearest(run: SampleRun, step: number, row: number, most: number): Neighbor[] {
  const places = run.place(step, 3);
  const from = (d: number) => places[3 * row + d]!;
  return Array.from({ length: run.n }, (_, other) => ({
    row: other,
    id: other,
    distance: Math.hypot(...[0, 1, 2].map((d) => places[3 * other + d]! - from(d))),
  }))
    .filter((one) => one.row !== row && Number.isFinite(one.distance))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, most);
}

function rowsOf(bits: string, n: number): number[] {
  const bytes = Uint8Array.from(atob(bits), (letter) => letter.charCodeAt(0));
  return Array.from({ length: n }, (_, row) => row).filter(
    (row) => (bytes[row >> 3]! >> (row & 7)) & 1,
  );
}

function meanOf(run: SampleRun, step: number, dimensions: 2 | 3, rows: number[]): number[] {
  const places = run.place(step, dimensions);
  const there = rows.filter((row) => Number.isFinite(places[row * dimensions]));
  return Array.from(
    { length: dimensions },
    (_, d) => there.reduce((sum, row) => sum + places[row * dimensions + d]!, 0) / there.length,
  );
}
