import type { Client } from "../data/client.js";
import type {
  Knowing,
  Metric,
  Neighbor,
  NeighborAnswer,
  NeighborList,
  NeighborQuestion,
} from "../data/knowing.js";
import type { Reference } from "./reference.js";
import { RowSet } from "./row_set.js";
import { onChange, signal, type Signal, type WritableSignal } from "./signal.js";
import type { ViewerState } from "./viewer_state.js";
import { Work } from "./work.js";

/** A neighbour, and in which of the two lists it is. */
export interface ListedNeighbor extends Neighbor {
  where: "both" | "A" | "B";
  /** Its place in the list of now, and in the other one; null where it is not in it. */
  rank: number | null;
  otherRank: number | null;
}

const OWNER = "neighbors";
const WAIT_MS = 100;

/** The items near the focused one in the vectors, and their lines on the map. */
export class Neighbors {
  readonly metric: WritableSignal<Metric> = signal<Metric>("euclidean");
  readonly count = signal(15);
  /** Whether lines are drawn to them. */
  readonly drawn = signal(true);
  readonly work: Work;
  private readonly found = signal<NeighborAnswer | null>(null);
  private readonly failed = signal<string | null>(null);
  private readonly waiting = signal(false);
  private ticket = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    client: Client,
    private readonly knowing: Knowing,
    private readonly state: ViewerState,
    private readonly reference: Reference,
  ) {
    this.work = new Work(client);
    const { focus, timeline, space, run } = state;
    onChange(
      [
        focus,
        timeline.step,
        space,
        run,
        this.metric,
        this.count,
        reference.step,
        reference.space,
        reference.run,
      ],
      () => this.later(),
    );
    onChange([timeline.playing], () => this.later());
    onChange([this.found, this.drawn], () => this.draw());
  }

  get answer(): Signal<NeighborAnswer | null> {
    return this.found;
  }

  get failure(): Signal<string | null> {
    return this.failed;
  }

  get busy(): Signal<boolean> {
    return this.waiting;
  }

  /** Asks again, looking at every item however long it takes. */
  askExactly(): Promise<void> {
    return this.ask("exact");
  }

  /** Has the neighbours of every item found in the background, then asks again. */
  async findAll(): Promise<void> {
    const { run, space, timeline } = this.state;
    const step = timeline.step.value;
    if (run.value === null || space.value === null || step === null) return;
    const what = { space: space.value.name, step, metric: this.metric.value };
    try {
      const { job } = await this.knowing.findNeighbors(run.value.name, what);
      const ended = await this.work.follow(job);
      if (ended?.state === "done") await this.ask();
      else if (ended?.state === "failed") this.failed.set(ended.message);
    } catch (error) {
      this.failed.set(wordsOf(error));
    }
  }

  /** Selects the item and its neighbours. */
  select(): void {
    const answer = this.found.value;
    if (answer?.neighbors === undefined) return;
    const rows = [answer.row, ...answer.neighbors.map((one) => one.row)];
    this.state.selection.apply(RowSet.of(this.state.run.value?.n_items ?? 0, rows));
  }

  private later(): void {
    clearTimeout(this.timer);
    this.ticket++;
    // A playhead that moves asks once, when it rests: a search looks at every item.
    this.timer = setTimeout(() => {
      if (!this.state.timeline.playing.value) void this.ask();
    }, WAIT_MS);
  }

  private question(row: number): NeighborQuestion | null {
    const { space, timeline } = this.state;
    const step = timeline.step.value;
    if (space.value === null || step === null) return null;
    return {
      space: space.value.name,
      step,
      row,
      n: this.count.value,
      metric: this.metric.value,
      other_run: this.reference.run.value ?? undefined,
      other_space: this.reference.space.value ?? undefined,
      other_step: this.reference.step.value ?? undefined,
    };
  }

  private async ask(search?: "exact"): Promise<void> {
    const ticket = ++this.ticket;
    const { focus, run } = this.state;
    const question = focus.value === null ? null : this.question(focus.value);
    if (run.value === null || question === null) {
      this.waiting.set(false);
      this.found.set(null);
      this.failed.set(null);
      return;
    }
    this.waiting.set(true);
    try {
      const answer = await this.knowing.neighbors(run.value.name, { ...question, search });
      if (ticket !== this.ticket) return;
      this.failed.set(null);
      this.found.set(answer);
      if (answer.job) void this.followAgain(answer.job);
    } catch (error) {
      if (ticket !== this.ticket) return;
      this.failed.set(wordsOf(error));
      this.found.set(null);
    } finally {
      if (ticket === this.ticket) this.waiting.set(false);
    }
  }

  private async followAgain(job: string): Promise<void> {
    if (this.work.job.value?.id === job) return;
    const ended = await this.work.follow(job).catch(() => null);
    if (ended?.state === "done") await this.ask();
  }

  private draw(): void {
    const answer = this.found.value;
    const { lines } = this.state;
    if (!this.drawn.value || answer?.neighbors === undefined) return lines.set(OWNER, null);
    const listed = listOf(answer);
    const ends = (where: ListedNeighbor["where"]) =>
      listed.filter((one) => one.where === where).map((one) => one.row);
    const from = (rows: readonly number[]) => rows.map(() => answer.row);
    const compared = answer.other?.neighbors !== undefined;
    const [both, now, then] = [ends("both"), ends("A"), ends("B")];
    lines.set(OWNER, {
      lines: [
        { from: from(both), to: both, tone: "accent" },
        { from: from(now), to: now, tone: compared ? "info" : "accent" },
        { from: from(then), to: then, tone: "warning", dashed: true },
      ],
    });
  }
}

/** Both lists as one: what is in both, then what only now is near, then what was. */
export function listOf(answer: NeighborAnswer): ListedNeighbor[] {
  const now = answer.neighbors ?? [];
  const then = answer.other?.neighbors ?? [];
  const rankNow = new Map(now.map((one, i) => [one.row, i + 1]));
  const rankThen = new Map(then.map((one, i) => [one.row, i + 1]));
  const compared = answer.other?.neighbors !== undefined;
  const listed = now.map((one): ListedNeighbor => {
    const otherRank = rankThen.get(one.row) ?? null;
    const where = compared && otherRank !== null ? "both" : "A";
    return { ...one, where, rank: rankNow.get(one.row) ?? null, otherRank };
  });
  for (const one of then) {
    if (rankNow.has(one.row)) continue;
    listed.push({ ...one, where: "B", rank: null, otherRank: rankThen.get(one.row) ?? null });
  }
  return listed;
}

/** What is said of a list: how it was found, and how much of the truth it holds. */
export function methodOf(list: NeighborList): string {
  if (list.method === "exact") return "exact";
  if (list.method !== "approximate") return "";
  const found = ((list.recall ?? 0) * 100).toFixed(1).replace(/\.0$/, "");
  return `approximate: finds ${found} % of the true ones, measured at ${list.n_checked} items`;
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
