import type { App } from "./app.js";
import type { SampleOptions } from "./data/sample.js";

interface ComparingExhibit {
  title: string;
  runs: SampleOptions[];
  hash?: string;
  then?: (app: App) => void;
}

const TWO: SampleOptions[] = [{}, { name: "digits-cnn", n: 1500 }];
const EARLY = JSON.stringify(["digits-mlp", "hidden", '["umap"]', 100]);
const OTHER = JSON.stringify(["digits-cnn", "hidden", '["tsne"]', null]);

/** A hash with maps beside the main one. */
function beside(...choices: string[]): string {
  return [...choices.map((one) => `beside=${encodeURIComponent(one)}`)].join("&");
}

/** Everything that compares: maps beside each other, over each other, many and small, two runs. */
export const COMPARING: Record<string, ComparingExhibit> = {
  beside: { title: "Two steps side by side", runs: [{}], hash: beside(EARLY) },
  "beside-runs": {
    title: "Another step and another run beside the map, in 3D",
    runs: TWO,
    hash: `run=digits-mlp&dim=3&${beside(EARLY, OTHER)}`,
  },
  overlay: {
    title: "One run laid over another",
    runs: TWO,
    hash: `run=digits-mlp&overlay=0.4&${beside(OTHER)}`,
  },
  multiples: {
    title: "Small maps, with a grid of settings and seeds",
    runs: [{}],
    then: ({ viewer }) => {
      const stop = viewer.state.projection.subscribe((projection) => {
        if (projection === null) return;
        queueMicrotask(() => stop());
        viewer.multiples.open.set(true);
        void viewer.multiples.plan("umap", [{ name: "n_neighbors", text: "5, 15, 50" }], "0, 1, 2");
      });
    },
  },
  runs: {
    title: "What two runs share",
    runs: TWO,
    hash: "run=digits-mlp",
    then: ({ viewer }) => {
      viewer.state.panel.set("compare");
      const stop = viewer.state.projection.subscribe((projection) => {
        if (projection === null) return;
        queueMicrotask(() => stop());
        viewer.runsCompared.choose("digits-cnn");
        void viewer.runsCompared.compare();
      });
    },
  },
};
