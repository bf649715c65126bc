import type { Client } from "../data/client.js";
import type { Explanation, FeatureMatch, Knowing, NoExplanation, Way } from "../data/knowing.js";
import type { Reference } from "./reference.js";
import { RowSet } from "./row_set.js";
import { onChange, signal, type Signal } from "./signal.js";
import type { ViewerState } from "./viewer_state.js";
import { Work } from "./work.js";

/** Arrows drawn at a place of the map: where single features carry it. */
export interface Arrows {
  /** Components of the fit they belong to. */
  dimensions: 2 | 3;
  at: readonly number[];
  arrows: readonly { name: string; way: readonly number[] }[];
}

const MOST_ARROWS = 5;
const WAIT_MS = 120;

/** Why the focused item, or the mean of the selection, is where it is, or what moved it there. */
export class Why {
  readonly work: Work;
  /** Features whose bars are shown however short they are. */
  readonly pinned = signal<readonly FeatureMatch[]>([]);
  /** Whether arrows are drawn on the map. */
  readonly drawn = signal(true);
  private readonly found = signal<Explanation | NoExplanation | null>(null);
  private readonly failed = signal<string | null>(null);
  private readonly drawnArrows = signal<Arrows | null>(null);
  private ticket = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    client: Client,
    private readonly knowing: Knowing,
    private readonly state: ViewerState,
    private readonly reference: Reference,
  ) {
    this.work = new Work(client);
    const { focus, selection, timeline, projection, run } = state;
    onChange([focus, selection.rows, timeline.step, projection, reference.step, this.pinned], () =>
      this.later(),
    );
    onChange([timeline.playing], () => this.later());
    onChange([run], () => this.pinned.set([]));
    onChange([this.found, this.drawn, state.shownFit], () => this.drawnArrows.set(this.arrows()));
  }

  get answer(): Signal<Explanation | NoExplanation | null> {
    return this.found;
  }

  get failure(): Signal<string | null> {
    return this.failed;
  }

  /** Arrows for the map; null while there are none. */
  get shownArrows(): Signal<Arrows | null> {
    return this.drawnArrows;
  }

  /** The map on screen, and the step to come from if one is marked; null without a map. */
  get way(): Way | null {
    const { projection, timeline } = this.state;
    const step = timeline.step.value;
    const key = projection.value?.key ?? null;
    if (key === null || step === null || !projection.value!.steps.includes(step)) return null;
    const since = this.reference.step.value;
    const known = since !== null && since < step && projection.value!.steps.includes(since);
    return known ? { projection: key, step, since } : { projection: key, step };
  }

  /** Rows that are explained: the selection, else the focused item. */
  get rows(): RowSet | null {
    const { selection, focus, run } = this.state;
    if (selection.count.value > 1) return selection.rows.value;
    const row = focus.value ?? selection.rows.value.rows[0];
    return run.value === null || row === undefined ? null : RowSet.of(run.value.n_items, [row]);
  }

  /** Explains every item of the step in the background. */
  async explain(): Promise<void> {
    const { run } = this.state;
    const way = this.way;
    if (run.value === null || way === null) return;
    try {
      const { job } = await this.knowing.explain(run.value.name, way);
      if (job !== null) await this.end(job);
      else await this.ask();
    } catch (error) {
      this.failed.set(wordsOf(error));
    }
  }

  /** Features by name, those that contribute most first. */
  async search(query: string): Promise<FeatureMatch[]> {
    const { run } = this.state;
    const way = this.way;
    if (run.value === null || way === null) return [];
    return (await this.knowing.features(run.value.name, way, query)).matches;
  }

  pin(feature: FeatureMatch): void {
    const others = this.pinned.value.filter((one) => one.index !== feature.index);
    this.pinned.set([...others, feature].slice(-8));
  }

  unpin(index: number): void {
    this.pinned.set(this.pinned.value.filter((one) => one.index !== index));
  }

  private later(): void {
    clearTimeout(this.timer);
    this.ticket++;
    // A playhead or a lasso that still moves asks once, when it rests.
    this.timer = setTimeout(() => {
      if (!this.state.timeline.playing.value) void this.ask();
    }, WAIT_MS);
  }

  private async ask(): Promise<void> {
    const ticket = ++this.ticket;
    const { run } = this.state;
    const way = this.way;
    const rows = this.rows;
    if (run.value === null || way === null || rows === null) {
      this.found.set(null);
      this.failed.set(null);
      return;
    }
    const features = this.pinned.value.map((one) => one.index);
    try {
      const answer = await this.knowing.explanation(run.value.name, way, rows.bits, features);
      if (ticket !== this.ticket) return;
      this.failed.set(null);
      this.found.set(answer);
      const running = answer.status === "running" ? answer.job : null;
      if (running !== null && this.work.job.value?.id !== running) void this.end(running);
    } catch (error) {
      if (ticket !== this.ticket) return;
      this.failed.set(wordsOf(error));
      this.found.set(null);
    }
  }

  private async end(job: string): Promise<void> {
    const ended = await this.work.follow(job).catch(() => null);
    if (ended !== null) await this.ask();
  }

  private arrows(): Arrows | null {
    const answer = this.found.value;
    if (!this.drawn.value || answer?.status !== "ready" || !answer.knows) return null;
    const dimensions = this.state.shownFit.value;
    if (answer.axes.length !== dimensions) return null;
    return { dimensions, at: answer.axes.map((axis) => axis.coordinate), arrows: arrowsOf(answer) };
  }
}

/** The features that carry a place farthest, over all axes that list them. */
export function arrowsOf(answer: Explanation): Arrows["arrows"] {
  const ways = new Map<number, { name: string; way: number[] }>();
  answer.axes.forEach((axis, k) => {
    for (const { index, name, contribution } of axis.features) {
      const known = ways.get(index) ?? { name, way: answer.axes.map(() => 0) };
      known.way[k] = contribution;
      ways.set(index, known);
    }
  });
  const length = (way: readonly number[]) => Math.hypot(...way);
  return [...ways.values()]
    .sort((a, b) => length(b.way) - length(a.way))
    .slice(0, MOST_ARROWS)
    .filter(({ way }) => length(way) > 0);
}

/** Largest contribution of any axis: the scale of all bars. */
export function scaleOf(answer: Explanation): number {
  const all = answer.axes.flatMap((axis) => axis.features.map((one) => one.contribution));
  const pinned = answer.asked.flatMap((one) => one.contributions);
  return Math.max(...[...all, ...pinned].map(Math.abs), Number.MIN_VALUE);
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
