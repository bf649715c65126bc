import type { Command } from "./keymap.js";
import { RowSet } from "./row_set.js";
import type { Viewer } from "./viewer.js";

const ZOOM_STEP = 1.25;

/** Does what a key, or the button beside it, stands for. */
export function runCommand(viewer: Viewer, command: Command): void {
  const { state, session, map, torn } = viewer;
  const { timeline, selection, filter } = state;
  const all = () => RowSet.all(state.run.value?.n_items ?? 0);
  const flip = (value: { value: boolean; set(next: boolean): void }) => value.set(!value.value);
  switch (command) {
    case "help":
      return flip(state.helpOpen);
    case "planar":
      return void session.projections.showFit(2);
    case "spatial":
      return void session.projections.showFit(3);
    case "play":
      return timeline.toggle();
    case "previous":
      return timeline.stepBy(-1);
    case "next":
      return timeline.stepBy(1);
    case "back-ten":
      return timeline.stepBy(-10);
    case "forward-ten":
      return timeline.stepBy(10);
    case "first":
      timeline.pause();
      return timeline.seek(timeline.first);
    case "last":
      timeline.pause();
      return timeline.seek(timeline.last);
    case "pan":
    case "lasso":
    case "rectangle":
    case "brush":
      return state.tool.set(command);
    case "front":
      return flip(state.frontOnly);
    case "invert":
      return selection.invert(filter.visible(all()));
    case "isolate":
      if (filter.isolation.value !== null) filter.isolate(null);
      else if (selection.count.value > 0) filter.isolate(selection.rows.value);
      return;
    case "show-all":
      return filter.clear();
    case "frame":
      return map.frameSelection();
    case "reset":
      return map.resetView();
    case "zoom-in":
      return map.zoomCentre(ZOOM_STEP);
    case "zoom-out":
      return map.zoomCentre(1 / ZOOM_STEP);
    case "trust":
      return state.trustFade.set(state.trustFade.value > 0 ? 0 : 0.8);
    case "images":
      return flip(state.sprites.shown);
    case "trails":
      return flip(state.trails);
    case "neighbors":
      return flip(viewer.neighbors.drawn);
    case "arrows":
      return flip(viewer.why.drawn);
    case "mark":
      return viewer.reference.mark(timeline.step.value);
    case "compare":
      return viewer.comparing.toggle();
    case "overlay":
      return viewer.comparing.toggleOverlay();
    case "multiples":
      return flip(viewer.multiples.open);
    case "comparing":
      return state.panel.set(state.panel.value === "compare" ? null : "compare");
    case "drawer":
      return flip(viewer.table.open);
    case "lanes":
      return flip(state.lanes.open);
    case "torn":
      return flip(torn.shown);
    case "density":
      return state.layers.nextCrowds();
    case "edges":
      return state.layers.nextEdges();
    case "names":
      return flip(state.layers.names);
    case "theme":
      return state.chosenTheme.set(state.theme.value === "dark" ? "light" : "dark");
    case "maps":
    case "find":
    case "saved":
    case "layers":
      return state.panel.set(state.panel.value === command ? null : command);
    case "inspector":
      return flip(state.inspectorOpen);
    case "clear":
      if (state.helpOpen.value) return state.helpOpen.set(false);
      if (timeline.pair.value !== null) return timeline.uncouple();
      state.focus.set(null);
      return selection.clear();
    case "undo":
      return selection.undo();
    case "redo":
      return selection.redo();
  }
}
