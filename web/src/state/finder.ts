import type { Finding, TextSearch } from "../data/finding.js";
import { RowSet } from "./row_set.js";
import { signal, type Signal } from "./signal.js";
import type { ViewerState } from "./viewer_state.js";

/** What a search found. */
export interface Found {
  /** What was looked for, as people say it. */
  said: string;
  rows: RowSet;
  count: number;
  /** The best first, where a function ranked them. */
  ranked: readonly { row: number; score: number }[] | null;
}

/** A condition that hides everything it does not hold for. */
export interface Condition {
  text: string;
  count: number;
}

const MOST_SIMILAR = 200;

/** Searches by text and by meaning, and filters by conditions; all of it on the server. */
export class Finder {
  private readonly result = signal<Found | null>(null);
  private readonly trouble = signal<string | null>(null);
  private readonly active = signal<readonly Condition[]>([]);
  private readonly working = signal(false);
  private ticket = 0;

  constructor(
    private readonly finding: Finding,
    private readonly state: ViewerState,
  ) {
    // Rows of another run, or in another order, are void.
    let order = "";
    state.run.subscribe((run) => {
      const next = run === null ? "" : `${run.name}\n${run.order}`;
      if (next !== order) this.forget();
      order = next;
    });
    // "Show everything" takes conditions back too.
    state.filter.constraints.subscribe((held) => {
      const left = this.active.value.filter(({ text }) => held.has(keyOf(text)));
      if (left.length < this.active.value.length) this.active.set(left);
    });
  }

  get found(): Signal<Found | null> {
    return this.result;
  }

  /** Why the last search or condition gave nothing. */
  get problem(): Signal<string | null> {
    return this.trouble;
  }

  get conditions(): Signal<readonly Condition[]> {
    return this.active;
  }

  get busy(): Signal<boolean> {
    return this.working;
  }

  /** Looks for a text; an empty one forgets what was found. */
  async search(wanted: TextSearch): Promise<void> {
    if (wanted.text === "") return this.clear();
    await this.ask(async (run) => {
      const { bits, order } = await this.finding.search(run, wanted);
      const said = wanted.mode === "regex" ? `/${wanted.text}/` : `“${wanted.text}”`;
      return { said, rows: this.rowsOf(bits, order), ranked: null };
    });
  }

  /** Looks for what a text means, by the user's own function. */
  async similar(text: string): Promise<void> {
    if (text === "") return this.clear();
    await this.ask(async (run) => {
      const { timeline, spaceName } = this.state;
      const step = timeline.step.value ?? undefined;
      const space = spaceName.value ?? "";
      const answer = await this.finding.similar(run, text, space, step, MOST_SIMILAR);
      this.check(answer.order);
      const ranked = [...answer.rows].map((row, i) => ({ row, score: answer.scores[i]! }));
      const size = this.state.run.value?.n_items ?? 0;
      return { said: `near “${text}”`, rows: RowSet.of(size, answer.rows), ranked };
    });
  }

  /** Hides what a condition does not hold for; several hold together. */
  async restrict(text: string): Promise<boolean> {
    if (text.trim() === "") return false;
    let done = false;
    await this.ask(async (run) => {
      const step = this.state.timeline.step.value ?? undefined;
      const { bits, order } = await this.finding.where(run, text, step);
      const rows = this.rowsOf(bits, order);
      this.state.filter.constrain(keyOf(text), rows);
      this.active.set([
        ...this.active.value.filter((one) => one.text !== text),
        { text, count: rows.count },
      ]);
      done = true;
      return null;
    });
    return done;
  }

  /** Takes a condition back. */
  release(text: string): void {
    this.active.set(this.active.value.filter((one) => one.text !== text));
    this.state.filter.constrain(keyOf(text), null);
  }

  clear(): void {
    this.ticket++;
    this.result.set(null);
    this.trouble.set(null);
    this.working.set(false);
  }

  private forget(): void {
    this.clear();
    this.active.set([]);
  }

  private async ask(look: (run: string) => Promise<Omit<Found, "count"> | null>): Promise<void> {
    const run = this.state.run.value;
    if (run === null) return;
    const ticket = ++this.ticket;
    this.working.set(true);
    this.trouble.set(null);
    try {
      const found = await look(run.name);
      // Somebody who typed on wants the newer answer.
      if (ticket === this.ticket && found !== null) {
        this.result.set({ ...found, count: found.rows.count });
      }
    } catch (error) {
      if (ticket !== this.ticket) return;
      this.result.set(null);
      this.trouble.set(error instanceof Error ? error.message : String(error));
    } finally {
      if (ticket === this.ticket) this.working.set(false);
    }
  }

  private rowsOf(bits: Uint8Array<ArrayBuffer>, order: string): RowSet {
    this.check(order);
    return new RowSet(this.state.run.value?.n_items ?? 0, bits);
  }

  private check(order: string): void {
    if (order !== this.state.run.value?.order) {
      throw new Error("The rows of this run have changed meanwhile. Search again.");
    }
  }
}

function keyOf(condition: string): string {
  return `condition ${condition}`;
}
