import type { ColumnInfo } from "../data/types.js";

/** One end of an axis: items with a value, with a text, or one by one. */
export type ItemGroup =
  | { column: string; value: string }
  | { column: string; text: string }
  | { ids: (string | number)[] };

/** An axis as a form holds it; an end that is null has not been chosen. */
export interface AxisDraft {
  from: ItemGroup | null;
  to: ItemGroup | null;
}

const MOST_VALUES = 200;

/** What an end may be chosen from, by name: the values of columns that have some. */
export function groupChoices(
  columns: readonly ColumnInfo[],
): { value: string; name: string; heading: string; group: ItemGroup }[] {
  return columns.flatMap((column) =>
    ["categorical", "boolean", "set"].includes(column.kind)
      ? (column.categories ?? []).slice(0, MOST_VALUES).map(({ name }) => {
          const group = { column: column.name, value: name };
          return { value: groupKey(group), name, heading: column.name, group };
        })
      : [],
  );
}

/** Equal for equal groups. */
export function groupKey(group: ItemGroup | null): string {
  return group === null ? "" : JSON.stringify(group);
}

/** How a group is called. */
export function groupName(group: ItemGroup): string {
  if ("ids" in group) return `${group.ids.length.toLocaleString("en")} selected`;
  return "value" in group ? group.value : `“${group.text}”`;
}

/** The axes as the server takes them; null while an end is missing. */
export function axesOf(drafts: readonly AxisDraft[]): { from: ItemGroup; to: ItemGroup }[] | null {
  const whole = drafts.flatMap(({ from, to }) => (from && to ? [{ from, to }] : []));
  return whole.length === drafts.length && whole.length > 0 ? whole : null;
}
