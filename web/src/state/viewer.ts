import type { Mark } from "../paper/drawing.js";
import type { Clusters } from "./clusters.js";
import type { Colorist } from "./colorist.js";
import type { Comparing } from "./comparing.js";
import type { CrossFilter } from "./cross_filter.js";
import type { EdgeLines } from "./edge_lines.js";
import type { Finder } from "./finder.js";
import type { Guest } from "./guest.js";
import type { GivenLabels } from "./given_labels.js";
import type { Items } from "./items.js";
import type { SavedSelections } from "./saved.js";
import type { Confusions } from "./confusions.js";
import type { Measures } from "./measures.js";
import type { Neighbors } from "./neighbors.js";
import type { Palette } from "./palette.js";
import type { PointMeasures } from "./point_measures.js";
import type { Moved } from "./moved.js";
import type { Multiples } from "./multiples.js";
import type { Reference } from "./reference.js";
import type { RunsCompared } from "./runs_compared.js";
import type { SelectMode } from "./selection.js";
import type { Session } from "./session.js";
import type { Signal } from "./signal.js";
import type { Table } from "./table.js";
import type { Taking } from "./taking.js";
import type { Torn } from "./torn.js";
import type { Views } from "./views.js";
import type { ViewerState } from "./viewer_state.js";
import type { Why } from "./why.js";

/** A name on the map, where what it names is most crowded. */
export interface MapLabel {
  key: string;
  text: string;
  /** Of a group that colours the map, given by somebody, or of a single point. */
  kind: "group" | "given" | "item";
  /** Its middle, and the room it takes, in CSS pixels. */
  x: number;
  y: number;
  width: number;
  height: number;
  /** Of the type. */
  size: number;
}

/** What the views may ask of whoever draws the map; the renderer itself stays out of their sight. */
export interface MapPort {
  /** Draws into a canvas from now on; returns a function that stops. */
  attach(canvas: HTMLCanvasElement): () => void;
  /** Says how many pixels at the left a panel covers. */
  setInset(pixels: number): void;
  pan(dx: number, dy: number): void;
  orbit(dx: number, dy: number): void;
  zoom(factor: number, x: number, y: number): void;
  /** Zooms around the middle, for the keyboard. */
  zoomCentre(factor: number): void;
  /** The row drawn at a place, or null where there is none. */
  pick(x: number, y: number): Promise<number | null>;
  /** Selects what is visible inside a closed polygon of x, y pairs. */
  select(polygon: Float32Array, mode: SelectMode): Promise<void>;
  frameSelection(): void;
  resetView(): void;
  /** 0 when the 2D fit is on screen, 1 when the 3D fit is, between them while it morphs. */
  readonly depth: Signal<number>;
  readonly labels: Signal<readonly MapLabel[]>;
  /** Screen directions of the data's axes, for the small cross in 3D. */
  readonly axes: Signal<readonly (readonly [x: number, y: number, z: number])[]>;
  /** Arrows of features at the place that is explained, in CSS pixels. */
  readonly arrows: Signal<readonly MapArrow[]>;
}

/** An arrow on the map, from where a point is to where one feature carries it. */
export interface MapArrow {
  name: string;
  from: readonly [x: number, y: number];
  to: readonly [x: number, y: number];
}

/** The map as it is on screen, for files. */
export interface MapPrint {
  /** In CSS pixels. */
  readonly size: { readonly width: number; readonly height: number };
  /** Throws an error in words when there is no map, or the picture is too large. */
  pixels(scale: number, transparent: boolean): ImageData;
  /** What on the map has no shapes of its own in a file; then only pixels will do. */
  onlyPixels(): string[];
  shapes(): Mark[];
}

/** Everything a view is given. */
export interface Viewer {
  state: ViewerState;
  session: Session;
  colorist: Colorist;
  items: Items;
  finder: Finder;
  crossFilter: CrossFilter;
  saved: SavedSelections;
  measures: Measures;
  points: PointMeasures;
  torn: Torn;
  confusions: Confusions;
  map: MapPort;
  reference: Reference;
  neighbors: Neighbors;
  why: Why;
  clusters: Clusters;
  table: Table;
  taking: Taking;
  views: Views;
  palette: Palette;
  /** Null where the viewer has the page to itself. */
  guest: Guest | null;
  /** Words that people put on the map, and lines between neighbours. */
  labels: GivenLabels;
  edges: EdgeLines;
  /** The maps beside the main one. */
  comparing: Comparing;
  multiples: Multiples;
  runsCompared: RunsCompared;
  moved: Moved;
}
