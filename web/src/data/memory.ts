import { measuredSample, tornSample } from "./memory_measured.js";
import type { MeasureKind, MeasurementInfo } from "./measured.js";
import { MemoryComparing } from "./memory_comparing.js";
import { MemoryKnowing } from "./memory_knowing.js";
import { MemoryLayers } from "./memory_layers.js";
import type { SampleRun } from "./sample.js";
import { SampleFinding } from "./sample_finding.js";
import { SAMPLE_METHODS, sampleMap, sampleProjections } from "./sample_maps.js";
import { ServerError, type Transport } from "./transport.js";
import type {
  ItemDetails,
  ProjectionInfo,
  RunDescription,
  RunSummary,
  ServerEvent,
} from "./types.js";
import { encode } from "./wire.js";

/** What the in-memory server is told to do wrong, or slowly, so that every state can be seen. */
export interface MemoryBehaviour {
  /** Milliseconds before each answer. */
  delay?: number;
  /** "absent" offers the projection, "failed" refuses it, "running" never ends. */
  projection?: "ready" | "absent" | "failed" | "running";
  estimateSeconds?: number;
  /** Whether maps are explained, not yet, not well enough, or not without torch. */
  reasons?: "ready" | "absent" | "unknown" | "missing";
  /** "slow" offers a search among all items in place of making it. */
  neighbors?: "quick" | "slow";
  /** "absent" offers every measurement, "running" never ends; they are kept otherwise. */
  measured?: "kept" | "absent" | "running" | "failed";
  /** Bytes of a PNG with this many tiles of this side, for thumbnails. */
  sprites?: (count: number, tile: number) => Promise<ArrayBuffer>;
}

const NO_TILE = 0xffffffff;

/** The wire of docs/wire.md answered from sample runs; no server, no network. */
export class MemoryTransport implements Transport {
  private readonly listeners = new Set<(event: ServerEvent) => void>();
  private readonly started = new Set<string>();
  private readonly finding = new SampleFinding();
  private readonly knowing = new MemoryKnowing();
  private readonly layers = new MemoryLayers();
  private readonly comparing = new MemoryComparing((name) => this.find(name));
  private revision = 1;
  /** Paths asked for, in order, so that a test can see what was fetched. */
  readonly asked: string[] = [];

  constructor(
    readonly runs: SampleRun[],
    readonly behaviour: MemoryBehaviour = {},
  ) {
    this.knowing.reasons = behaviour.reasons ?? "ready";
    this.knowing.quick = behaviour.neighbors !== "slow";
  }

  async json<T>(path: string): Promise<T> {
    return (await this.answer(path)) as T;
  }

  async bytes(path: string, abort?: AbortSignal): Promise<ArrayBuffer> {
    const bytes = (await this.answer(path)) as ArrayBuffer;
    abort?.throwIfAborted();
    return bytes;
  }

  async send<T>(path: string, body: unknown): Promise<T> {
    this.asked.push(`POST ${path}`);
    const [, , kind, run, what] = path.split("/").map(decodeURIComponent);
    if (kind === "runs" && run !== undefined && what !== undefined) {
      const [one, said] = [this.find(run), body as Record<string, unknown>];
      const laid = this.layers.told(one, path.split("/").slice(4).join("/"), said);
      if (laid !== undefined) return laid as T;
      const told = this.knowing.told(one, what, said) ?? this.comparing.told(one, what, said);
      if (told !== undefined) return told as T;
    }
    if (path.startsWith("/api/jobs/")) return {} as T;
    const asked = path.split("/").slice(4).join("/");
    const found = this.finding.send(asked, (body ?? {}) as Record<string, unknown>);
    if (found !== undefined) return found as T;
    const name = decodeURIComponent(path.split("/")[3] ?? "");
    if (path.endsWith("/measurement")) return this.measure(body as MeasureBody) as T;
    this.started.add(path);
    this.emit({ type: "run", name, revision: ++this.revision });
    return { job: null } as T;
  }

  listen(listener: (event: ServerEvent) => void): () => void {
    this.listeners.add(listener);
    queueMicrotask(() => listener({ type: "open" }));
    return () => void this.listeners.delete(listener);
  }

  emit(event: ServerEvent): void {
    for (const listener of [...this.listeners]) listener(event);
  }

  /** Logs another snapshot, as a training process would. */
  log(name: string, step: number): void {
    this.find(name).steps.push(step);
    this.emit({ type: "run", name, revision: ++this.revision });
  }

  private async answer(path: string): Promise<unknown> {
    this.asked.push(path);
    if (this.behaviour.delay) await new Promise((done) => setTimeout(done, this.behaviour.delay));
    const url = new URL(path, "memory://driftglass");
    const [, , kind, name, ...rest] = url.pathname.split("/").map(decodeURIComponent);
    const what = rest.length === 0 ? undefined : rest.join("/");
    if (kind === "info") {
      return {
        name: "driftglass",
        version: "0",
        wire_version: 1,
        read_only: false,
        similar: true,
        store: "sample",
      };
    }
    if (kind === "methods") return SAMPLE_METHODS;
    if (kind !== "runs") throw new ServerError("not_found", `Nothing is at ${path}.`, 404);
    if (name === undefined) return this.runs.map(summary);
    return this.answerRun(this.find(name), what, url.searchParams);
  }

  private answerRun(run: SampleRun, what: string | undefined, query: URLSearchParams): unknown {
    const step = Number(query.get("step"));
    const start = Number(query.get("start") ?? 0);
    const stop = Math.min(Number(query.get("stop") ?? run.n), run.n);
    switch (what) {
      case undefined:
        return this.describe(run);
      case "columns": {
        const column = run.columns.find((one) => one.info.name === query.get("name"));
        if (column === undefined) throw new ServerError("not_found", "No such column.", 404);
        return encode(column.arrays);
      }
      case "ids":
        return { start, stop, ids: Array.from({ length: stop - start }, (_, i) => start + i) };
      case "items":
        return itemOf(run, Number(query.get("row")), query.has("step") ? step : undefined);
      case "scalars":
        return run.scalars;
      case "predictions": {
        const { predicted, confidence } = run.predicted(step);
        return encode({ predicted: { data: predicted }, confidence: { data: confidence } });
      }
      case "measurement":
        return this.measurement(query.get("kind") as MeasureKind);
      case "measured": {
        const [, kind, rows] = (query.get("key") ?? "").split("-");
        return measuredSample(run, kind as MeasureKind, query.has("step") ? step : null, rows);
      }
      case "torn":
        return tornSample(run, Number(query.get("row")));
      case "projection":
        return this.projection(run, Number(query.get("n_components")) === 3 ? 3 : 2, query);
      case "projections":
        return sampleProjections(run);
      case "frames": {
        const dimensions = query.get("projection")?.endsWith("3") ? 3 : 2;
        const coordinates = run
          .place(step, dimensions, query.get("projection") ?? "")
          .slice(start * dimensions, stop * dimensions);
        return encode({
          coordinates: { data: coordinates, shape: [stop - start, dimensions] },
          trust: { data: run.trust(step).slice(start, stop) },
        });
      }
      case "sprite_index":
        return encode({
          tiles: { data: Uint32Array.from({ length: run.n }, (_, r) => (r % 41 ? r : NO_TILE)) },
        });
      case "sprites":
        return this.behaviour.sprites?.(run.n, run.tile ?? 8);
      default: {
        const found = this.finding.answer(run, what, query);
        if (found !== undefined) return found;
        const known = this.layers.answer(run, what, query) ?? this.knowing.answer(run, what, query);
        if (known !== undefined) return known;
        const compared = this.comparing.answer(run, what, query);
        if (compared !== undefined) return compared;
        throw new ServerError("not_found", `There is no "${what}" here.`, 404);
      }
    }
  }

  private describe(run: SampleRun): RunDescription {
    const side = Math.ceil(Math.sqrt(run.n));
    const hasImages = run.tile !== null && this.behaviour.sprites !== undefined;
    return {
      ...summary(run),
      created: "2026-11-21T10:00:00+00:00",
      revision: this.revision,
      n_items: run.n,
      order: `order of ${run.n}`,
      nbytes: run.n * run.steps.length * 128,
      classes: run.classes,
      spaces: ["hidden", "logits"].map((name, i) => ({
        name,
        n_features: i === 0 ? 64 : 10,
        dtype: "float32",
        snapshots: run.steps.map((step) => ({
          step,
          n_samples: run.n,
          n_not_finite: run.notFinite(step),
          attempt: 1,
          complete: true,
          ranks: [1, 1],
          damaged: false,
        })),
      })),
      columns: run.columns.map((column) => column.info),
      images: hasImages
        ? {
            tile_width: run.tile!,
            tile_height: run.tile!,
            columns: side,
            rows: side,
            n_pages: 1,
            n_failed: 0,
          }
        : null,
      predictions: { steps: run.steps },
      scalars: Object.keys(run.scalars),
      notes: ["Snapshot at step 275 was dropped: the queue was full for 2.0 s."],
    };
  }

  private projection(run: SampleRun, dimensions: 2 | 3, query: URLSearchParams): ProjectionInfo {
    const path = `/api/runs/${encodeURIComponent(run.name)}/projection`;
    const sample = sampleMap(query);
    const wanted = this.behaviour.projection ?? "ready";
    const status = wanted === "absent" && this.started.has(path) ? "ready" : wanted;
    const ready = status === "ready";
    const steps = ready ? [...run.steps] : [];
    const trained = (step: number) => step / Math.max(run.steps.at(-1) ?? 1, 1);
    const places = run.steps.map((step) => boundsOf(run.place(step, dimensions), dimensions));
    return {
      key: ready ? `${run.name}-${sample.method}-${dimensions}` : null,
      status,
      job: status === "running" ? "job" : null,
      estimate_seconds: this.behaviour.estimateSeconds ?? 40,
      label: `${sample.title} · ${dimensions}D · basis: all ${run.steps.length} steps · seed 0`,
      method: sample.method,
      parameters: { basis: "all" },
      random_state: 0,
      steps,
      fitted_steps: steps,
      bounds: {
        low: Array.from({ length: dimensions }, (_, d) =>
          Math.min(...places.map((p) => p.low[d]!)),
        ),
        high: Array.from({ length: dimensions }, (_, d) =>
          Math.max(...places.map((p) => p.high[d]!)),
        ),
      },
      frames: steps.map((step) => ({
        step,
        n_samples: run.n - run.notFinite(step),
        n_excluded: run.notFinite(step),
        trustworthiness: 0.78 + 0.16 * trained(step),
        continuity: 0.83 + 0.12 * trained(step),
        null: 0.5,
        n_neighbors: 15,
        n_anchors: Math.min(run.n, 1000),
      })),
      pending_steps: [],
      reason: status === "failed" ? "The covariance needs 9.1 GB and 2.0 GB are free." : null,
    };
  }

  private measure({ kind, rows, start }: MeasureBody): MeasurementInfo {
    if (start === "yes") this.started.add(kind);
    return this.measurement(kind, rows?.length);
  }

  private measurement(kind: MeasureKind, rows?: number): MeasurementInfo {
    const wanted = this.behaviour.measured ?? "kept";
    const status = wanted === "kept" || this.started.has(kind) ? "ready" : wanted;
    const reason = "3 of these items are in every snapshot; CKA needs at least 4.";
    return {
      status,
      key: status === "ready" ? `measured-${kind}-${rows ?? ""}` : null,
      estimate_seconds: status === "ready" ? 0 : (this.behaviour.estimateSeconds ?? 40),
      job: status === "running" ? "job" : null,
      progress: status === "running" ? 0.4 : null,
      message: status === "running" ? "comparing snapshots" : null,
      reason: status === "failed" ? reason : null,
    };
  }

  private find(name: string): SampleRun {
    const run = this.runs.find((one) => one.name === name);
    if (run === undefined) throw new ServerError("not_found", `No run named '${name}'.`, 404);
    return run;
  }
}

interface MeasureBody {
  kind: MeasureKind;
  rows?: number[];
  start: "yes" | "quick";
}

function summary(run: SampleRun): RunSummary {
  return { name: run.name, state: "writing", revision: 1 };
}

function itemOf(run: SampleRun, row: number, step: number | undefined): ItemDetails {
  const prediction = step === undefined ? null : run.predicted(step);
  return {
    id: row,
    row,
    metadata: Object.fromEntries(run.columns.map((one) => [one.info.name, one.value(row)])),
    prediction: prediction && {
      predicted: run.classes[prediction.predicted[row]!] ?? null,
      confidence: prediction.confidence[row]!,
    },
    notes: [],
  };
}

function boundsOf(coordinates: Float32Array, dimensions: number) {
  const low = new Array<number>(dimensions).fill(Infinity);
  const high = new Array<number>(dimensions).fill(-Infinity);
  coordinates.forEach((value, i) => {
    const d = i % dimensions;
    if (value < low[d]!) low[d] = value;
    if (value > high[d]!) high[d] = value;
  });
  return { low, high };
}
