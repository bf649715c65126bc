import type { Viewport } from "../geometry/camera.js";
import type { Renderer, View } from "../render/renderer.js";
import { RowSet } from "../state/row_set.js";
import type { SelectMode } from "../state/selection.js";
import type { ViewerState } from "../state/viewer_state.js";
import type { LassoClient } from "../workers/lasso_client.js";
import type { Resident } from "./resident.js";

/** Selects what is in sight inside an outline; in 3D, if wanted, only what nothing hides. */
export class Catcher {
  constructor(
    private readonly state: ViewerState,
    private readonly lasso: LassoClient,
    private readonly resident: Resident,
  ) {}

  async select(
    renderer: Renderer,
    polygon: Float32Array,
    mode: SelectMode,
    view: View,
    viewport: Viewport,
    flags: Uint8Array,
  ): Promise<void> {
    const run = this.state.run.value;
    if (run === null) return;
    for (const key of [view.from, view.to]) {
      const positions = this.resident.positions(key);
      if (positions !== undefined) this.lasso.setPositions(key, positions);
    }
    this.lasso.setFlags(flags);
    const front = this.state.frontOnly.value && view.depth > 0;
    // While the map moves a sample stands for all; the lasso takes all that the sample means.
    const whole = { ...view, drawCount: run.n_items };
    const seen = front ? renderer.rowsInSight(whole) : null;
    const bits = await this.lasso.select(polygon, {
      from: view.from,
      to: view.to,
      mix: view.mix,
      depth: view.depth,
      camera: view.camera.toUniforms(viewport, view.depth),
      viewport,
      drawCount: run.n_items,
    });
    if (this.state.run.value !== run) return;
    const inside = new RowSet(run.n_items, bits);
    const caught = seen === null ? inside : inside.intersect(RowSet.of(run.n_items, await seen));
    this.state.selection.apply(caught, mode);
  }
}
