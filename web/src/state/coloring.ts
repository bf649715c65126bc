import {
  CategoryColors,
  missingColor,
  NO_SLOT,
  naturally,
  paintCategories,
  paintNumbers,
  sample,
  diverging,
  sequential,
  slotColor,
  type Ramp,
} from "../geometry/color_scale.js";
import { toHex, type Rgb } from "../geometry/color.js";
import type { Group, Grouping, Paint } from "./grouping.js";
import type { RowSet } from "./row_set.js";
import type { Theme } from "./viewer_state.js";

/** The key of the legend entry that stands for all values without a colour of their own. */
export const OTHER_KEY = "\u0000other";

/** Values of one column that get a colour of their own; the rest are "other". */
export const MOST_COLORS = 30;

/** A line of the legend. */
export interface LegendEntry {
  key: string;
  name: string;
  kind: Group["kind"] | "other";
  count: number;
  /** Null where the entry has no colour: bins of a scale, labels when their number is shown. */
  color: string | null;
  rows: () => RowSet;
}

/** Everything the legend shows of a grouping. */
export interface Legend {
  id: string;
  title: string;
  entries: readonly LegendEntry[];
  overlapping: boolean;
  /** Colours from low to high, for a scale. */
  ramp: readonly string[] | null;
}

/** Correct and wrong keep their colours whatever else is coloured. */
const VERDICTS = new Map([
  ["correct", 0],
  ["wrong", 5],
]);

/** Binds colours to values for as long as the page is open. */
export class Coloring {
  private readonly registry = new CategoryColors(MOST_COLORS);

  /** One RGBA colour per row. */
  paint(grouping: Grouping, theme: Theme): Uint8Array {
    const { paint } = grouping;
    const missing = missingColor(theme);
    if (paint.kind === "scale") {
      return paintNumbers(paint.values, [0, 1], rampOf(paint, theme), missing);
    }
    return paintCategories(paint.codes, this.colorsOf(grouping, paint.codeOf, theme), missing);
  }

  /** The legend of a grouping: largest entries first, then other, then missing. */
  legend(grouping: Grouping, theme: Theme): Legend {
    const { id, title, overlapping, paint } = grouping;
    const entries: LegendEntry[] = [];
    const others: Group[] = [];
    const values = grouping.groups.filter((group) => group.kind === "value");
    const slots = this.slotsOf(grouping, values);
    const colored = paint.kind === "groups";
    values.forEach((group, i) => {
      const slot = slots[i]!;
      if (slot === NO_SLOT && !overlapping) others.push(group);
      else entries.push(entryOf(grouping, group, colored ? toHex(slotColor(slot, theme)) : null));
    });
    entries.sort((a, b) => b.count - a.count || naturally(a.name, b.name));
    if (others.length > 0) entries.push(otherEntry(grouping, others, theme));
    for (const group of grouping.groups) {
      if (group.kind === "bin") entries.push(entryOf(grouping, group, null));
      if (group.kind === "missing") {
        entries.push(entryOf(grouping, group, toHex(missingColor(theme))));
      }
    }
    const ramp = paint.kind === "groups" ? null : stopsOf(rampOf(paint, theme));
    return { id, title, entries, overlapping, ramp };
  }

  private colorsOf(grouping: Grouping, groups: readonly Group[], theme: Theme): Rgb[] {
    const slots = this.slotsOf(grouping, groups);
    return groups.map((group, i) =>
      group.kind === "missing" ? missingColor(theme) : slotColor(slots[i]!, theme),
    );
  }

  private slotsOf(grouping: Grouping, groups: readonly Group[]): number[] {
    if (grouping.id === "correctness") {
      return groups.map((group) => VERDICTS.get(group.name) ?? NO_SLOT);
    }
    const values = groups.filter((group) => group.kind === "value");
    const slots = this.registry.assign(
      grouping.palette,
      values.map((group) => group.name),
      values.map((group) => group.count),
    );
    const slotOf = new Map(values.map((group, i) => [group, slots[i]!]));
    return groups.map((group) => slotOf.get(group) ?? NO_SLOT);
  }
}

function entryOf(grouping: Grouping, group: Group, color: string | null): LegendEntry {
  return { ...group, color, rows: () => grouping.rowsOf(group.key) };
}

function otherEntry(grouping: Grouping, others: readonly Group[], theme: Theme): LegendEntry {
  return {
    key: OTHER_KEY,
    name: `other ${others.length}`,
    kind: "other",
    count: others.reduce((sum, group) => sum + group.count, 0),
    color: toHex(slotColor(NO_SLOT, theme)),
    rows: () =>
      others.map((group) => grouping.rowsOf(group.key)).reduce((all, rows) => all.union(rows)),
  };
}

/** Signed values have a neutral middle. */
function rampOf(paint: Extract<Paint, { kind: "scale" }>, theme: Theme): Ramp {
  return paint.signed === true ? diverging(theme) : sequential(theme);
}

function stopsOf(map: Ramp): string[] {
  return Array.from({ length: 17 }, (_, i) => toHex(sample(map, i / 16)));
}
