import type {
  FrameInfo,
  Job,
  ProjectionInfo,
  RunDescription,
  RunSummary,
  ScalarSeries,
  SpaceInfo,
} from "../data/types.js";
import type { Coloring } from "./coloring_choice.js";
import { Filter } from "./filter.js";
import type { Grouping } from "./grouping.js";
import { Lanes } from "./lanes.js";
import { Layers } from "./layers.js";
import { Lines } from "./lines.js";
import { Selection } from "./selection.js";
import { Sprites } from "./sprites.js";
import { computed, signal, type Signal, type WritableSignal } from "./signal.js";
import { Timeline } from "./timeline.js";

export type Tool = "pan" | "lasso" | "rectangle" | "brush";
export type Theme = "dark" | "light";
export type Fit = 2 | 3;
/** Panels that the rail opens: maps, finding items, saved selections, layers, comparing. */
export type PanelName = "maps" | "find" | "saved" | "layers" | "compare";

/** What the pointer rests on. */
export interface Hover {
  row: number;
  /** Where the pointer is, in CSS pixels from the corner of the map. */
  x: number;
  y: number;
}

/** How many points the map shows, out of how many, and why not all of them. */
export interface Shown {
  drawn: number;
  total: number;
  /** Rows that have a position at this step. */
  present: number;
  hidden: number;
  /** A prefix of the canonical order is drawn while the map moves, or while rows arrive. */
  sampling: "all" | "moving" | "arriving";
}

/** The connection to the server. */
export type Connection = "connecting" | "live" | "lost" | "refused";

/** A problem to be shown where the answer would have been. */
export interface Problem {
  message: string;
  remedy?: string;
}

/** What stands in the place of the map, or beside it. */
export type MapStatus =
  | { kind: "connecting" }
  | { kind: "no-runs" }
  | { kind: "no-snapshots" }
  | { kind: "absent"; fit: Fit; seconds: number | null }
  | {
      kind: "running";
      fit: Fit;
      progress: number | null;
      message: string | null;
      job: string | null;
    }
  | { kind: "failed"; fit: Fit; reason: string }
  | { kind: "error"; problem: Problem }
  | { kind: "loading" }
  | { kind: "ready" };

/** Everything the views show, each part a signal. It fetches nothing and draws nothing. */
export class ViewerState {
  readonly connection: WritableSignal<Connection> = signal<Connection>("connecting");
  readonly runs: WritableSignal<readonly RunSummary[] | null> = signal<
    readonly RunSummary[] | null
  >(null);
  readonly run: WritableSignal<RunDescription | null> = signal<RunDescription | null>(null);
  readonly spaceName: WritableSignal<string | null> = signal<string | null>(null);
  readonly scalars: WritableSignal<Readonly<Record<string, ScalarSeries>>> = signal({});

  /** Name of the store that is served. */
  readonly project: WritableSignal<string | null> = signal<string | null>(null);

  /** The fit asked for; `shownFit` says which one is on screen. */
  readonly fit: WritableSignal<Fit> = signal<Fit>(2);
  readonly planar: WritableSignal<ProjectionInfo | null> = signal<ProjectionInfo | null>(null);
  readonly spatial: WritableSignal<ProjectionInfo | null> = signal<ProjectionInfo | null>(null);
  readonly job: WritableSignal<Job | null> = signal<Job | null>(null);
  readonly problem: WritableSignal<Problem | null> = signal<Problem | null>(null);
  /** Whether the frame under the playhead has begun to arrive. */
  readonly frameHere = signal(false);

  readonly timeline = new Timeline();
  readonly selection: Selection;
  readonly filter = new Filter();
  readonly lines = new Lines();
  readonly lanes = new Lanes();
  readonly layers = new Layers();
  readonly sprites = new Sprites();
  readonly coloring: WritableSignal<Coloring> = signal<Coloring>({ by: "nothing" });
  readonly grouping: WritableSignal<Grouping | null> = signal<Grouping | null>(null);
  readonly hover: WritableSignal<Hover | null> = signal<Hover | null>(null);
  /** The row that the pointer rests on in another map of the same items. */
  readonly echo: WritableSignal<number | null> = signal<number | null>(null);
  /** The row whose details the inspector shows. */
  readonly focus: WritableSignal<number | null> = signal<number | null>(null);

  readonly tool: WritableSignal<Tool> = signal<Tool>("pan");
  /** Radius of the brush in CSS pixels. */
  readonly brush = signal(24);
  /** Whether in 3D only what nothing hides is caught. */
  readonly frontOnly = signal(false);
  /** Whether the server can search by meaning. */
  readonly similar = signal(false);
  readonly trails = signal(false);
  /** How strongly unreliable points fade, 0 to 1. */
  readonly trustFade = signal(0);
  readonly systemTheme: WritableSignal<Theme> = signal<Theme>("dark");
  readonly chosenTheme: WritableSignal<Theme | null> = signal<Theme | null>(null);
  readonly reducedMotion = signal(false);
  readonly inspectorOpen = signal(true);
  readonly legendOpen = signal(true);
  /** What stands beside the rail, if anything. */
  readonly panel: WritableSignal<PanelName | null> = signal<PanelName | null>(null);
  readonly helpOpen = signal(false);
  readonly shown: WritableSignal<Shown> = signal<Shown>({
    drawn: 0,
    total: 0,
    present: 0,
    hidden: 0,
    sampling: "all",
  });
  /** Rows without a position at the step on screen. */
  readonly absent: WritableSignal<Uint32Array> = signal(new Uint32Array(0));
  /** Why there is no WebGL 2, if there is none. */
  readonly withoutWebGL: WritableSignal<string | null> = signal<string | null>(null);

  readonly theme: Signal<Theme> = computed(
    [this.chosenTheme, this.systemTheme],
    (chosen, system) => chosen ?? system,
  );

  readonly space: Signal<SpaceInfo | null> = computed(
    [this.run, this.spaceName],
    (run, name) => run?.spaces.find((space) => space.name === name) ?? null,
  );

  /** The fit on screen: the one asked for, or the other while that one is not there yet. */
  readonly shownFit: Signal<Fit> = computed(
    [this.fit, this.planar, this.spatial],
    (fit, planar, spatial) => {
      if (fit === 3) return isUsable(spatial) || !isUsable(planar) ? 3 : 2;
      return isUsable(planar) || !isUsable(spatial) ? 2 : 3;
    },
  );

  /** The projection on screen. */
  readonly projection: Signal<ProjectionInfo | null> = computed(
    [this.shownFit, this.planar, this.spatial],
    (fit, planar, spatial) => {
      const info = fit === 3 ? spatial : planar;
      return isUsable(info) ? info : null;
    },
  );

  /** Counts and quality of the frame under the playhead. */
  readonly frame: Signal<FrameInfo | null> = computed(
    [this.projection, this.timeline.step],
    (projection, step) => projection?.frames.find((frame) => frame.step === step) ?? null,
  );

  readonly status: Signal<MapStatus> = computed(
    [
      this.runs,
      this.run,
      this.space,
      this.fit,
      this.planar,
      this.spatial,
      this.job,
      this.problem,
      this.frameHere,
    ],
    statusOf,
  );

  /** A map beside another one has the other's selection in place of its own. */
  constructor(selection = new Selection()) {
    this.selection = selection;
  }
}

/** Whether a projection has frames that can be shown. */
export function isUsable(info: ProjectionInfo | null): info is ProjectionInfo & { key: string } {
  return info !== null && info.key !== null && info.steps.length > 0;
}

function statusOf(
  runs: readonly RunSummary[] | null,
  run: RunDescription | null,
  space: SpaceInfo | null,
  fit: Fit,
  planar: ProjectionInfo | null,
  spatial: ProjectionInfo | null,
  job: Job | null,
  problem: Problem | null,
  frameHere: boolean,
): MapStatus {
  if (problem !== null) return { kind: "error", problem };
  if (runs !== null && runs.length === 0) return { kind: "no-runs" };
  if (run === null) return { kind: "connecting" };
  if (!run.spaces.some((one) => one.snapshots.length > 0)) return { kind: "no-snapshots" };
  if (space === null) return { kind: "connecting" };
  const info = fit === 3 ? spatial : planar;
  if (info === null) return { kind: "loading" };
  if (isUsable(info)) return { kind: frameHere ? "ready" : "loading" };
  switch (info.status) {
    case "failed":
      return { kind: "failed", fit, reason: info.reason ?? "The server gave no reason." };
    case "running": {
      const mine = job !== null && job.id === info.job ? job : null;
      return {
        kind: "running",
        fit,
        progress: mine?.progress ?? null,
        message: mine?.message ?? null,
        job: info.job,
      };
    }
    default:
      return { kind: "absent", fit, seconds: info.estimate_seconds };
  }
}
