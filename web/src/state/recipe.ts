import type { KeptProjection, ProjectionRequest } from "../data/types.js";
import type { Fit } from "./viewer_state.js";

/** How a map is made, whatever its space and its number of dimensions. */
export interface Recipe {
  /** A name from the server's list, or "auto": as logged where that can be drawn, else PCA. */
  method: string;
  /** What differs from the method's own settings. */
  parameters: Readonly<Record<string, unknown>>;
  random_state: number;
  /** A kept map that no recipe asks for is shown by its key instead. */
  key?: string;
}

/** The map of a run that nobody has chosen one for. */
export const AUTO: Recipe = { method: "auto", parameters: {}, random_state: 0 };

/** The same text for the same map, whatever the order of its settings. */
export function recipeText(recipe: Recipe): string {
  const { method, parameters, random_state, key } = recipe;
  const sorted = Object.fromEntries(
    Object.entries(parameters).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  const plain = Object.keys(sorted).length === 0 ? [method] : [method, sorted];
  if (key !== undefined) return JSON.stringify({ key });
  return JSON.stringify(random_state === 0 ? plain : [method, sorted, random_state]);
}

/** What `recipeText` wrote; null where it makes no sense. */
export function recipeOf(text: string): Recipe | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (Array.isArray(value)) {
    const [method, parameters = {}, seed = 0] = value as unknown[];
    const usable = typeof method === "string" && isRecord(parameters) && Number.isInteger(seed);
    return usable ? { method, parameters, random_state: seed as number } : null;
  }
  if (isRecord(value) && typeof value.key === "string") return { ...AUTO, key: value.key };
  return null;
}

/** What shows a kept map again. */
export function keptRecipe({ recipe, key, method, random_state }: KeptProjection): Recipe {
  return recipe ?? { method, parameters: {}, random_state, key };
}

/** The question for one fit of a recipe. */
export function requestOf(space: string, fit: Fit, recipe: Recipe): ProjectionRequest {
  const { method, parameters, random_state, key } = recipe;
  const request: ProjectionRequest = { space, method, n_components: fit, random_state };
  if (Object.keys(parameters).length > 0) request.parameters = parameters;
  if (key !== undefined) request.key = key;
  return request;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
