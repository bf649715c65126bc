import type { Client } from "./data/client.js";
import type { ComparingQuestions } from "./data/comparing.js";
import type { Knowing } from "./data/knowing.js";
import type { Layering } from "./data/layering.js";
import { cameraOf, glanceOf } from "./stage/camera_link.js";
import { Stage } from "./stage/stage.js";
import { Clusters } from "./state/clusters.js";
import { Colorist } from "./state/colorist.js";
import type { Beside, BesideChoice, Comparing } from "./state/comparing.js";
import { GivenLabels } from "./state/given_labels.js";
import { Items } from "./state/items.js";
import { LinkedSelection } from "./state/linked_selection.js";
import { Measures } from "./state/measures.js";
import { Pairing } from "./state/pairing.js";
import { PointMeasures } from "./state/point_measures.js";
import { recipeOf } from "./state/recipe.js";
import { Session } from "./state/session.js";
import { onChange, signal, type Signal, type WritableSignal } from "./state/signal.js";
import { Torn } from "./state/torn.js";
import type { MapPort, Viewer } from "./state/viewer.js";
import { ViewerState } from "./state/viewer_state.js";

/** What a map beside the main one is made from. */
export interface MainMap {
  viewer: Viewer;
  stage: Stage;
  client: Client;
  knowing: Knowing;
  questions: ComparingQuestions;
  layering: Layering;
}

/**
 * Opens a map beside the main one: a viewer with a state, a session and a canvas of its own, so
 * that whatever the main map can show, it can. Selection, pointer, filter and camera are shared.
 */
export function openBeside(main: MainMap, choice: BesideChoice, id: number): Beside {
  const { client, knowing } = main;
  const shared = main.viewer;
  const pairing = signal<Pairing | null>(null);
  const selection = new LinkedSelection(shared.state.selection, () => pairing.value);
  const state = new ViewerState(selection);
  const session = new Session(client, state);
  const measures = new Measures(client, state);
  const points = new PointMeasures(client, state, measures);
  const clusters = new Clusters(knowing, state);
  const colorist = new Colorist(
    client,
    state,
    session.projections.trust,
    points,
    { knowing, clusters, way: () => null, changed: [] },
    shared.colorist.coloring,
  );
  const items = new Items(client, state);
  const labels = new GivenLabels(main.layering, state);
  const stage = new Stage(client, state, session, colorist, signal(null), {
    layering: main.layering,
    labels: labels.list,
    ids: (rows) => items.ids(rows),
  });
  const link = new CameraLink(main, stage, state, shared.comparing.linked);
  const viewer: Viewer = {
    ...shared,
    state,
    session,
    colorist,
    measures,
    points,
    clusters,
    torn: new Torn(client, state),
    items,
    labels,
    map: link.port,
  };
  const follows = signal(choice.step === null);
  const pairs = new PairingOf(main, state, pairing);
  const tell = (event: Parameters<Session["hear"]>[0]) => {
    if (state.run.value !== null) void session.hear(event);
  };
  shared.session.listeners.add(tell);
  const stops = [
    ...mirror(shared.state, state),
    ...join(shared.state, state, pairing, selection),
    onChange([shared.state.fit], () => {
      void session.projections.showFit(shared.state.fit.value);
    }),
    followStep(shared.state, state, follows),
    pairs.follow(),
    link.follow(),
    shareFrame(shared.comparing, stage),
  ];
  void session.open(choice.run, {
    run: choice.run,
    space: choice.space,
    dimensions: shared.state.fit.value,
    map: choice.map === "" || recipeOf(choice.map) === null ? undefined : choice.map,
    step: choice.step ?? undefined,
  });
  return {
    id,
    viewer,
    follows,
    pairing,
    problem: pairs.problem,
    close() {
      shared.session.listeners.delete(tell);
      for (const stop of stops) stop();
      session.close();
      measures.close();
      viewer.torn.close();
    },
  };
}

/** Has all maps side by side drawn within one frame's time. */
export function shareFrame({ beside }: Comparing, { pace }: Stage): () => void {
  return beside.subscribe((maps) => (pace.maps = maps.length + 1));
}

/** Whatever is chosen for the look of the main map holds for all. */
function mirror(from: ViewerState, to: ViewerState): (() => void)[] {
  const follow = <T>(source: Signal<T>, target: WritableSignal<T>) =>
    source.subscribe((value) => target.set(value));
  return [
    follow(from.tool, to.tool),
    follow(from.brush, to.brush),
    follow(from.frontOnly, to.frontOnly),
    follow(from.theme, to.systemTheme),
    follow(from.reducedMotion, to.reducedMotion),
    follow(from.trustFade, to.trustFade),
    follow(from.trails, to.trails),
    from.layers.text.subscribe((text) => to.layers.read(text)),
    follow(from.runs, to.runs),
    follow(from.project, to.project),
    to.brush.subscribe((value) => from.brush.set(value)),
    onChange([from.coloring, to.run], () => to.coloring.set(from.coloring.value)),
  ];
}

/** The same items are selected, hidden, pointed at and explained in both maps. */
function join(
  main: ViewerState,
  beside: ViewerState,
  pairing: Signal<Pairing | null>,
  selection: LinkedSelection,
): (() => void)[] {
  const forth = (row: number | null) =>
    row === null ? null : (pairing.value?.beside(row) ?? null);
  const back = (row: number | null) => (row === null ? null : (pairing.value?.main(row) ?? null));
  const hide = () => {
    const hidden = main.filter.hidden.value;
    const pairs = pairing.value;
    if (hidden === null || pairs === null || hidden.size !== pairs.nMain) {
      return beside.filter.isolate(null);
    }
    beside.filter.isolate(pairs.setBeside(hidden).invert());
  };
  const point = () => beside.echo.set(forth(main.hover.value?.row ?? main.echo.value));
  const focus = () => {
    // What is missing here is no reason to forget it there.
    const row = forth(main.focus.value);
    if (row !== null || main.focus.value === null) beside.focus.set(row);
  };
  return [
    onChange([main.selection.rows, pairing], () => selection.follow()),
    onChange([main.filter.hidden, pairing], hide),
    onChange([main.hover, main.echo, pairing], point),
    onChange([main.focus, pairing], focus),
    onChange([beside.hover], () => main.echo.set(back(beside.hover.value?.row ?? null))),
    onChange([beside.focus], () => {
      const row = back(beside.focus.value);
      if (row !== null || beside.focus.value === null) main.focus.set(row);
    }),
    () => main.echo.set(null),
  ];
}

/** Keeps the playhead at the main map's while it follows. */
function followStep(main: ViewerState, beside: ViewerState, follows: Signal<boolean>): () => void {
  return onChange([main.timeline.position, beside.timeline.steps, follows], () => {
    if (!follows.value || beside.timeline.steps.value.length === 0) return;
    beside.timeline.seek(main.timeline.position.value);
  });
}

/** Joins the rows of two maps by id, again whenever one of them shows another run. */
class PairingOf {
  readonly problem = signal<string | null>(null);
  private ticket = 0;

  constructor(
    private readonly main: MainMap,
    private readonly beside: ViewerState,
    private readonly found: WritableSignal<Pairing | null>,
  ) {}

  follow(): () => void {
    const own = this.main.viewer.state.run;
    const stop = onChange([own, this.beside.run], () => void this.read());
    void this.read();
    return () => {
      this.ticket++;
      stop();
    };
  }

  private async read(): Promise<void> {
    const ticket = ++this.ticket;
    const a = this.main.viewer.state.run.value;
    const b = this.beside.run.value;
    if (a === null || b === null) return this.found.set(null);
    const old = this.found.value;
    if (a.name === b.name && a.order === b.order) {
      this.problem.set(null);
      if (!old?.isSame || old.nMain !== a.n_items) this.found.set(Pairing.same(a.n_items));
      return;
    }
    try {
      const rows = await this.main.questions.pairing(a.name, a.order, b.name, b.order);
      if (ticket !== this.ticket) return;
      const pairing = new Pairing(a.n_items, b.n_items, rows);
      this.problem.set(pairing.shared === 0 ? "No item is in both runs" : null);
      this.found.set(pairing);
    } catch (error) {
      if (ticket !== this.ticket) return;
      this.problem.set(error instanceof Error ? error.message : String(error));
      this.found.set(null);
    }
  }
}

/** Two cameras that glance the same way at their maps, whichever of them a hand moves. */
class CameraLink {
  /** The other map, whose movements are the main map's as well. */
  readonly port: MapPort;
  private carrying = false;

  constructor(
    private readonly main: MainMap,
    private readonly stage: Stage,
    private readonly own: ViewerState,
    private readonly linked: Signal<boolean>,
  ) {
    const hand =
      <A extends unknown[]>(move: (...args: A) => void) =>
      (...args: A) => {
        move.apply(stage, args);
        this.back();
      };
    this.port = {
      attach: (canvas) => stage.attach(canvas),
      setInset: (pixels) => stage.setInset(pixels),
      pick: (x, y) => stage.pick(x, y),
      select: (polygon, mode) => stage.select(polygon, mode),
      pan: hand(stage.pan),
      orbit: hand(stage.orbit),
      zoom: hand(stage.zoom),
      zoomCentre: hand(stage.zoomCentre),
      frameSelection: hand(stage.frameSelection),
      resetView: hand(stage.resetView),
      depth: stage.depth,
      labels: stage.labels,
      axes: stage.axes,
      arrows: stage.arrows,
    };
  }

  follow(): () => void {
    const { planar, spatial } = this.main.viewer.state;
    const parts = [this.main.stage.eye.text, this.linked, planar, spatial];
    return onChange([...parts, this.own.planar, this.own.spatial], () => this.forth());
  }

  /** The main map was moved, or this one has come. */
  private forth(): void {
    if (this.carrying) return;
    this.carry(this.main.stage, this.stage);
  }

  /** This map was moved by hand. */
  private back(): void {
    this.carrying = true;
    this.carry(this.stage, this.main.stage);
    this.carrying = false;
  }

  private carry(from: Stage, to: Stage): void {
    const camera = from.eye.goal;
    if (!this.linked.value || camera === null || to.eye.camera === null) return;
    const now = !from.eye.moving || this.main.viewer.state.reducedMotion.value;
    // A view that nobody chose is each map's own overview, which leaves room for panels.
    if (from.eye.text.value === "")
      return to.eye.text.value === "" ? undefined : to.take(null, now);
    const glance = glanceOf(camera, from.eye.overview(camera));
    to.take(cameraOf(glance, to.eye.overview(to.eye.camera)), now);
  }
}
