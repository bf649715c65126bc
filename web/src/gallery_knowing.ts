import type { App } from "./app.js";
import type { MemoryBehaviour } from "./data/memory.js";
import type { SampleOptions } from "./data/sample.js";
import type { DrawerTab } from "./state/table.js";

interface KnowingExhibit {
  title: string;
  runs: SampleOptions[];
  behaviour?: MemoryBehaviour;
  hash?: string;
  then: (app: App) => void;
}

const ROW = 104;

/** Calls back once a map is on screen. */
function onMap({ viewer }: App, then: () => void): void {
  const stop = viewer.state.frameHere.subscribe((here) => {
    if (!here) return;
    queueMicrotask(() => stop());
    then();
  });
}

function pointed(then: (app: App) => void = () => undefined) {
  return (app: App) =>
    onMap(app, () => {
      app.viewer.state.focus.set(ROW);
      then(app);
    });
}

function drawer(tab: DrawerTab, group?: string) {
  return (app: App) =>
    onMap(app, () => {
      const { state, table } = app.viewer;
      table.tab.set(tab);
      table.open.set(true);
      const grouping = state.grouping.value;
      if (group !== undefined && grouping !== null) {
        state.selection.apply(grouping.rowsOf(group));
      }
    });
}

const since = ({ viewer }: App) => viewer.reference.setStep(250);

/** States of the panels that say who is near, why, and what a selection holds. */
export const KNOWING: Record<string, KnowingExhibit> = {
  why: { title: "Why a point is there", runs: [{}], then: pointed() },
  moved: { title: "What moved it", runs: [{}], then: pointed(since) },
  unexplained: {
    title: "A map nobody can explain",
    runs: [{}],
    behaviour: { reasons: "unknown" },
    then: pointed(),
  },
  unasked: {
    title: "A map that is not explained yet",
    runs: [{}],
    behaviour: { reasons: "absent" },
    then: pointed(),
  },
  torchless: {
    title: "A map that needs torch",
    runs: [{}],
    behaviour: { reasons: "missing" },
    then: pointed(),
  },
  feature: {
    title: "Coloured by one feature",
    runs: [{}],
    hash: 'color=feature:[3,"stroke width",0]',
    then: pointed(),
  },
  winning: { title: "The winning feature", runs: [{}], hash: "color=winning", then: pointed() },
  compared: { title: "Neighbours at two steps", runs: [{}], then: pointed(since) },
  costly: {
    title: "A search that waits for you",
    runs: [{}],
    behaviour: { neighbors: "slow" },
    then: pointed(),
  },
  clusters: { title: "Clusters by name", runs: [{}], hash: "color=clusters", then: pointed() },
  table: { title: "The table", runs: [{}], then: drawer("table") },
  images: { title: "The gallery of images", runs: [{}], then: drawer("gallery", "=digit 3") },
  columns: { title: "What a selection holds", runs: [{}], then: drawer("columns", "=digit 3") },
  rows: {
    title: "A hundred thousand rows",
    runs: [{ n: 100_000, tile: null }],
    then: drawer("table"),
  },
};
