import type { Comparison } from "./comparing.js";
import type { SampleRun } from "./sample.js";
import { encode } from "./wire.js";

const NO_PARTNER = 0xffffffff;

/** Answers of the sample server about two runs; sample ids are numbers, so rows are items. */
export class MemoryComparing {
  private readonly compared = new Set<string>();

  constructor(private readonly find: (name: string) => SampleRun) {}

  answer(run: SampleRun, what: string, query: URLSearchParams): unknown {
    if (what === "moved") return this.moved(run, query);
    if (what !== "pairing" && what !== "comparison") return undefined;
    const other = this.find(query.get("other") ?? "");
    if (what === "pairing") {
      const rows = Uint32Array.from({ length: run.n }, (_, row) =>
        row < other.n ? row : NO_PARTNER,
      );
      return encode({ rows: { data: rows } });
    }
    return this.comparison(run, other);
  }

  /** Starts nothing that takes time: the sample has its numbers at once. */
  told(run: SampleRun, what: string, body: Record<string, unknown>): unknown {
    if (what !== "comparison") return undefined;
    this.compared.add(`${run.name} ${String(body.other)}`);
    return { job: null };
  }

  private moved(run: SampleRun, query: URLSearchParams): ArrayBuffer {
    const steps = [Number(query.get("from")), Number(query.get("to"))];
    const [from, to] = steps.map((step) => run.place(step, 2)) as [Float32Array, Float32Array];
    const movement = Float32Array.from({ length: run.n }, (_, row) =>
      Math.hypot(to[2 * row]! - from[2 * row]!, to[2 * row + 1]! - from[2 * row + 1]!),
    );
    const turnover = movement.map((value) => 1 - Math.exp(-value / 3));
    const meta = { n: run.n, of: run.n, n_neighbors: 10, chance: 0.99, rigid_share: 0.31 };
    return encode(
      { turnover: { data: turnover }, movement: { data: movement } },
      { ...meta, order: `order of ${run.n}` },
    );
  }

  private comparison(run: SampleRun, other: SampleRun): Comparison {
    const steps = run.steps.filter((step) => other.steps.includes(step));
    const ready = this.compared.has(`${run.name} ${other.name}`);
    const learned = (step: number) => 1 - Math.exp((-3 * step) / Math.max(steps.at(-1) ?? 1, 1));
    const alike = (a: number, b: number) =>
      0.9 * Math.min(learned(a), learned(b)) * (1 - 0.4 * Math.abs(learned(a) - learned(b)));
    return {
      status: ready ? "ready" : "absent",
      estimate_seconds: ready ? 2 : 14,
      job: null,
      progress: null,
      message: null,
      reason: steps.length > 0 ? null : "The runs have no step in common.",
      combined: null,
      numbers: ready
        ? {
            steps,
            cka: steps.map((step) => alike(step, step)),
            cka_error: steps.map(() => 0.012),
            mutual_knn: steps.map((step) => 0.6 * learned(step)),
            mutual_knn_error: steps.map(() => 0.008),
            procrustes: steps.map((step) => 1.3 - learned(step)),
            procrustes_null: steps.map(() => 1.34),
            unrelated: steps.map((step) => learned(step) < 0.1),
            agreement: steps.map((step) => 0.1 + 0.85 * learned(step)),
            n_items: Math.min(run.n, other.n),
            n_neighbors: 10,
            n_probe: 1000,
            cka_map: {
              steps: [run.steps, other.steps],
              values: run.steps.map((a) => other.steps.map((b) => alike(a, b))),
            },
          }
        : null,
    };
  }
}
