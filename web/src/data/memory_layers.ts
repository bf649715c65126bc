import type { EdgeQuestion, GivenLabel } from "./layering.js";
import type { SampleRun } from "./sample.js";
import { encode } from "./wire.js";

const SAMPLED = 256;
const SMALL = 5_000;

/** Labels, lines of the neighbour graph and paths of sample runs, as docs/wire.md has them. */
export class MemoryLayers {
  private readonly labels = new Map<string, Uint8Array<ArrayBuffer>>();
  private found = false;

  /** The answer to a question by address; undefined where it is not about this. */
  answer(run: SampleRun, what: string, query: URLSearchParams): unknown {
    if (what === "labels") return this.list(run);
    if (what !== "labels/rows") return undefined;
    const bits = this.labels.get(query.get("name") ?? "");
    return encode({ bits: { data: bits ?? new Uint8Array(Math.ceil(run.n / 8)) } });
  }

  /** The answer to a question with a body; undefined where it is not about this. */
  told(run: SampleRun, what: string, body: Record<string, unknown>): unknown {
    switch (what) {
      case "labels":
        this.labels.set(
          String(body["name"]),
          Uint8Array.from(atob(String(body["bits"])), (sign) => sign.charCodeAt(0)),
        );
        return this.list(run);
      case "labels/delete":
        this.labels.delete(String(body["name"]));
        return this.list(run);
      case "neighbors":
        this.found = true;
        return undefined;
      case "edges":
        return this.edges(run, body as unknown as EdgeQuestion);
      case "paths":
        return pathsOf(run, body);
      default:
        return undefined;
    }
  }

  private list(run: SampleRun): { order: string; n_labels: number; labels: GivenLabel[] } {
    const labels = [...this.labels].map(([name, bits]) => {
      const rows: number[] = [];
      for (let row = 0; row < run.n; row++) if ((bits[row >> 3]! >> (row & 7)) & 1) rows.push(row);
      return { name, count: rows.length, rows: rows.slice(0, SAMPLED) };
    });
    return { order: `order of ${run.n}`, n_labels: labels.length, labels };
  }

  private edges(run: SampleRun, question: EdgeQuestion): unknown {
    const { step, n, rows = range(question.start ?? 0, question.stop ?? run.n) } = question;
    const shared = { space: question.space, step, metric: question.metric, n_samples: run.n };
    if (run.n > SMALL && !this.found) return { ...shared, graph_seconds: 180, job: null };
    const places = run.place(step, 3);
    // Of a large sample only the first rows are looked at: enough to see lines.
    const looked = Math.min(run.n, SMALL);
    const answers = rows.filter((row) => row < run.n).map((row) => nearest(places, row, looked, n));
    return {
      ...shared,
      method: "exact",
      recall: 1,
      n_edges: run.n * n,
      rows,
      neighbors: answers,
      distances: answers.map((row) => row.map((_, i) => 0.1 + i / 20)),
    };
  }
}

function range(start: number, stop: number): number[] {
  return Array.from({ length: Math.max(0, stop - start) }, (_, i) => start + i);
}

function nearest(places: Float32Array, row: number, looked: number, n: number): number[] {
  const found: number[] = [];
  const lengths: number[] = [];
  const [x, y, z] = [places[3 * row]!, places[3 * row + 1]!, places[3 * row + 2]!];
  for (let other = 0; other < looked; other++) {
    const length =
      (places[3 * other]! - x) ** 2 +
      (places[3 * other + 1]! - y) ** 2 +
      (places[3 * other + 2]! - z) ** 2;
    if (other === row || !(length < (lengths[n - 1] ?? Infinity))) continue;
    let at = Math.min(found.length, n - 1);
    while (at > 0 && lengths[at - 1]! > length) {
      found[at] = found[at - 1]!;
      lengths[at] = lengths[at - 1]!;
      at--;
    }
    found[at] = other;
    lengths[at] = length;
  }
  return found;
}

function pathsOf(run: SampleRun, body: Record<string, unknown>): unknown {
  const rows = body["rows"] as number[];
  const steps = body["steps"] as number[];
  const projection = String(body["projection"]);
  const dimensions = projection.endsWith("3") ? 3 : 2;
  const frames = steps.map((step) => run.place(step, dimensions, projection));
  const paths = rows.map((row) =>
    frames.flatMap((frame) =>
      [...frame.subarray(row * dimensions, (row + 1) * dimensions)].map((value) =>
        Number.isFinite(value) ? value : null,
      ),
    ),
  );
  return { steps, paths };
}
