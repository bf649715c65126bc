import { followAddress, start, type App } from "./app.js";
import { MemoryTransport, type MemoryBehaviour } from "./data/memory.js";
import { sampleRun, type SampleOptions, type SampleRun } from "./data/sample.js";
import { COMPARING } from "./gallery_comparing.js";
import { KNOWING } from "./gallery_knowing.js";
import { LAYERS } from "./gallery_layers.js";
import { paintSprites } from "./gallery_sprites.js";
import "./views/page.css";
import "./views/theme.css";

/** One state of the viewer worth looking at: `gallery.html?show=name`. */
interface Exhibit {
  title: string;
  runs?: SampleOptions[];
  behaviour?: MemoryBehaviour;
  hash?: string;
  then?: (app: App, transport: MemoryTransport) => void;
}

const HOSTILE = [
  '<img src=x onerror="alert(1)">',
  "<script>alert(2)</script>",
  "\u202Egnp.exe",
  "a name so long that no legend could ever hold all of it, and then some more of it",
  "{{constructor}}",
];

const EXHIBITS: Record<string, Exhibit> = {
  run: { title: "A training run", runs: [{}] },
  spatial: { title: "The 3D fit", runs: [{}], hash: "dim=3" },
  light: { title: "Light", runs: [{}], hash: "theme=light" },
  selection: {
    title: "A selection with trails",
    runs: [{}],
    hash: "trails=1",
    then: ({ viewer }) => {
      const stop = viewer.state.grouping.subscribe((grouping) => {
        if (grouping === null) return;
        queueMicrotask(() => stop());
        viewer.state.selection.apply(grouping.rowsOf("=digit 3"));
        viewer.state.focus.set(viewer.state.selection.rows.value.rows[0] ?? null);
      });
    },
  },
  number: { title: "Coloured by a number", runs: [{}], hash: 'color=column:["difficulty"]' },
  set: { title: "Coloured by a set", runs: [{}], hash: 'color=column:["tags"]' },
  member: { title: "One label of a set", runs: [{}], hash: 'color=column:["tags","=loop"]' },
  trust: { title: "Coloured by trust", runs: [{}], hash: "color=trust&trust=0.8" },
  tracks: {
    title: "Tracks of a run",
    runs: [{}],
    then: ({ viewer }) =>
      viewer.state.lanes.choose([
        "scalar:loss",
        "motion:F",
        "motion:J",
        "track:effective_rank|",
        "track:drift_l2|skip 1",
      ]),
  },
  pair: {
    title: "Two steps compared",
    runs: [{}],
    then: ({ viewer }) => {
      const stop = viewer.state.timeline.steps.subscribe((steps) => {
        if (steps.length === 0) return;
        queueMicrotask(() => stop());
        viewer.state.timeline.compare(100, 600);
        viewer.state.timeline.blend(0.4);
      });
    },
  },
  torn: {
    title: "Torn and false neighbours",
    runs: [{}],
    hash: "color=measure:torn",
    then: ({ viewer }) => {
      viewer.torn.shown.set(true);
      const stop = viewer.state.projection.subscribe((projection) => {
        if (projection === null) return;
        queueMicrotask(() => stop());
        viewer.state.focus.set(40);
      });
    },
  },
  motion: { title: "False motion", runs: [{}], hash: "color=measure:motion&step=150" },
  unmeasured: {
    title: "Measurements on offer",
    runs: [{}],
    hash: "color=measure:stability",
    behaviour: { measured: "absent", estimateSeconds: 75 },
  },
  measuring: {
    title: "A measurement under way",
    runs: [{}],
    hash: "color=measure:noise",
    behaviour: { measured: "running" },
  },
  sprites: { title: "Images in the place of dots", runs: [{}], hash: "images=ink.all" },
  correct: { title: "Correctness", runs: [{}], hash: "color=correctness&step=150" },
  hostile: { title: "Names from somebody else's data", runs: [{ classes: HOSTILE }] },
  many: {
    title: "Many groups",
    runs: [{ n: 4000, classes: Array.from({ length: 140 }, (_, i) => `class ${i}`) }],
  },
  single: { title: "One snapshot only", runs: [{ steps: [100] }] },
  bare: { title: "No images", runs: [{ tile: null }] },
  large: { title: "A hundred thousand points", runs: [{ n: 100_000, tile: null }] },
  empty: { title: "No runs", runs: [] },
  fresh: { title: "A run without snapshots", runs: [{ steps: [] }] },
  absent: { title: "No projection yet", runs: [{}], behaviour: { projection: "absent" } },
  running: { title: "A projection under way", runs: [{}], behaviour: { projection: "running" } },
  failed: { title: "A failed projection", runs: [{}], behaviour: { projection: "failed" } },
  maps: {
    title: "Making and choosing maps",
    runs: [{}],
    then: ({ viewer }) => viewer.state.panel.set("maps"),
  },
  making: {
    title: "A map under way, with its panel",
    runs: [{}],
    behaviour: { projection: "running" },
    then: ({ viewer }) => viewer.state.panel.set("maps"),
  },
  find: {
    title: "Search, filter and charts",
    runs: [{}],
    then: ({ viewer }) => {
      viewer.state.panel.set("find");
      const stop = viewer.state.projection.subscribe((projection) => {
        if (projection === null) return;
        queueMicrotask(() => stop());
        void viewer.finder.search({ text: "box 7", mode: "text", column: "", case: false });
        const charted = viewer.crossFilter.charts.subscribe((charts) => {
          if (!charts.some(({ info }) => info.name === "difficulty")) return;
          queueMicrotask(() => {
            charted();
            viewer.crossFilter.setRange("difficulty", [0.2, 1]);
          });
        });
      });
    },
  },
  saved: {
    title: "Saved selections",
    runs: [{}],
    then: ({ viewer }) => {
      viewer.state.panel.set("saved");
      const stop = viewer.state.grouping.subscribe((grouping) => {
        if (grouping === null) return;
        queueMicrotask(() => stop());
        for (const name of ["digit 3", "digit 5"]) {
          viewer.state.selection.apply(grouping.rowsOf(`=${name}`));
          void viewer.saved.save(`all of ${name}`);
        }
      });
    },
  },
  take: {
    title: "Pictures and tables to take away",
    runs: [{}],
    then: ({ viewer }) => viewer.state.panel.set("take"),
  },
  views: {
    title: "Kept views",
    runs: [{}],
    then: ({ viewer }) => {
      viewer.state.panel.set("saved");
      const stop = viewer.state.shown.subscribe(({ drawn }) => {
        if (drawn === 0) return;
        queueMicrotask(() => stop());
        void viewer.views
          .save("the whole map")
          .then(() => viewer.map.zoomCentre(3))
          .then(() => new Promise((done) => setTimeout(done, 200)))
          .then(() => viewer.views.save("its middle"));
      });
    },
  },
  palette: {
    title: "The palette of commands",
    runs: [{}],
    then: ({ viewer }) => viewer.palette.toggle(),
  },
  help: {
    title: "Keys and help",
    runs: [{}],
    then: ({ viewer }) => viewer.state.helpOpen.set(true),
  },
  slow: { title: "A slow server", runs: [{}], behaviour: { delay: 1500 } },
  ...KNOWING,
  ...LAYERS,
  ...COMPARING,
  lost: {
    title: "A lost server",
    runs: [{}],
    then: ({ viewer }, transport) => {
      const stop = viewer.state.shown.subscribe(({ drawn }) => {
        if (drawn === 0) return;
        queueMicrotask(() => stop());
        transport.emit({ type: "lost" });
      });
    },
  },
};

function show(name: string, exhibit: Exhibit, target: HTMLElement): void {
  const runs = (exhibit.runs ?? []).map((options) => sampleRun(options));
  const transport = new MemoryTransport(runs, { sprites: spritesOf(runs), ...exhibit.behaviour });
  const app = start(target, transport, location.hash || `#${exhibit.hash ?? ""}`);
  followAddress(app, window);
  exhibit.then?.(app, transport);
  document.title = `driftglass · ${exhibit.title}`;
  // Parts for tests that put a second viewer on the page.
  const parts = { start, MemoryTransport, sampleRun };
  Object.assign(target, { driftglass: app, transport, exhibit: name, parts });
}

function spritesOf(runs: SampleRun[]): MemoryBehaviour["sprites"] {
  const run = runs[0];
  return run === undefined || run.tile === null ? undefined : paintSprites;
}

function list(target: HTMLElement): void {
  target.className = "index";
  const heading = document.createElement("h1");
  heading.textContent = "driftglass: every state of the viewer";
  const links = Object.entries(EXHIBITS).map(([name, { title }]) => {
    const link = document.createElement("a");
    link.href = `?show=${name}`;
    link.textContent = title;
    const line = document.createElement("p");
    line.append(link);
    return line;
  });
  target.append(heading, ...links);
}

const target = document.getElementById("app");
const name = new URLSearchParams(location.search).get("show") ?? "";
const exhibit = EXHIBITS[name];
if (target !== null) {
  if (exhibit === undefined) list(target);
  else show(name, exhibit, target);
}
