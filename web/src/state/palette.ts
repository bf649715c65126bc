import { runCommand } from "./commands.js";
import { choices, coloringName } from "./coloring_choice.js";
import { count, counted } from "./format.js";
import { fitOf } from "./fuzzy.js";
import { KEYMAP } from "./keymap.js";
import { keptRecipe } from "./recipe.js";
import { signal, type Signal } from "./signal.js";
import type { Viewer } from "./viewer.js";

/** Something the palette can do. */
export interface Entry {
  id: string;
  name: string;
  kind: "Command" | "Colour by" | "Map" | "Run" | "Space" | "View" | "Selection" | "Step";
  /** Said quietly at the right: a key, a count. */
  note: string;
  act: () => void;
}

/** An entry that fits, with the places of the letters that were typed. */
export interface Hit {
  entry: Entry;
  at: readonly number[];
}

const MOST_HITS = 60;

/** Everything that has a name, found by a few of its letters. */
export class Palette {
  private readonly shown = signal(false);
  private readonly entries = signal<readonly Entry[]>([]);

  constructor(private readonly viewer: () => Viewer) {}

  get open(): Signal<boolean> {
    return this.shown;
  }

  /** What there is to choose from; grows while lists arrive. */
  get all(): Signal<readonly Entry[]> {
    return this.entries;
  }

  toggle(): void {
    if (this.shown.value) return this.close();
    this.shown.set(true);
    this.entries.set(this.collect());
    void this.fetch();
  }

  close(): void {
    this.shown.set(false);
  }

  act(entry: Entry): void {
    this.close();
    entry.act();
  }

  /** Entries that fit, the best first; without a text all of them, in their order. */
  hits(typed: string, entries: readonly Entry[]): Hit[] {
    const stepEntry = this.stepOf(typed);
    const found = entries
      .flatMap((entry) => {
        // Every command is one, so that word says nothing.
        const whole = entry.kind === "Command" ? entry.name : `${entry.kind}: ${entry.name}`;
        const fit = fitOf(typed, whole);
        const own = fitOf(typed, entry.name);
        if (fit === null && own === null) return [];
        // Letters of the name count before those of its kind.
        const score = Math.max(fit?.score ?? -Infinity, (own?.score ?? -Infinity) + 4);
        return [{ entry, at: own?.at ?? [], score }];
      })
      .sort((a, b) => b.score - a.score)
      .slice(0, MOST_HITS);
    return stepEntry === null ? found : [{ entry: stepEntry, at: [] }, ...found];
  }

  /** Lists that are read when somebody looks. */
  private async fetch(): Promise<void> {
    const { session, saved, views } = this.viewer();
    const { catalogue } = session.projections;
    await Promise.allSettled([
      catalogue.loadKept(),
      saved.list.value === null ? saved.load() : undefined,
      views.list.value === null ? views.load() : undefined,
    ]);
    if (this.shown.value) this.entries.set(this.collect());
  }

  private collect(): Entry[] {
    const viewer = this.viewer();
    const { state, session, saved, views } = viewer;
    const run = state.run.value;
    const commands = KEYMAP.filter((binding) => binding.command !== "palette").map(
      ({ command, does, caps }): Entry => ({
        id: `command ${command}`,
        name: does,
        kind: "Command",
        note: caps,
        act: () => runCommand(viewer, command),
      }),
    );
    const colors = (run === null ? [] : choices(run)).map((choice, i): Entry => ({
      id: `color ${i}`,
      name: coloringName(choice),
      kind: "Colour by",
      note: "",
      act: () => state.coloring.set(choice),
    }));
    const maps = (session.projections.catalogue.kept.value ?? []).map((map): Entry => ({
      id: `map ${map.key}`,
      name: map.label,
      kind: "Map",
      note: `${map.n_components}D`,
      act: () => {
        state.fit.set(map.n_components);
        void session.projections.use(keptRecipe(map));
      },
    }));
    const kept = (views.list.value ?? []).map((view): Entry => ({
      id: `view ${view.name}`,
      name: view.name,
      kind: "View",
      note: view.count > 0 ? counted(view.count, "item") : "",
      act: () => void views.use(view),
    }));
    const selections = (saved.list.value ?? []).map(({ name, count: size }): Entry => ({
      id: `selection ${name}`,
      name,
      kind: "Selection",
      note: counted(size, "item"),
      act: () => void saved.use(name, "replace"),
    }));
    const spaces = (run?.spaces ?? [])
      .filter((space) => space.snapshots.length > 0 && space.name !== state.spaceName.value)
      .map((space): Entry => ({
        id: `space ${space.name}`,
        name: space.name,
        kind: "Space",
        note: `${count(space.n_features)} d`,
        act: () => void session.openSpace(space.name),
      }));
    const runs = (state.runs.value ?? [])
      .filter((one) => one.name !== run?.name)
      .map((one): Entry => ({
        id: `run ${one.name}`,
        name: one.name,
        kind: "Run",
        note: one.state === "writing" ? "live" : "",
        act: () => void session.open(one.name),
      }));
    return [...commands, ...kept, ...selections, ...colors, ...maps, ...spaces, ...runs];
  }

  /** A number is a step to go to. */
  private stepOf(typed: string): Entry | null {
    const { timeline } = this.viewer().state;
    const step = /^\s*\d+\s*$/.test(typed) ? Number(typed) : Number.NaN;
    if (!Number.isFinite(step) || timeline.steps.value.length === 0) return null;
    return {
      id: "step",
      name: `Go to step ${count(step)}`,
      kind: "Step",
      note: "",
      act: () => {
        timeline.pause();
        timeline.seek(step);
        timeline.settle();
      },
    };
  }
}
