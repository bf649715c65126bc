import type { FrameData } from "../data/client.js";
import type { GivenLabel } from "../data/layering.js";
import type { Camera, Viewport } from "../geometry/camera.js";
import {
  crowdedPlace,
  labelAnchors,
  placeLabels,
  type Candidate,
  type LabelAnchor,
} from "../geometry/labels.js";
import type { Grouping } from "../state/grouping.js";
import type { RowSet } from "../state/row_set.js";
import type { MapLabel } from "../state/viewer.js";

const SMALLEST = 12;
const LARGEST = 20;
const GIVEN = 14;
const ITEM = 12;
/** Groups that may be named; of more the largest are. */
const MOST_GROUPS = 60;
const LONGEST = 28;
const MARGIN = 8;
const FONT = "600 16px sans-serif";
/** How far above its dot the name of a single point stands. */
const ABOVE = 14;

/** A single point and what it is called. */
export interface NamedItem {
  readonly row: number;
  readonly text: string;
}

/** Everything that may be named on a map. */
export interface Named {
  readonly grouping: Grouping | null;
  readonly given: readonly GivenLabel[];
  readonly items: readonly NamedItem[];
  readonly hidden: RowSet | null;
}

type Wanted = MapLabel & Candidate;
type Position = readonly number[];

interface GroupAnchors {
  coordinates: Float32Array;
  grouping: Grouping;
  hidden: RowSet | null;
  anchors: readonly LabelAnchor[];
}

/** Puts names on the map: single points first, then what people said, then groups by size. */
export class LabelLayer {
  private readonly kept: GroupAnchors[] = [];
  private readonly givenAt = new WeakMap<Float32Array, Map<GivenLabel, Position | null>>();
  private hiddenThen: RowSet | null = null;
  private readonly widths = new Map<string, number>();
  private shown: ReadonlySet<string> = new Set();
  private readonly ruler = document.createElement("canvas").getContext("2d");

  /** Labels of a view between two frames of one fit. */
  place(
    named: Named,
    from: FrameData,
    to: FrameData,
    mix: number,
    camera: Camera,
    viewport: Viewport,
  ): MapLabel[] {
    const dimensions = from.n_components;
    const here = (start: Position | null, end: Position | null) => {
      if (start === null && end === null) return null;
      const [a, b] = [start ?? end!, end ?? start!];
      return camera.project(
        a.map((x, d) => x + (b[d]! - x) * mix),
        viewport,
        dimensions === 3 ? 1 : 0,
      );
    };
    const wanted: Wanted[] = [];
    const add = (
      label: Pick<MapLabel, "key" | "text" | "kind" | "size">,
      at: ReturnType<typeof here>,
      rank: number,
      weight: number,
      above = 0,
    ) => {
      if (at === null || at.scale <= 0) return;
      if (at.x < 0 || at.y < 0 || at.x > viewport.width || at.y > viewport.height) return;
      const text = clipped(label.text);
      const width = this.widthOf(text, label.size);
      const height = label.size * 1.25;
      const x = Math.round(held(at.x, width, viewport.width));
      const y = Math.round(held(at.y - above, height, viewport.height));
      wanted.push({ ...label, text, x, y, width, height, rank, weight });
    };

    for (const { row, text } of named.items) {
      const at = here(placeOf(from, row), placeOf(to, row));
      add({ key: `item ${row}`, text, kind: "item", size: ITEM }, at, 3, 1, ABOVE);
    }
    for (const label of named.given) {
      const at = here(
        this.givenPlace(label, named.hidden, from),
        this.givenPlace(label, named.hidden, to),
      );
      const { name, count } = label;
      add({ key: `given ${name}`, text: name, kind: "given", size: GIVEN }, at, 2, count);
    }
    for (const { key, text, size, count, at } of this.groups(named, from, to, mix, here)) {
      add({ key, text, kind: "group", size }, at, 1, count);
    }
    const labels = placeLabels(wanted, this.shown);
    this.shown = new Set(labels.map((label) => label.key));
    return labels.map(({ key, text, kind, x, y, width, height, size }) => ({
      key,
      text,
      kind,
      x,
      y,
      width,
      height,
      size,
    }));
  }

  /** Names of the groups that colour the map, with where they are. */
  private groups<T>(
    { grouping, hidden }: Named,
    from: FrameData,
    to: FrameData,
    mix: number,
    here: (start: Position | null, end: Position | null) => T,
  ) {
    if (grouping === null || grouping.paint.kind !== "groups" || grouping.overlapping) return [];
    const groups = grouping.paint.codeOf;
    const start = this.anchorsOf(grouping, hidden, from);
    const end = mix > 0 ? this.anchorsOf(grouping, hidden, to) : start;
    const ends = new Map(end.map((anchor) => [anchor.code, anchor]));
    const named = start.filter(({ code }) => groups[code]?.kind === "value").slice(0, MOST_GROUPS);
    const all = Math.max(
      1,
      named.reduce((sum, { count }) => sum + count, 0),
    );
    return named.map(({ code, position, count }) => ({
      key: groups[code]!.key,
      text: groups[code]!.name,
      size: Math.round(SMALLEST + (LARGEST - SMALLEST) * Math.sqrt(count / all)),
      count,
      at: here(position, ends.get(code)?.position ?? null),
    }));
  }

  private givenPlace(label: GivenLabel, hidden: RowSet | null, frame: FrameData): Position | null {
    const { coordinates, n_components } = frame;
    let places = this.givenAt.get(coordinates);
    if (places === undefined || hidden !== this.hiddenThen) {
      this.hiddenThen = hidden;
      places = new Map();
      this.givenAt.set(coordinates, places);
    }
    let place = places.get(label);
    if (place === undefined) {
      const rows = label.rows.filter((row) => hidden?.has(row) !== true);
      place = crowdedPlace(rows, coordinates, n_components) ?? null;
      places.set(label, place);
    }
    return place;
  }

  private anchorsOf(
    grouping: Grouping,
    hidden: RowSet | null,
    { coordinates, n_components }: FrameData,
  ): readonly LabelAnchor[] {
    const held = this.kept.find(
      (one) =>
        one.coordinates === coordinates && one.grouping === grouping && one.hidden === hidden,
    );
    if (held !== undefined) return held.anchors;
    if (grouping.paint.kind !== "groups") return [];
    const { codes, codeOf } = grouping.paint;
    const anchors = labelAnchors(
      codes,
      codeOf.length,
      coordinates,
      n_components,
      (row) => hidden === null || !hidden.has(row),
    );
    this.kept.unshift({ coordinates, grouping, hidden, anchors });
    this.kept.length = Math.min(this.kept.length, 4);
    return anchors;
  }

  private widthOf(text: string, size: number): number {
    let width = this.widths.get(text);
    if (width === undefined) {
      if (this.ruler) this.ruler.font = FONT;
      width = this.ruler?.measureText(text).width ?? text.length * 9;
      this.widths.set(text, width);
    }
    return (width * size) / 16;
  }
}

function placeOf({ coordinates, n_components }: FrameData, row: number): Position | null {
  const place = [...coordinates.subarray(row * n_components, (row + 1) * n_components)];
  return place.length === n_components && place.every(Number.isFinite) ? place : null;
}

/** The middle of a label that would stick out of the map, moved in until it does not. */
function held(middle: number, length: number, room: number): number {
  const margin = length / 2 + MARGIN;
  return Math.max(Math.min(middle, room - margin), Math.min(margin, room / 2));
}

function clipped(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}
