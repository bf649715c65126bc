import { encodeColoring } from "./coloring_choice.js";
import { count } from "./format.js";
import { labelKey } from "./grouping.js";
import type { Chart } from "./cross_filter.js";
import { AUTO, recipeText } from "./recipe.js";
import { RowSet } from "./row_set.js";
import { encodeSprites } from "./sprites.js";
import type { DrawerTab } from "./table.js";
import {
  DRAWN,
  LONGEST_SELECTION,
  type Address,
  type ChartAddress,
  type RowsAddress,
} from "./url.js";
import type { Viewer } from "./viewer.js";

const TABS: readonly string[] = ["table", "gallery", "columns"];
/** What is drawn unless somebody switched it off. */
const USUALLY_DRAWN = "neighbors.arrows";

/** Everything that is to be restored, as an address. */
export function sceneOf(viewer: Viewer, camera: string): Address {
  const { state, session, finder, crossFilter, neighbors, torn, why, table, reference, comparing } =
    viewer;
  const { filter, selection, timeline, lanes } = state;
  const recipe = session.projections.recipe.value;
  const run = state.run.value;
  const rows = selection.rows.value;
  const rowsNow = (set: RowSet): RowsAddress | undefined =>
    run && set.count <= LONGEST_SELECTION ? { order: run.order, rows: [...set.rows] } : undefined;
  const isolated = filter.isolation.value;
  const hidden = [...filter.hiddenGroups.value].flatMap(([coloring, keys]) =>
    [...keys].map((key) => [coloring, key] as const),
  );
  const focus = state.focus.value;
  const pair = timeline.pair.value;
  const on = { neighbors: neighbors.drawn.value, torn: torn.shown.value, arrows: why.drawn.value };
  const drawn = DRAWN.filter((one) => on[one]);
  const charts = crossFilter.charts.value.map(chartAddress);
  return {
    run: run?.name,
    space: state.spaceName.value ?? undefined,
    dimensions: state.fit.value,
    map: recipe === AUTO ? undefined : recipeText(recipe),
    // At the end of a growing run the link means "the end", not this step.
    step: timeline.atEnd ? undefined : Math.round(timeline.position.value),
    color: encodeColoring(state.coloring.value),
    hidden,
    camera: camera || undefined,
    trails: state.trails.value,
    images: encodeSprites(state.sprites) || undefined,
    trust: state.trustFade.value,
    layers: state.layers.text.value || undefined,
    theme: state.chosenTheme.value ?? undefined,
    lanes: lanes.chosen.value ?? undefined,
    conditions: finder.conditions.value.map(({ text }) => text),
    charts,
    only: isolated === null ? undefined : isSelection(viewer) ? "selection" : rowsNow(isolated),
    focus: run && focus !== null ? { order: run.order, rows: [focus] } : undefined,
    reference: reference.step.value ?? undefined,
    pair: pair === null ? undefined : [pair.from, pair.to],
    drawn: drawn.join(".") === USUALLY_DRAWN ? undefined : drawn,
    drawer: table.open.value ? table.tab.value : undefined,
    beside: comparing.choices(),
    free: comparing.beside.value.length > 0 && !comparing.linked.value,
    overlay: comparing.overlay.value ?? undefined,
    selection: rowsNow(rows),
  };
}

/** Whether what is isolated is what is selected, as far as other filters leave it in sight. */
function isSelection({ state: { filter, selection } }: Viewer): boolean {
  const isolated = filter.isolation.value;
  const rows = selection.rows.value;
  return isolated !== null && !rows.empty && filter.visible(isolated).equals(rows);
}

/** What of the present view does not fit into an address, in words. */
export function leftOut(viewer: Viewer): string[] {
  const { selection, filter } = viewer.state;
  const isolated = filter.isolation.value;
  const many = selection.count.value > LONGEST_SELECTION;
  const lone = isolated !== null && !isSelection(viewer);
  return [
    ...(many ? [`the selection, because it has more than ${LONGEST_SELECTION} items`] : []),
    ...(lone && isolated.count > LONGEST_SELECTION ? ["what was isolated before"] : []),
  ];
}

const RESTORED: readonly (keyof Address)[] = [
  ...(["beside", "free", "overlay", "drawn", "lanes", "drawer", "step", "pair"] as const),
  ...(["reference", "color", "selection", "focus", "conditions", "charts", "only"] as const),
];

/** Whether there is anything in an address that opening its run does not restore. */
export function asksForMore(address: Address): boolean {
  return RESTORED.some((part) => address[part] !== undefined);
}

/**
 * Restores what opening a run does not: filters, charts, lanes, lines. Says in words what could
 * not be restored; the rest is restored all the same.
 */
export async function restoreScene(viewer: Viewer, address: Address): Promise<string[]> {
  const { state, finder, crossFilter, neighbors, torn, why, table, reference } = viewer;
  const run = state.run.value;
  if (run === null) return [];
  const notes: string[] = [];
  restoreBeside(viewer, address);
  const { timeline } = state;
  const drawn = new Set<string>(address.drawn ?? USUALLY_DRAWN.split("."));
  neighbors.drawn.set(drawn.has("neighbors"));
  torn.shown.set(drawn.has("torn"));
  why.drawn.set(drawn.has("arrows"));
  state.lanes.choose(address.lanes ?? null);
  table.open.set(address.drawer !== undefined);
  if (address.drawer !== undefined && TABS.includes(address.drawer)) {
    table.tab.set(address.drawer as DrawerTab);
  }
  const { steps } = timeline;
  const missing = (step: number) => !steps.value.includes(step);
  if (address.step !== undefined && steps.value.length > 0 && missing(address.step)) {
    notes.push(`There is no step ${count(address.step)}; the nearest place is shown`);
  }
  if (address.pair !== undefined) {
    if (address.pair.some(missing)) notes.push("The steps that were compared are not here");
    else timeline.compare(...address.pair);
  }
  reference.setStep(address.reference ?? null);
  if (address.color !== undefined && encodeColoring(state.coloring.value) !== address.color) {
    notes.push("This run cannot be coloured as the view was");
  }
  const rowsOf = ({ order, rows }: RowsAddress): RowSet | null =>
    order === run.order ? RowSet.of(run.n_items, rows) : null;
  for (const rows of [address.selection, address.focus, address.only]) {
    if (rows === undefined || rows === "selection" || rows.order === run.order) continue;
    notes.push("The rows of this run have changed since, so what was selected is left out");
    break;
  }
  if (address.focus !== undefined) state.focus.set(rowsOf(address.focus)?.rows[0] ?? null);
  for (const condition of address.conditions ?? []) {
    if (!(await finder.restrict(condition))) {
      notes.push(`The condition “${condition}” was left out: ${finder.problem.value ?? "refused"}`);
    }
  }
  for (const chart of address.charts ?? []) {
    const info = run.columns.find((column) => column.name === chart.name);
    if (info === undefined) notes.push(`There is no column “${chart.name}” for its chart`);
    else {
      await crossFilter.add(info);
      crossFilter.restore(chart);
    }
  }
  // Last, so that the selection that it names is there.
  if (address.only === "selection") state.filter.isolate(state.selection.rows.value);
  else if (address.only !== undefined) state.filter.isolate(rowsOf(address.only));
  return notes;
}

/** Opens the maps beside the main one. */
function restoreBeside({ comparing }: Viewer, { beside, free, overlay }: Address): void {
  comparing.restore(beside ?? [], !free);
  const laid = overlay === undefined || comparing.beside.value.length === 0;
  comparing.overlay.set(laid ? null : Math.min(Math.max(overlay, 0), 1));
}

function chartAddress({ info, range, labels, mode }: Chart): ChartAddress {
  const names = info.categories?.map(labelKey) ?? ["false", "true"];
  return { name: info.name, range, labels: labels.map((at) => names[at] ?? ""), mode };
}
