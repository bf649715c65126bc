import type { KeptProjection, ProjectionInfo } from "../data/types.js";
import { count, score } from "./format.js";
import { recipeText, type Recipe } from "./recipe.js";
import type { ViewerState } from "./viewer_state.js";

/** The parameters that somebody chose, as short text: `n_neighbors 30 · seed 1`. */
export function settingsText({ parameters, random_state }: Recipe): string {
  const parts = Object.entries(parameters).map(([name, value]) => `${name} ${textOf(value)}`);
  if (random_state !== 0) parts.push(`seed ${random_state}`);
  return parts.join(" · ");
}

function textOf(value: unknown): string {
  return typeof value === "object" && value !== null ? "chosen" : String(value);
}

/** What a map is called where there is little room: its method and what was chosen for it. */
export function mapName(recipe: Recipe, info: ProjectionInfo | null, titles: Titles): string {
  if (recipe.method === "auto" || recipe.key !== undefined) {
    return info?.label.split(" · ")[0] ?? "map";
  }
  const settings = settingsText(recipe);
  const title = titles.get(recipe.method) ?? recipe.method;
  return settings === "" ? title : `${title} · ${settings}`;
}

/** Titles of the methods by name. */
export type Titles = ReadonlyMap<string, string>;

/** Kept maps, each recipe once, newest first. */
export function distinctMaps(
  kept: readonly KeptProjection[],
  recipeOf: (one: KeptProjection) => Recipe,
): { recipe: Recipe; kept: KeptProjection }[] {
  const seen = new Set<string>();
  return kept.flatMap((one) => {
    const recipe = recipeOf(one);
    const text = recipeText(recipe);
    if (seen.has(text)) return [];
    seen.add(text);
    return [{ recipe, kept: one }];
  });
}

/** Run, space, map and step in one line, for a label that says what a letter stands for. */
export function standsFor(state: ViewerState): string {
  const { run, spaceName, projection, timeline } = state;
  const step = timeline.step.value;
  return [
    run.value?.name,
    spaceName.value,
    projection.value?.label.split(" · ")[0],
    step === null ? null : `step ${count(step)}`,
  ]
    .filter((part) => part)
    .join(" · ");
}

/** Trustworthiness and continuity as the head of a map shows them. */
export function trustText(trust: number | null, continuity: number | null): string {
  return trust === null ? "not measured" : `T ${score(trust)} · C ${score(continuity)}`;
}
