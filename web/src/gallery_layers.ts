import type { App } from "./app.js";
import type { SampleOptions } from "./data/sample.js";

interface LayersExhibit {
  title: string;
  runs: SampleOptions[];
  hash: string;
  then?: (app: App) => void;
}

/** Calls back once a map is on screen and coloured by a column. */
function onGroups({ viewer }: App, then: () => void): void {
  const stop = viewer.state.grouping.subscribe((grouping) => {
    if (grouping === null) return;
    queueMicrotask(() => stop());
    then();
  });
}

/** States of what lies on the map beside its points. */
export const LAYERS: Record<string, LayersExhibit> = {
  shade: {
    title: "Crowds as a soft picture",
    runs: [{ n: 70_000, tile: null }],
    hash: "layers=shade",
  },
  contours: {
    title: "Lines around crowds",
    runs: [{}],
    hash: "layers=contours",
    then: ({ viewer }) => viewer.state.panel.set("layers"),
  },
  edges: {
    title: "Lines to neighbours",
    runs: [{}],
    hash: "layers=edges-all",
    then: ({ viewer }) => viewer.state.panel.set("layers"),
  },
  named: {
    title: "Names that people gave",
    runs: [{}],
    hash: "",
    then: (app) =>
      onGroups(app, () => {
        const { state, labels } = app.viewer;
        state.panel.set("layers");
        const rows = state.grouping.value!.rowsOf("=digit 7");
        state.selection.apply(rows);
        void labels.save("crossed <b>sevens</b>").then(() => {
          const few = rows.rows.slice(0, 3);
          state.selection.apply(state.grouping.value!.rowsOf("=digit 1").intersect(rows));
          state.selection.pick(few[0]!, "replace");
          for (const row of few.slice(1)) state.selection.pick(row, "add");
        });
      }),
  },
  translucent: {
    title: "Points that let light through in 3D",
    runs: [{ n: 20_000, tile: null }],
    hash: "dim=3&layers=o0.15",
  },
};
