import type { Client } from "../data/client.js";
import type { Knowing, Metric } from "../data/knowing.js";
import type { EdgeAnswer, Layering } from "../data/layering.js";
import { onChange, signal, type Signal } from "./signal.js";
import type { ViewerState } from "./viewer_state.js";
import { Work } from "./work.js";

const OWNER = "edges";
const WAIT_MS = 150;
/** Lines drawn at once; more would be a felt, not a graph. */
export const MOST_LINES = 12_000;
export const NEIGHBORS = 10;

/** What is drawn of the graph, and how much that is. */
export interface ShownEdges {
  drawn: number;
  /** Lines of the rows that were asked for; of the whole graph where all were. */
  total: number;
  method: string;
  recall: number;
}

/** What has to be made before lines can be drawn. */
export interface EdgeOffer {
  seconds: number;
}

/** Coordinates of the map on screen, for the lengths of lines on it. */
export type Places = () => { coordinates: Float32Array; dimensions: number } | null;

/** Lines between points that are neighbours in the vectors: of the selection, or of all. */
export class EdgeLines {
  readonly work: Work;
  private readonly found = signal<ShownEdges | null>(null);
  private readonly offered = signal<EdgeOffer | null>(null);
  private readonly failed = signal<string | null>(null);
  private timer: ReturnType<typeof setTimeout> | undefined;
  private ticket = 0;
  private pairs: { from: Uint32Array; to: Uint32Array } | null = null;

  constructor(
    client: Client,
    private readonly layering: Layering,
    private readonly knowing: Knowing,
    private readonly state: ViewerState,
    private readonly metric: Signal<Metric>,
    private readonly places: Places,
  ) {
    this.work = new Work(client);
    const { layers, selection, timeline, space, run, filter } = state;
    onChange([layers.edges, selection.rows, timeline.step, space, run, metric, filter.hidden], () =>
      this.later(),
    );
    // The same lines have other lengths on another map.
    onChange([state.projection, state.frameHere], () => this.draw());
  }

  get shown(): Signal<ShownEdges | null> {
    return this.found;
  }

  get offer(): Signal<EdgeOffer | null> {
    return this.offered;
  }

  get failure(): Signal<string | null> {
    return this.failed;
  }

  /** Has the neighbours of every item found in the background, then draws. */
  async findAll(): Promise<void> {
    const { run, space, timeline } = this.state;
    const step = timeline.step.value;
    if (run.value === null || space.value === null || step === null) return;
    try {
      const what = { space: space.value.name, step, metric: this.metric.value };
      const { job } = await this.knowing.findNeighbors(run.value.name, what);
      const ended = await this.work.follow(job);
      if (ended?.state === "failed") this.failed.set(ended.message);
      else await this.ask();
    } catch (error) {
      this.failed.set(wordsOf(error));
    }
  }

  close(): void {
    clearTimeout(this.timer);
    this.ticket++;
  }

  private later(): void {
    this.close();
    if (this.state.layers.edges.value === "off") return this.give(null, null);
    this.timer = setTimeout(() => void this.ask(), WAIT_MS);
  }

  private async ask(): Promise<void> {
    const ticket = ++this.ticket;
    const { state } = this;
    const { run, space, timeline, layers, selection, filter } = state;
    const step = timeline.step.value;
    if (run.value === null || space.value === null || step === null) return this.give(null, null);
    const ofSelection = layers.edges.value === "selection";
    const chosen = selection.rows.value.rows;
    if (ofSelection && chosen.length === 0) return this.give(null, null);
    const most = Math.floor(MOST_LINES / NEIGHBORS);
    const question = {
      space: space.value.name,
      step,
      metric: this.metric.value,
      n: NEIGHBORS,
      // The first rows are a fair sample of all: any window would do, and this one is stable.
      ...(ofSelection ? { rows: [...chosen.slice(0, most)] } : { start: 0, stop: most }),
    };
    try {
      const answer = await this.layering.edges(run.value.name, question);
      if (ticket !== this.ticket) return;
      this.failed.set(null);
      if (answer.rows === undefined || answer.neighbors === undefined) {
        this.offered.set({ seconds: answer.graph_seconds ?? 0 });
        return this.give(null, this.offered.value);
      }
      const pairs = pairsOf(answer, (row) => filter.hidden.value?.has(row) !== true);
      const total = ofSelection ? chosen.length * NEIGHBORS : (answer.n_edges ?? 0);
      this.pairs = pairs;
      this.offered.set(null);
      this.found.set({
        drawn: pairs.said,
        total: Math.max(total, pairs.said),
        method: answer.method ?? "exact",
        recall: answer.recall ?? 1,
      });
      this.draw();
    } catch (error) {
      if (ticket !== this.ticket) return;
      this.give(null, null);
      this.failed.set(wordsOf(error));
    }
  }

  private give(shown: ShownEdges | null, offer: EdgeOffer | null): void {
    this.pairs = null;
    this.found.set(shown);
    this.offered.set(offer);
    this.state.lines.set(OWNER, null);
  }

  private draw(): void {
    const places = this.places();
    if (this.pairs === null || places === null) return;
    const { from, to } = this.pairs;
    const strength = strengthsOf(from, to, places.coordinates, places.dimensions);
    this.state.lines.set(OWNER, { lines: [{ from, to, tone: "text", strength }] });
  }
}

/**
 * Each line of an answer once, whichever of its ends said so, between points in sight; `said` is
 * how many neighbours that stands for.
 */
export function pairsOf(
  { rows = [], neighbors = [] }: EdgeAnswer,
  inSight: (row: number) => boolean,
): { from: Uint32Array; to: Uint32Array; said: number } {
  const from: number[] = [];
  const to: number[] = [];
  let said = 0;
  const seen = new Set<string>();
  for (const [i, row] of rows.entries()) {
    if (!inSight(row)) continue;
    for (const other of neighbors[i] ?? []) {
      if (other < 0 || other === row || !inSight(other)) continue;
      said++;
      const key = row < other ? `${row} ${other}` : `${other} ${row}`;
      if (seen.has(key)) continue;
      seen.add(key);
      from.push(row);
      to.push(other);
    }
  }
  return { from: Uint32Array.from(from), to: Uint32Array.from(to), said };
}

/**
 * How strong each line is: one of middling length is half as strong as the shortest, and one four
 * times as long a mere hint, or long lines would be all that one sees. Many lines are fainter.
 */
export function strengthsOf(
  from: Uint32Array,
  to: Uint32Array,
  coordinates: Float32Array,
  dimensions: number,
): Float32Array {
  const lengths = Float32Array.from(from, (row, i) => {
    let sum = 0;
    for (let d = 0; d < dimensions; d++) {
      sum += (coordinates[row * dimensions + d]! - coordinates[to[i]! * dimensions + d]!) ** 2;
    }
    return Math.sqrt(sum);
  });
  const known = lengths.filter((length) => Number.isFinite(length)).sort();
  const middle = known[known.length >> 1] ?? 0;
  const strongest = Math.min(0.8, Math.max(0.2, 12 / Math.sqrt(known.length)));
  return lengths.map((length) => {
    if (!Number.isFinite(length)) return 0;
    const t = middle > 0 ? length / middle : 1;
    return strongest * Math.max(0.06, 1 / (1 + t * t));
  });
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
