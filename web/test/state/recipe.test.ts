import { describe, expect, it } from "vitest";
import { axesOf, groupChoices, groupName } from "../../src/state/groups.js";
import { AUTO, keptRecipe, recipeOf, recipeText, requestOf } from "../../src/state/recipe.js";

describe("a recipe as text", () => {
  it.each([
    AUTO,
    { method: "umap", parameters: { n_neighbors: 30, metric: "cosine" }, random_state: 7 },
    { method: "axes", parameters: { axes: [{ from: { ids: [1, "é"] } }] }, random_state: 0 },
  ])("comes back as it was: %j", (recipe) => {
    expect(recipeOf(recipeText(recipe))).toEqual(recipe);
  });

  it("does not depend on the order of the settings", () => {
    const one = { ...AUTO, parameters: { a: 1, b: 2 } };
    const other = { ...AUTO, parameters: { b: 2, a: 1 } };

    expect(recipeText(one)).toBe(recipeText(other));
  });

  it("keeps the key of a map that no recipe asks for", () => {
    const kept = { key: "projection-1", method: "mds", random_state: 3, recipe: null };

    const read = recipeOf(recipeText(keptRecipe(kept as never)));

    expect(requestOf("hidden", 2, read!).key).toBe("projection-1");
  });

  it.each(["", "{", "7", "null", "[]", "[7]", '["umap", 3]', '["umap", {}, 1.5]', '{"key": 4}'])(
    "is nothing where it makes no sense: %s",
    (text) => {
      expect(recipeOf(text)).toBeNull();
    },
  );
});

describe("axes between groups", () => {
  const cat = { column: "label", value: "cat" };

  it("are whole once every end is chosen", () => {
    expect(axesOf([{ from: cat, to: null }])).toBeNull();
    expect(axesOf([])).toBeNull();
    expect(axesOf([{ from: cat, to: { ids: [1] } }])).toEqual([{ from: cat, to: { ids: [1] } }]);
  });

  it("may run between values of categories, not of numbers", () => {
    const columns = [
      { name: "label", kind: "categorical", n_missing: 0, categories: [{ name: "cat", count: 2 }] },
      { name: "size", kind: "number", n_missing: 0 },
    ] as const;

    expect(groupChoices(columns as never).map((one) => one.group)).toEqual([cat]);
    expect(groupName({ ids: [1, 2] })).toBe("2 selected");
    expect(groupName({ column: "note", text: "box" })).toBe("“box”");
  });
});
