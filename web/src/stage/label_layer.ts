import type { Camera, Viewport } from "../geometry/camera.js";
import { labelAnchors, withoutOverlap, type LabelAnchor } from "../geometry/labels.js";
import type { Group, Grouping } from "../state/grouping.js";
import type { RowSet } from "../state/row_set.js";
import type { MapLabel } from "../state/viewer.js";

const SMALLEST = 12;
const LARGEST = 20;
const MOST_GROUPS = 30;
const LONGEST = 28;
const MARGIN = 8;
const FONT = "600 16px sans-serif";

interface Anchors {
  coordinates: Float32Array;
  grouping: Grouping;
  hidden: RowSet | null;
  anchors: readonly LabelAnchor[];
}

/** Puts the names of groups on the map: the largest first, none over another. */
export class LabelLayer {
  private readonly kept: Anchors[] = [];
  private readonly widths = new Map<string, number>();
  private readonly ruler = document.createElement("canvas").getContext("2d");

  /** Labels of a view between two frames of one fit. */
  place(
    grouping: Grouping | null,
    hidden: RowSet | null,
    from: Float32Array,
    to: Float32Array,
    mix: number,
    dimensions: 2 | 3,
    camera: Camera,
    viewport: Viewport,
  ): MapLabel[] {
    if (grouping === null || grouping.paint.kind !== "groups") return [];
    const groups = grouping.paint.codeOf;
    const named = groups.filter((group) => group.kind === "value" && group.count > 0);
    if (grouping.overlapping || named.length > MOST_GROUPS) return [];
    const start = this.anchorsOf(grouping, hidden, from, dimensions);
    const end = mix > 0 ? this.anchorsOf(grouping, hidden, to, dimensions) : start;
    const ends = new Map(end.map((anchor) => [anchor.code, anchor]));
    const all = Math.max(
      1,
      named.reduce((sum, group) => sum + group.count, 0),
    );

    const labels = start.flatMap((anchor) => {
      const group = groups[anchor.code];
      if (group === undefined || group.kind !== "value") return [];
      const other = ends.get(anchor.code) ?? anchor;
      const position = anchor.position.map((x, d) => x + (other.position[d]! - x) * mix);
      const place = camera.project(position, viewport, dimensions === 3 ? 1 : 0);
      if (place.scale <= 0) return [];
      const size = Math.round(SMALLEST + (LARGEST - SMALLEST) * Math.sqrt(anchor.count / all));
      const outside =
        place.x < 0 || place.y < 0 || place.x > viewport.width || place.y > viewport.height;
      if (outside) return [];
      const text = clipped(group);
      const width = this.widthOf(text, size);
      const height = size * 1.25;
      const x = Math.round(held(place.x, width, viewport.width));
      const y = Math.round(held(place.y, height, viewport.height));
      return [{ key: group.key, text, x, y, size, width, height }];
    });
    return withoutOverlap(labels);
  }

  private anchorsOf(
    grouping: Grouping,
    hidden: RowSet | null,
    coordinates: Float32Array,
    dimensions: 2 | 3,
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
      dimensions,
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

/** The middle of a label that would stick out of the map, moved in until it does not. */
function held(middle: number, length: number, room: number): number {
  const margin = length / 2 + MARGIN;
  return Math.max(Math.min(middle, room - margin), Math.min(margin, room / 2));
}

function clipped({ name }: Group): string {
  return name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name;
}
