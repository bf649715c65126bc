import type { App } from "../app.js";
import { isColorable } from "../data/columns.js";
import type { RunDescription } from "../data/types.js";
import { decodeColoring, encodeColoring, type Coloring } from "../state/coloring_choice.js";
import { AUTO, recipeOf, recipeText } from "../state/recipe.js";
import { onChange } from "../state/signal.js";
import { encodeAddress } from "../state/url.js";
import type { Model, Traits } from "./model.js";

/** A hand that drags the playhead is not to send a message for every pixel. */
const TELL_MS = 150;

/** How the view opens, as the part of an address behind `#`. */
export function openingOf(model: Model): string {
  const color = model.get("color");
  return encodeAddress({
    run: model.get("run") ?? undefined,
    space: model.get("space") ?? undefined,
    dimensions: model.get("dimensions"),
    map: model.get("_map") || undefined,
    step: model.get("step") ?? undefined,
    color: color === null ? undefined : addressColor(color),
    trails: model.get("trails"),
    theme: model.get("theme") ?? undefined,
  });
}

/** Keeps the traits of a model and the state of a view equal; returns a function that stops. */
export function shareTraits(app: App, model: Model): () => void {
  const { viewer } = app;
  const { state, session } = viewer;
  const stops: (() => void)[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;

  // The step that was asked for, until the map has it.
  let opening = model.get("step");
  const open = () => {
    if (opening === null || !state.timeline.steps.value.includes(opening)) return;
    const step = opening;
    opening = null;
    // The timeline goes to its own end first, in this very moment.
    queueMicrotask(() => state.timeline.seek(step));
  };
  stops.push(onChange([state.timeline.steps], open));

  const told = (): Partial<Traits> => ({
    run: state.run.value?.name ?? null,
    space: state.spaceName.value,
    step: opening ?? state.timeline.step.value,
    color: shortColor(state.coloring.value),
    dimensions: state.fit.value,
    trails: state.trails.value,
    theme: state.chosenTheme.value,
    _map:
      session.projections.recipe.value === AUTO ? "" : recipeText(session.projections.recipe.value),
  });
  const tell = () => {
    if (state.run.value === null || state.spaceName.value === null) return;
    let changed = false;
    for (const [name, value] of Object.entries(told()) as [keyof Traits, never][]) {
      if (value === undefined || model.get(name) === value) continue;
      model.set(name, value);
      changed = true;
    }
    if (changed) model.save_changes();
  };
  stops.push(
    onChange(
      [
        state.run,
        state.spaceName,
        state.timeline.step,
        state.coloring,
        state.fit,
        state.trails,
        state.chosenTheme,
        session.projections.recipe,
      ],
      () => {
        clearTimeout(timer);
        timer = setTimeout(tell, TELL_MS);
      },
    ),
    () => clearTimeout(timer),
  );

  const follow = <K extends keyof Traits>(name: K, obey: (value: Traits[K]) => void) => {
    const changed = () => {
      const value = model.get(name);
      // What the page has told itself comes back as well.
      if (told()[name] !== value) obey(value);
    };
    model.on(`change:${name}`, changed);
    stops.push(() => model.off(`change:${name}`, changed));
  };
  follow("run", (name) => name !== null && void session.open(name));
  follow("space", (name) => name !== null && void session.openSpace(name));
  follow("step", (step) => {
    opening = null;
    if (step === null) return;
    state.timeline.pause();
    state.timeline.seek(step);
    state.timeline.settle();
  });
  follow("color", (color) => {
    const run = state.run.value;
    const chosen = color !== null && run !== null ? colorOf(color, run) : null;
    if (chosen !== null) state.coloring.set(chosen);
  });
  follow("dimensions", (fit) => void session.projections.showFit(fit));
  follow("trails", (shown) => state.trails.set(shown));
  follow("theme", (theme) => state.chosenTheme.set(theme));
  follow("_map", (text) => {
    const recipe = recipeOf(text);
    // Python has asked for this map, so it is made where it is not there.
    if (recipe !== null) void session.projections.make(recipe);
  });
  return () => stops.forEach((stop) => stop());
}

/** A coloring as Python writes it: a column by its name alone. */
function shortColor(coloring: Coloring): string {
  const plain = coloring.by === "column" && coloring.label === undefined;
  return plain ? coloring.name : encodeColoring(coloring);
}

/** What `shortColor` wrote, or Python; a column goes before a way of colouring of the same name. */
function colorOf(text: string, run: RunDescription): Coloring | null {
  const column = run.columns.find((one) => one.name === text && isColorable(one));
  return column ? { by: "column", name: text } : decodeColoring(text, run);
}

/** Columns are not known yet when a view opens, so a name that is no way of colouring is one. */
function addressColor(text: string): string {
  const ways = ["prediction", "confidence", "correctness", "trust", "clusters", "winning"];
  const known = ways.includes(text) || text === "nothing" || text.includes(":");
  return known ? text : encodeColoring({ by: "column", name: text });
}
