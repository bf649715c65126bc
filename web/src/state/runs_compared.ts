import type { Client } from "../data/client.js";
import type { Comparison, ComparingQuestions, ComparisonRequest } from "../data/comparing.js";
import { onChange, signal, type Signal } from "./signal.js";
import type { Session } from "./session.js";
import type { ViewerState } from "./viewer_state.js";
import { Work } from "./work.js";

/** What the run on screen shares with another one, and one run that holds both. */
export class RunsCompared {
  readonly work: Work;
  private readonly chosen = signal<{ run: string; space: string } | null>(null);
  private readonly found = signal<Comparison | null>(null);
  private readonly failed = signal<string | null>(null);
  private ticket = 0;

  constructor(
    client: Client,
    private readonly questions: ComparingQuestions,
    private readonly state: ViewerState,
    private readonly session: Session,
  ) {
    this.work = new Work(client);
    onChange([state.run, state.spaceName, this.chosen], () => void this.ask());
  }

  /** The run and space that the ones on screen are compared with. */
  get other(): Signal<{ run: string; space: string } | null> {
    return this.chosen;
  }

  get answer(): Signal<Comparison | null> {
    return this.found;
  }

  get failure(): Signal<string | null> {
    return this.failed;
  }

  /** Chooses the other run and its space; null for none. Nothing is computed by choosing. */
  choose(run: string | null, space: string | null = null): void {
    this.chosen.set(
      run === null ? null : { run, space: space ?? this.state.spaceName.value ?? "" },
    );
  }

  /** Compares them in the background, because the reader asked for it. */
  compare(): Promise<void> {
    return this.start(false);
  }

  /** Writes one run that holds both, and opens it coloured by a column. */
  combine(): Promise<void> {
    return this.start(true);
  }

  /** Opens the run that holds both, coloured by which run a point is of, or by what they share. */
  async open(column: "run" | "shared_neighbors"): Promise<void> {
    const name = this.found.value?.combined ?? null;
    if (name === null) return;
    await this.session.open(name, { run: name, color: `column:${JSON.stringify([column])}` });
  }

  private request(): { run: string; request: ComparisonRequest } | null {
    const { run, spaceName } = this.state;
    const other = this.chosen.value;
    if (run.value === null || spaceName.value === null || other === null) return null;
    const request = { other: other.run, space: spaceName.value, other_space: other.space };
    return { run: run.value.name, request };
  }

  private async ask(): Promise<void> {
    const ticket = ++this.ticket;
    const asked = this.request();
    if (asked === null) {
      this.found.set(null);
      this.failed.set(null);
      return;
    }
    try {
      const answer = await this.questions.comparison(asked.run, asked.request);
      if (ticket !== this.ticket) return;
      this.failed.set(null);
      this.found.set(answer);
      if (answer.job !== null && this.work.job.value?.id !== answer.job) {
        void this.follow(answer.job);
      }
    } catch (error) {
      if (ticket !== this.ticket) return;
      this.found.set(null);
      this.failed.set(wordsOf(error));
    }
  }

  private async start(combine: boolean): Promise<void> {
    const asked = this.request();
    if (asked === null) return;
    try {
      const { job } = await this.questions.compare(asked.run, asked.request, combine);
      if (job === null) await this.ask();
      else await this.follow(job);
    } catch (error) {
      this.failed.set(wordsOf(error));
    }
  }

  private async follow(job: string): Promise<void> {
    const ended = await this.work.follow(job).catch(() => null);
    if (ended !== null) await this.ask();
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
