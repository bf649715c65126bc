import { mount, unmount } from "svelte";
import { openBeside, shareFrame, type MainMap } from "./beside.js";
import { Client } from "./data/client.js";
import { ComparingQuestions } from "./data/comparing.js";
import { Finding } from "./data/finding.js";
import { Prefixes } from "./data/prefixes.js";
import type { Transport } from "./data/transport.js";
import { Overlaid } from "./stage/blend.js";
import { Stage } from "./stage/stage.js";
import { encodeColoring } from "./state/coloring_choice.js";
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
import { PointMeasures } from "./state/point_measures.js";
import { AUTO, recipeText } from "./state/recipe.js";
import { Reference } from "./state/reference.js";
import { RunsCompared } from "./state/runs_compared.js";
import { Session } from "./state/session.js";
import { computed, onChange } from "./state/signal.js";
import { decodeSprites, encodeSprites } from "./state/sprites.js";
import { Table } from "./state/table.js";
import { Torn } from "./state/torn.js";
import { decodeAddress, encodeAddress, LONGEST_SELECTION, type Address } from "./state/url.js";
import type { Viewer } from "./state/viewer.js";
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
  const finding = new Finding(transport);
  const finder = new Finder(finding, state);
  const crossFilter = new CrossFilter(client, state);
  const saved = new SavedSelections(finding, state);
  session.listeners.add((event) => void saved.hear(event));
  const questions = new ComparingQuestions(transport);
  const comparing = new Comparing(state, session, (choice, id) => openBeside(main, choice, id));
  stage.blend = new Overlaid(comparing, state, () => stage.redraw());
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

  const stops = [
    followSystem(state),
    followSingle(state),
    followHidden(state),
    followBeside(viewer),
    shareFrame(comparing, stage),
    () => saved.close(),
  ];
  // Steps and spaces of one run mean nothing in another.
  stops.push(onChange([computed([state.run], (run) => run?.name)], () => reference.clear()));
  const address = decodeAddress(hash);
  applyLook(state, address);
  stage.eye.wanted = address.camera;
  const view = mount(Shell, { target, props: { viewer } });
  colorist.hideLater(address.hidden ?? []);
  void session.start(address).then(() => besideOf(viewer, address));
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
    written = `#${encodeAddress(addressOf(viewer, stage))}`;
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
    applyLook(state, address);
    stage.eye.wanted = address.camera;
    viewer.colorist.hideLater(address.hidden ?? []);
    void session.open(run, address).then(() => besideOf(viewer, address));
  };
  page.addEventListener("hashchange", changed);
  return () => {
    stop();
    clearTimeout(timer);
    page.removeEventListener("hashchange", changed);
  };
}

/** Opens the maps beside the main one that an address names. */
function besideOf({ comparing }: Viewer, { beside, free, overlay }: Address): void {
  comparing.restore(beside ?? [], !free);
  const laid = overlay === undefined || comparing.beside.value.length === 0;
  comparing.overlay.set(laid ? null : Math.min(Math.max(overlay, 0), 1));
}

function addressOf({ state, session, comparing }: Viewer, stage: Stage): Address {
  const recipe = session.projections.recipe.value;
  const run = state.run.value;
  const rows = state.selection.rows.value;
  const few = state.selection.count.value <= LONGEST_SELECTION;
  const hidden = [...state.filter.hiddenGroups.value].flatMap(([coloring, keys]) =>
    [...keys].map((key) => [coloring, key] as const),
  );
  return {
    run: run?.name,
    space: state.spaceName.value ?? undefined,
    dimensions: state.fit.value,
    map: recipe === AUTO ? undefined : recipeText(recipe),
    // At the end of a growing run the link means "the end", not this step.
    step: state.timeline.atEnd ? undefined : Math.round(state.timeline.position.value),
    color: encodeColoring(state.coloring.value),
    hidden,
    camera: stage.eye.text.value || undefined,
    trails: state.trails.value,
    images: encodeSprites(state.sprites) || undefined,
    trust: state.trustFade.value,
    layers: state.layers.text.value || undefined,
    theme: state.chosenTheme.value ?? undefined,
    beside: comparing.choices(),
    free: comparing.beside.value.length > 0 && !comparing.linked.value,
    overlay: comparing.overlay.value ?? undefined,
    selection: run && few ? { order: run.order, rows: [...rows.rows] } : undefined,
  };
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
