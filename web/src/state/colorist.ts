import type { Client, PredictionData } from "../data/client.js";
import type { RunDescription } from "../data/types.js";
import {
  followsStep,
  predictedClasses,
  trueColumn,
  type Coloring as Choice,
} from "./coloring_choice.js";
import type { Knowing, Way } from "../data/knowing.js";
import type { Clusters } from "./clusters.js";
import { Coloring, type Legend } from "./coloring.js";
import {
  groupByCategory,
  groupByColumn,
  groupByConfidence,
  groupByContribution,
  groupByCorrectness,
  groupByMeasure,
  groupByPrediction,
  groupByTrust,
  type Grouping,
} from "./grouping.js";
import { POINT_MEASURES, type PointMeasures } from "./point_measures.js";
import { computed, onChange, signal, type Signal } from "./signal.js";
import type { ViewerState } from "./viewer_state.js";

/** Where colours come from that say why points are where they are. */
export interface Reasons {
  knowing: Knowing;
  clusters: Clusters;
  /** What is explained now; null without a map. */
  way: () => Way | null;
  /** Changes with what is explained, and when an explanation has been made. */
  changed: readonly Signal<unknown>[];
}

const BY_REASON: ReadonlySet<string> = new Set(["clusters", "feature", "winning"]);

/** Fetches what the chosen coloring needs, and keeps groups, colours and legend up to date. */
export class Colorist {
  private readonly painted = signal<Uint8Array | null>(null);
  private asked = 0;
  private unwatch: () => void = () => undefined;
  private later: readonly (readonly [coloring: string, key: string])[] = [];
  /** What is wrong with the chosen coloring, shown in the legend. */
  readonly problem = signal<string | null>(null);
  /** The step whose predictions are shown; they may be rarer than snapshots. */
  readonly predictionStep = signal<number | null>(null);
  readonly legend: Signal<Legend | null>;

  constructor(
    private readonly client: Client,
    private readonly state: ViewerState,
    private readonly trust: { version: Signal<unknown>; read: () => Uint8Array | null },
    private readonly points: PointMeasures,
    private readonly reasons: Reasons,
    /** Shared by maps side by side, so that a value has one colour in all of them. */
    readonly coloring = new Coloring(),
  ) {
    this.legend = computed([state.grouping, state.theme], (grouping, theme) =>
      grouping === null ? null : this.coloring.legend(grouping, theme),
    );
    onChange([state.coloring], () => this.watch());
    onChange([state.run, state.coloring], () => void this.regroup());
    onChange([points.version], () => {
      if (state.coloring.value.by === "measure") void this.regroup();
    });
    onChange([state.timeline.step], () => {
      if (followsStep(state.coloring.value)) void this.regroup();
    });
    onChange([trust.version], () => {
      if (state.coloring.value.by === "trust") void this.regroup();
    });
    onChange([state.projection, reasons.clusters.version, ...reasons.changed], () => {
      if (BY_REASON.has(state.coloring.value.by)) void this.regroup();
    });
    computed([state.grouping, state.theme], (grouping, theme) =>
      this.painted.set(grouping === null ? null : this.coloring.paint(grouping, theme)),
    );
  }

  /** One RGBA colour per row; null while nothing is coloured. */
  get colors(): Signal<Uint8Array | null> {
    return this.painted;
  }

  /** Hides legend entries by coloring and key as soon as their rows are known. */
  hideLater(entries: readonly (readonly [coloring: string, key: string])[]): void {
    this.later = entries;
    this.hideAgain();
  }

  /** Has what is coloured by measured as long as it is. */
  private watch(): void {
    const choice = this.state.coloring.value;
    this.unwatch();
    this.unwatch = choice.by === "measure" ? this.points.watch(choice.what) : () => undefined;
  }

  /** Hidden entries stay hidden when their rows change, as predictions do from step to step. */
  private hideAgain(): void {
    const { filter } = this.state;
    const legend = this.legend.value;
    if (legend === null) return;
    for (const { key, rows } of legend.entries) {
      const wanted = this.later.some((one) => one[0] === legend.id && one[1] === key);
      if (wanted || filter.isHidden(legend.id, key)) filter.hideGroup(legend.id, key, rows());
    }
    this.later = this.later.filter(([coloring]) => coloring !== legend.id);
  }

  private async regroup(): Promise<void> {
    const ticket = ++this.asked;
    const run = this.state.run.value;
    if (run === null) return;
    try {
      const grouping = await this.groupingOf(run, this.state.coloring.value);
      // A slower answer to an older question must not win.
      if (ticket !== this.asked) return;
      this.problem.set(null);
      this.state.grouping.set(grouping);
      this.hideAgain();
    } catch (error) {
      if (ticket !== this.asked) return;
      this.problem.set(error instanceof Error ? error.message : String(error));
      this.state.grouping.set(null);
    }
  }

  private async groupingOf(run: RunDescription, choice: Choice): Promise<Grouping | null> {
    switch (choice.by) {
      case "nothing":
        return null;
      case "trust": {
        const trust = this.trust.read();
        return trust === null ? null : groupByTrust(trust);
      }
      case "measure": {
        const values = await this.points.read(choice.what);
        if (values === null) return null;
        const { title, range } = POINT_MEASURES[choice.what];
        return groupByMeasure(choice.what, title, values, range);
      }
      case "column": {
        const info = run.columns.find((column) => column.name === choice.name);
        if (info === undefined) throw new Error(`There is no column "${choice.name}" any more.`);
        return groupByColumn(
          info,
          await this.client.column(run.name, run.order, info),
          choice.label,
        );
      }
      case "confidence":
        return groupByConfidence(await this.predictions(run));
      case "prediction": {
        const data = await this.predictions(run);
        return groupByPrediction(classesOf(run, data), data, trueColumn(run));
      }
      case "correctness":
        return this.correctness(run);
      case "clusters":
        return this.clusters(run);
      case "feature":
        return this.feature(run, choice);
      case "winning":
        return this.winning(run);
    }
  }

  private async clusters(run: RunDescription): Promise<Grouping | null> {
    if (this.state.projection.value === null) return null;
    const { codes, clusters } = await this.reasons.clusters.read();
    const names = clusters.map((cluster) => cluster.name);
    const grouping = groupByCategory("clusters", "clusters", names, codes);
    // A cluster that is named after a class has its colour.
    const truth = trueColumn(run);
    return truth === null ? grouping : { ...grouping, palette: `column:${truth}` };
  }

  private async feature(
    run: RunDescription,
    choice: Extract<Choice, { by: "feature" }>,
  ): Promise<Grouping | null> {
    const way = this.reasons.way();
    if (way === null) return null;
    const { index, axis } = choice;
    const { knowing } = this.reasons;
    const values = await knowing.contributions(run.name, run.order, way, index, axis);
    return groupByContribution(`feature ${index} ${axis}`, choice.name, values, axis !== null);
  }

  private async winning(run: RunDescription): Promise<Grouping | null> {
    const way = this.reasons.way();
    if (way === null) return null;
    const { codes, features } = await this.reasons.knowing.winning(run.name, run.order, way);
    const place = new Map(features.map((feature, i) => [feature.index, i]));
    const own = codes.map((code) => place.get(code) ?? features.length);
    const names = features.map((feature) => feature.name);
    return groupByCategory("winning", "winning feature", names, own);
  }

  private async correctness(run: RunDescription): Promise<Grouping> {
    const name = trueColumn(run);
    const info = run.columns.find((column) => column.name === name);
    if (info === undefined) {
      throw new Error("Correctness needs a column with the true classes; this run has none.");
    }
    const [data, column] = await Promise.all([
      this.predictions(run),
      this.client.column(run.name, run.order, info),
    ]);
    if (column.kind !== "categorical") throw new Error(`Column "${info.name}" holds no classes.`);
    const truth = (info.categories ?? []).map((category) => category.name);
    return groupByCorrectness(predictedClasses(run, truth), data, truth, column.codes);
  }

  private async predictions(run: RunDescription): Promise<PredictionData> {
    const now = this.state.timeline.step.value ?? Number.POSITIVE_INFINITY;
    const steps = run.predictions.steps;
    const step = steps.filter((one) => one <= now).at(-1) ?? steps[0];
    if (step === undefined) throw new Error("This run has no predictions yet.");
    this.predictionStep.set(step);
    return this.client.predictions(run.name, run.order, step);
  }
}

/** Class names by number; numbers where the run names none. */
function classesOf(run: RunDescription, data: PredictionData): readonly string[] {
  if (run.classes !== null) return run.classes;
  const missing = data.predicted instanceof Uint16Array ? 0xffff : 0xffffffff;
  let most = -1;
  for (const code of data.predicted) if (code !== missing && code > most) most = code;
  return Array.from({ length: most + 1 }, (_, i) => String(i));
}
