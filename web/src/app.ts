import { mount, unmount } from "svelte";
import { openBeside, shareFrame, type MainMap } from "./beside.js";
import { Client } from "./data/client.js";
import { ComparingQuestions } from "./data/comparing.js";
import { Finding } from "./data/finding.js";
import { Prefixes } from "./data/prefixes.js";
import { Viewing } from "./data/viewing.js";
import type { Transport } from "./data/transport.js";
import { Overlaid } from "./stage/blend.js";
import { Print } from "./stage/print.js";
import { Stage } from "./stage/stage.js";
import { CrossFilter } from "./state/cross_filter.js";
import { EdgeLines } from "./state/edge_lines.js";
import { Finder } from "./state/finder.js";
import { Guest } from "./state/guest.js";
import { GivenLabels } from "./state/given_labels.js";
import { SavedSelections } from "./state/saved.js";
import { Knowing } from "./data/knowing.js";
import { Layering } from "./data/layering.js";
import { Clusters } from "./state/clusters.js";
import { Colorist } from "./state/colorist.js";
import { Comparing, differences } from "./state/comparing.js";
import { Confusions } from "./state/confusions.js";
import { Items } from "./state/items.js";
import { Measures } from "./state/measures.js";
import { Moved } from "./state/moved.js";
import { Multiples } from "./state/multiples.js";
import { Neighbors } from "./state/neighbors.js";
import { Palette } from "./state/palette.js";
import { PointMeasures } from "./state/point_measures.js";
import { Reference } from "./state/reference.js";
import { RunsCompared } from "./state/runs_compared.js";
import { asksForMore } from "./state/scene.js";
import { Session } from "./state/session.js";
import { computed, onChange } from "./state/signal.js";
import { decodeSprites } from "./state/sprites.js";
import { Table } from "./state/table.js";
import { Taking } from "./state/taking.js";
import { Torn } from "./state/torn.js";
import { decodeAddress, type Address } from "./state/url.js";
import type { Viewer } from "./state/viewer.js";
import { Views } from "./state/views.js";
import { ViewerState } from "./state/viewer_state.js";
import { Why } from "./state/why.js";
import Shell from "./views/Shell.svelte";

const ADDRESS_WAIT_MS = 250;

/** A running viewer, as the page, the tests and the benchmarks hold it. */
export interface App {
  viewer: Viewer;
  stage: Stage;
  client: Client;
  close(): void;
}

/** How the viewer stands in a page that is not its own. */
export interface Setting {
  /** What to enlarge to the whole screen. */
  host?: HTMLElement;
}

/** Puts state, renderer and views together inside `target`. */
export function start(
  target: HTMLElement,
  transport: Transport,
  hash = "",
  { host }: Setting = {},
): App {
  const client = new Client(transport);
  const state = new ViewerState();
  const session = new Session(client, state);
  const knowing = new Knowing(transport);
  const reference = new Reference();
  const neighbors = new Neighbors(client, knowing, state, reference);
  const why = new Why(client, knowing, state, reference);
  const clusters = new Clusters(knowing, state);
  const table = new Table(client, knowing, state);
  const measures = new Measures(client, state);
  const points = new PointMeasures(client, state, measures);
  const colorist = new Colorist(client, state, session.projections.trust, points, {
    knowing,
    clusters,
    way: () => why.way,
    changed: [reference.step, why.answer],
  });
  const torn = new Torn(client, state);
  const layering = new Layering(transport);
  const items = new Items(client, state);
  const labels = new GivenLabels(layering, state);
  session.listeners.add((event) => labels.hear(event));
  const stage = new Stage(client, state, session, colorist, why.shownArrows, {
    layering,
    labels: labels.list,
    ids: (rows) => items.ids(rows),
  });
  const edges = new EdgeLines(client, layering, knowing, state, neighbors.metric, () =>
    stage.placesNow(),
  );
  const taking = new Taking(client, knowing, {
    state,
    colorist,
    measures,
    projections: session.projections,
    print: new Print(stage, state, session, colorist),
    labels: stage.labels,
  });
  const finding = new Finding(transport);
  const finder = new Finder(finding, state);
  const crossFilter = new CrossFilter(client, state);
  const saved = new SavedSelections(finding, state);
  const questions = new ComparingQuestions(transport);
  const comparing = new Comparing(state, session, (choice, id) => openBeside(main, choice, id));
  stage.blend = new Overlaid(comparing, state, () => stage.redraw());
  const prepare = (address: Address) => {
    applyLook(state, address);
    colorist.hideLater(address.hidden ?? []);
  };
  const views = new Views(new Viewing(transport), state, () => viewer, stage.eye, prepare);
  const viewer: Viewer = {
    state,
    session,
    colorist,
    items,
    finder,
    crossFilter,
    saved,
    measures,
    points,
    torn,
    confusions: new Confusions(client, state),
    reference,
    neighbors,
    why,
    clusters,
    table,
    taking,
    views,
    palette: new Palette(() => viewer),
    labels,
    edges,
    map: stage,
    guest: host === undefined ? null : new Guest(host),
    comparing,
    multiples: new Multiples(client, new Prefixes(transport), state),
    moved: new Moved(questions, state, reference),
    runsCompared: new RunsCompared(client, questions, state, session),
  };
  const main: MainMap = { viewer, stage, client, knowing, questions, layering };
  session.listeners.add((event) => {
    void saved.hear(event);
    void views.hear(event);
  });

  const stops = [
    followSystem(state),
    followSingle(state),
    followHidden(state),
    followBeside(viewer),
    shareFrame(comparing, stage),
    () => saved.close(),
    () => views.close(),
  ];
  // Steps and spaces of one run mean nothing in another.
  stops.push(onChange([computed([state.run], (run) => run?.name)], () => reference.clear()));
  const address = decodeAddress(hash);
  prepare(address);
  stage.eye.wanted = address.camera;
  const view = mount(Shell, { target, props: { viewer } });
  void session.start(address).then(() => restoreFirst(viewer, address));
  return {
    viewer,
    stage,
    client,
    close() {
      for (const stop of stops) stop();
      comparing.clear();
      session.close();
      measures.close();
      torn.close();
      viewer.guest?.close();
      edges.close();
      void unmount(view);
    },
  };
}

/** Writes the view into the address after every change, and obeys an address typed by hand. */
export function followAddress({ viewer, stage }: App, page: Window): () => void {
  const { state, session } = viewer;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let written = page.location.hash;
  const write = () => {
    if (state.run.value === null) return;
    written = `#${viewer.views.address()}`;
    page.history.replaceState(null, "", written);
  };
  const stop = onChange(
    [
      state.run,
      state.spaceName,
      state.fit,
      session.projections.recipe,
      state.timeline.position,
      state.coloring,
      state.filter.hiddenGroups,
      state.trails,
      state.sprites.shown,
      state.sprites.look,
      state.sprites.crowd,
      state.trustFade,
      state.layers.text,
      state.chosenTheme,
      state.selection.rows,
      stage.eye.text,
      viewer.comparing.version,
      viewer.comparing.linked,
      viewer.comparing.overlay,
      state.lanes.chosen,
      viewer.finder.conditions,
      viewer.crossFilter.charts,
      state.filter.isolation,
      state.focus,
      state.timeline.pair,
      viewer.reference.step,
      viewer.neighbors.drawn,
      viewer.torn.shown,
      viewer.why.drawn,
      viewer.table.open,
      viewer.table.tab,
    ],
    () => {
      clearTimeout(timer);
      timer = setTimeout(write, ADDRESS_WAIT_MS);
    },
  );
  const changed = () => {
    if (page.location.hash === written) return;
    const address = decodeAddress(page.location.hash);
    const run = address.run ?? state.run.value?.name;
    if (run === undefined) return;
    void viewer.views.open({ ...address, run });
  };
  page.addEventListener("hashchange", changed);
  return () => {
    stop();
    clearTimeout(timer);
    page.removeEventListener("hashchange", changed);
  };
}

/** Restores the rest of the first view, as soon as there is a run to restore it on. */
function restoreFirst({ views, state }: Viewer, address: Address): void {
  // Otherwise it would take back what somebody quick has opened meanwhile.
  if (!asksForMore(address)) return;
  const wanted = () =>
    address.run === undefined || state.run.value?.name === address.run
      ? void views.restore(address)
      : undefined;
  if (state.run.value !== null) return wanted();
  const stop = onChange([state.run], () => {
    queueMicrotask(() => stop());
    // The run's own opening comes first.
    setTimeout(wanted, 0);
  });
}

function applyLook(state: ViewerState, address: Address): void {
  state.trails.set(address.trails ?? false);
  decodeSprites(address.images, state.sprites);
  state.trustFade.set(Math.min(Math.max(address.trust ?? 0, 0), 1));
  state.layers.read(address.layers ?? "");
  if (address.theme !== undefined) state.chosenTheme.set(address.theme);
}

/** Shows the details of a selection that is a single item, however it was made. */
function followSingle({ selection, focus }: ViewerState): () => void {
  return onChange([selection.rows], () => {
    if (selection.count.value === 1) focus.set(selection.rows.value.rows[0] ?? null);
  });
}

/** What is out of sight is not selected; undo gives it back. */
function followHidden({ selection, filter }: ViewerState): () => void {
  return onChange([filter.hidden], () => {
    const rows = selection.rows.value;
    const hidden = filter.hidden.value;
    if (hidden !== null && hidden.size === rows.size) selection.apply(filter.visible(rows));
  });
}

/** Lists of neighbours and reasons compare with map B while there is one. */
function followBeside({ state, comparing, reference }: Viewer): () => void {
  let held = false;
  return onChange([comparing.beside, comparing.version, state.timeline.step], () => {
    const other = comparing.beside.value[0];
    if (other === undefined) {
      if (held) reference.clear();
      held = false;
    } else if (!state.timeline.playing.value && other.viewer.state.timeline.step.value !== null) {
      reference.set(...differences(state, other.viewer.state));
      held = true;
    }
  });
}

/** Follows the system's wishes for dark or light and for less motion. */
function followSystem(state: ViewerState): () => void {
  const light = matchMedia("(prefers-color-scheme: light)");
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const read = () => {
    state.systemTheme.set(light.matches ? "light" : "dark");
    state.reducedMotion.set(still.matches);
  };
  read();
  light.addEventListener("change", read);
  still.addEventListener("change", read);
  return () => {
    light.removeEventListener("change", read);
    still.removeEventListener("change", read);
  };
}
