import type { FrameData } from "../data/client.js";
import type { GivenLabel, Layering } from "../data/layering.js";
import type { Viewport } from "../geometry/camera.js";
import type { View } from "../render/renderer.js";
import { signal, type Signal } from "../state/signal.js";
import type { MapArrow, MapLabel } from "../state/viewer.js";
import type { ViewerState } from "../state/viewer_state.js";
import type { Arrows } from "../state/why.js";
import { placedArrows } from "./arrow_layer.js";
import { LabelLayer, type NamedItem } from "./label_layer.js";
import { NamedItems } from "./named_items.js";

/** Where the stage asks for what lies on the map beside its points. */
export interface Beside {
  layering: Layering;
  labels: Signal<readonly GivenLabel[]>;
  ids: (rows: readonly number[]) => Promise<(string | number)[]>;
}

/** What lies over the picture as text and lines: names of groups, arrows, and the axes in 3D. */
export class Overlay {
  readonly labels = signal<readonly MapLabel[]>([]);
  readonly axes = signal<readonly (readonly [number, number, number])[]>([]);
  readonly arrows = signal<readonly MapArrow[]>([]);
  /** Single points that are named. */
  readonly items: Signal<readonly NamedItem[]>;
  private readonly given: Signal<readonly GivenLabel[]>;
  private readonly layer = new LabelLayer();

  constructor(
    private readonly state: ViewerState,
    private readonly reasons: Signal<Arrows | null>,
    beside: Beside,
  ) {
    this.given = beside.labels;
    this.items = new NamedItems(state, beside.ids).items;
  }

  /** Places everything for a picture between two frames. */
  place(
    view: View,
    depth: number,
    viewport: Viewport,
    from: FrameData | undefined,
    to: FrameData | undefined,
  ): void {
    const { grouping, filter } = this.state;
    this.axes.set(depth > 0 ? view.camera.axes(depth) : []);
    // Half way between two fits a name would be nowhere.
    if (from === undefined || (depth !== 0 && depth !== 1)) {
      this.labels.set([]);
      this.arrows.set([]);
      return;
    }
    // They belong to one step; between two a point is somewhere else.
    const shown = view.mix === 0 ? this.reasons.value : null;
    this.arrows.set(
      shown?.dimensions === from.n_components
        ? placedArrows(shown, view.camera, viewport, depth)
        : [],
    );
    const named = {
      grouping: grouping.value,
      given: this.given.value,
      items: this.items.value,
      hidden: filter.hidden.value,
    };
    const { names } = this.state.layers;
    this.labels.set(
      names.value ? this.layer.place(named, from, to ?? from, view.mix, view.camera, viewport) : [],
    );
  }

  clear(): void {
    this.labels.set([]);
    this.arrows.set([]);
    this.axes.set([]);
  }
}
