import type { MethodInfo, SettingInfo } from "../data/types.js";
import { recipeText, type Recipe } from "./recipe.js";

/** Maps made at once, at most: more than anybody can compare. */
export const MOST_MAPS = 36;

/** One setting and the values it is to take. */
export interface Varied {
  name: string;
  /** Values as they were typed, with commas between them. */
  text: string;
}

/** Why a grid cannot be made, in words for the reader. */
export class GridError extends Error {
  override name = "GridError";
}

/** Every combination of the values, for every seed; the seed changes fastest. */
export function gridRecipes(
  method: MethodInfo,
  varied: readonly Varied[],
  seeds: string,
): Recipe[] {
  const states = integersOf(seeds);
  let combinations: Record<string, unknown>[] = [{}];
  for (const { name, text } of varied) {
    const setting = method.settings.find((one) => one.name === name);
    if (setting === undefined) continue;
    const values = valuesOf(setting, text);
    combinations = combinations.flatMap((one) =>
      values.map((value) => (value === setting.default ? one : { ...one, [name]: value })),
    );
  }
  const recipes = combinations.flatMap((parameters) =>
    states.map((random_state) => ({ method: method.name, parameters, random_state })),
  );
  const distinct = [...new Map(recipes.map((one) => [recipeText(one), one])).values()];
  if (distinct.length > MOST_MAPS) {
    throw new GridError(
      `These are ${distinct.length} maps; at most ${MOST_MAPS} fit here. Name fewer values or seeds.`,
    );
  }
  return distinct;
}

/** The values of one setting, checked against what it may be. */
export function valuesOf(setting: SettingInfo, text: string): unknown[] {
  const words = wordsOf(text);
  if (words.length === 0) return [setting.default];
  return words.map((word) => valueOf(setting, word));
}

function valueOf({ title, kind, low, high, choices }: SettingInfo, word: string): unknown {
  if (kind === "choice") {
    if (choices.includes(word)) return word;
    throw new GridError(`${title} is one of ${choices.join(", ")}, not “${word}”.`);
  }
  if (kind === "flag") {
    if (word === "on" || word === "off") return word === "on";
    throw new GridError(`${title} is on or off, not “${word}”.`);
  }
  const value = Number(word);
  const whole = kind === "integer" ? "a whole number" : "a number";
  if (!Number.isFinite(value) || (kind === "integer" && !Number.isInteger(value))) {
    throw new GridError(`${title} is ${whole}, not “${word}”.`);
  }
  if ((low !== null && value < low) || (high !== null && value > high)) {
    throw new GridError(`${title} lies between ${low ?? "−∞"} and ${high ?? "∞"}, not at ${word}.`);
  }
  return value;
}

function integersOf(text: string): number[] {
  const words = wordsOf(text);
  if (words.length === 0) return [0];
  return words.map((word) => {
    const seed = Number(word);
    if (Number.isInteger(seed) && seed >= 0) return seed;
    throw new GridError(`A seed is a whole number from 0 up, not “${word}”.`);
  });
}

function wordsOf(text: string): string[] {
  return [
    ...new Set(
      text
        .split(/[,\s]+/)
        .map((word) => word.trim())
        .filter((word) => word !== ""),
    ),
  ];
}
