import type { Client } from "../data/client.js";
import { predictedClasses, trueColumn } from "./coloring_choice.js";
import { confusionOf, type Confusion } from "./confusion.js";
import { onChange, signal, type Signal } from "./signal.js";
import type { ViewerState } from "./viewer_state.js";

/** Classes that fit into a panel. */
const MOST_CLASSES = 20;

/** The confusion matrix of the step on screen, while somebody looks at it. */
export class Confusions {
  private readonly found = signal<Confusion | null>(null);
  private readonly at = signal<number | null>(null);
  private readonly trouble = signal<string | null>(null);
  private watchers = 0;
  private ticket = 0;

  constructor(
    private readonly client: Client,
    private readonly state: ViewerState,
  ) {
    onChange([state.run, state.timeline.step], () => void this.read());
  }

  get value(): Signal<Confusion | null> {
    return this.found;
  }

  /** The step whose predictions are counted; they may be rarer than snapshots. */
  get step(): Signal<number | null> {
    return this.at;
  }

  /** Why there is none. */
  get problem(): Signal<string | null> {
    return this.trouble;
  }

  watch(): () => void {
    this.watchers++;
    void this.read();
    return () => void this.watchers--;
  }

  private async read(): Promise<void> {
    const ticket = ++this.ticket;
    const run = this.state.run.value;
    if (this.watchers === 0 || run === null) return;
    try {
      const name = trueColumn(run);
      const info = run.columns.find((column) => column.name === name);
      const steps = run.predictions.steps;
      const now = this.state.timeline.step.value ?? Number.POSITIVE_INFINITY;
      const step = steps.filter((one) => one <= now).at(-1) ?? steps[0];
      if (info === undefined) throw new Error("This run has no column with the true classes.");
      if (step === undefined) throw new Error("This run has no predictions yet.");
      const [data, column] = await Promise.all([
        this.client.predictions(run.name, run.order, step),
        this.client.column(run.name, run.order, info),
      ]);
      if (ticket !== this.ticket) return;
      if (column.kind !== "categorical") throw new Error(`Column "${info.name}" has no classes.`);
      const truth = (info.categories ?? []).map((category) => category.name);
      const classes = predictedClasses(run, truth);
      this.at.set(step);
      this.found.set(confusionOf(classes, data, truth, column.codes, MOST_CLASSES));
      this.trouble.set(null);
    } catch (error) {
      if (ticket !== this.ticket) return;
      this.found.set(null);
      this.trouble.set(error instanceof Error ? error.message : String(error));
    }
  }
}
