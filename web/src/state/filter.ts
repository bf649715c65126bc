import type { RowSet } from "./row_set.js";
import { computed, signal, type Signal } from "./signal.js";

/** Groups switched off in the legend: for each coloring, the keys of its hidden entries. */
export type HiddenGroups = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * Which rows are out of sight. The reasons are kept apart so that each can be taken back: groups
 * switched off in the legend, everything but an isolated selection, and what a condition or a
 * chart's choice leaves out.
 */
export class Filter {
  private readonly groups = signal<HiddenGroups>(new Map());
  private readonly isolated = signal<RowSet | null>(null);
  private readonly kept = signal<ReadonlyMap<string, RowSet>>(new Map());
  private readonly members = new Map<string, RowSet>();
  /** The hidden rows, or null when none are. */
  readonly hidden: Signal<RowSet | null>;

  constructor() {
    this.hidden = computed([this.groups, this.isolated, this.kept], () => this.hiddenBut(null));
  }

  /** The hidden rows, without one of the constraints. */
  private hiddenBut(left: string | null): RowSet | null {
    const isolated = this.isolated.value;
    let hidden = isolated === null ? null : isolated.invert();
    for (const [coloring, keys] of this.groups.value) {
      for (const key of keys) {
        const rows = this.members.get(memberKey(coloring, key));
        if (rows !== undefined) hidden = hidden === null ? rows : hidden.union(rows);
      }
    }
    for (const [key, rows] of this.kept.value) {
      if (key === left) continue;
      const others = rows.invert();
      hidden = hidden === null ? others : hidden.union(others);
    }
    return hidden === null || hidden.empty ? null : hidden;
  }

  get hiddenGroups(): Signal<HiddenGroups> {
    return this.groups;
  }

  /** The rows everything else is hidden for, or null. */
  get isolation(): Signal<RowSet | null> {
    return this.isolated;
  }

  isHidden(coloring: string, key: string): boolean {
    return this.groups.value.get(coloring)?.has(key) ?? false;
  }

  /** Hides the rows of a legend entry, or shows them again. */
  toggleGroup(coloring: string, key: string, rows: () => RowSet): void {
    if (this.isHidden(coloring, key)) this.showGroup(coloring, key);
    else this.hideGroup(coloring, key, rows());
  }

  hideGroup(coloring: string, key: string, rows: RowSet): void {
    this.members.set(memberKey(coloring, key), rows);
    this.groups.set(withKeys(this.groups.value, coloring, (keys) => keys.add(key)));
  }

  private showGroup(coloring: string, key: string): void {
    this.members.delete(memberKey(coloring, key));
    this.groups.set(withKeys(this.groups.value, coloring, (keys) => keys.delete(key)));
  }

  /** Hides everything but `rows`; null shows everything again. */
  isolate(rows: RowSet | null): void {
    this.isolated.set(rows);
  }

  /** Names of the constraints that hold. */
  get constraints(): Signal<ReadonlyMap<string, RowSet>> {
    return this.kept;
  }

  /** Hides everything but `rows` for a reason of that name; null takes the reason back. */
  constrain(key: string, rows: RowSet | null): void {
    if (rows === null && !this.kept.value.has(key)) return;
    const next = new Map(this.kept.value);
    if (rows === null) next.delete(key);
    else next.set(key, rows);
    this.kept.set(next);
  }

  /** Shows every row again. */
  clear(): void {
    this.kept.set(new Map());
    this.members.clear();
    this.groups.set(new Map());
    this.isolated.set(null);
  }

  /** The rows of `all` that are in sight, or would be without one constraint. */
  visible(all: RowSet, without: string | null = null): RowSet {
    const hidden = without === null ? this.hidden.value : this.hiddenBut(without);
    return hidden === null ? all : all.minus(hidden);
  }
}

function memberKey(coloring: string, key: string): string {
  return `${coloring}\n${key}`;
}

function withKeys(
  groups: HiddenGroups,
  coloring: string,
  change: (keys: Set<string>) => void,
): HiddenGroups {
  const keys = new Set(groups.get(coloring));
  change(keys);
  const next = new Map(groups);
  if (keys.size > 0) next.set(coloring, keys);
  else next.delete(coloring);
  return next;
}
