import type { App } from "../app.js";
import { decodeCamera } from "../stage/camera_motion.js";
import { RowSet } from "../state/row_set.js";
import { onChange } from "../state/signal.js";

export type Linkable = "selection" | "step" | "camera";

/** Views of one group share what is named. */
export interface LinkSpec {
  group: string;
  on: Linkable[];
}

/** What views tell each other. A view that shows other rows asks for the ids. */
type Told = { driftglass: "link"; group: string; from: string } & (
  | { what: "selection"; order: string; bits: Uint8Array<ArrayBuffer> }
  | { what: "ids?"; to: string }
  | { what: "ids"; ids: (string | number)[] }
  | { what: "step"; step: number }
  | { what: "camera"; camera: string }
);

/**
 * Has a view follow others, and them it, without a kernel between them. Views in one document and
 * views in frames beside each other are told the same way, by messages between windows.
 */
export function joinLink(app: App, { group, on }: LinkSpec): () => void {
  const { viewer, client, stage } = app;
  const { state } = viewer;
  const me = Math.random().toString(36).slice(2);
  const shares = (what: Linkable) => on.includes(what);
  // What came from elsewhere is not told again.
  let taken: RowSet | null = null;
  let takenCamera: string | null = null;
  let takenStep: number | null = null;
  let rowsById: { order: string; rows: Map<string | number, number> } | null = null;

  const tell = (told: Record<string, unknown> & Pick<Told, "what">) => {
    const message = { driftglass: "link", group, from: me, ...told };
    for (const other of windows()) other.postMessage(message, "*");
  };
  const allIds = async (): Promise<(string | number)[]> => {
    const run = state.run.value;
    if (run === null) return [];
    const ids: (string | number)[] = [];
    for (;;) {
      // The answer may be shorter than what is asked for.
      const more = await client.ids(run.name, ids.length, run.n_items);
      if (more.length === 0) break;
      for (const id of more) ids.push(id);
    }
    return ids;
  };
  const select = (rows: RowSet) => {
    taken = state.filter.visible(rows);
    state.selection.apply(taken);
  };
  const selectIds = async (wanted: readonly (string | number)[]) => {
    const run = state.run.value;
    if (run === null) return;
    if (rowsById?.order !== run.order) {
      rowsById = { order: run.order, rows: new Map((await allIds()).map((id, row) => [id, row])) };
    }
    const { rows } = rowsById;
    const known = wanted.map((id) => rows.get(id)).filter((row) => row !== undefined);
    select(RowSet.of(run.n_items, known));
  };

  const heard = (event: MessageEvent) => {
    const told = event.data as Told;
    const mine = told?.driftglass === "link" && told.group === group && told.from !== me;
    const run = state.run.value;
    if (!mine || run === null) return;
    if (told.what === "selection" && shares("selection")) {
      if (told.order === run.order) select(new RowSet(run.n_items, told.bits));
      else tell({ what: "ids?", to: told.from });
    } else if (told.what === "ids?" && told.to === me) {
      const { rows } = state.selection.rows.value;
      void allIds().then((ids) => tell({ what: "ids", ids: [...rows].map((row) => ids[row]) }));
    } else if (told.what === "ids" && shares("selection")) {
      void selectIds(told.ids);
    } else if (told.what === "step" && shares("step")) {
      takenStep = state.timeline.nearest(told.step);
      state.timeline.seek(takenStep);
    } else if (told.what === "camera" && shares("camera")) {
      takenCamera = told.camera;
      if (told.camera === "") stage.resetView();
      else {
        stage.eye.look((camera) => decodeCamera(told.camera, camera) ?? camera);
        stage.pan(0, 0);
      }
    }
  };

  const stops: (() => void)[] = [];
  if (shares("selection")) {
    stops.push(
      onChange([state.selection.rows], () => {
        const rows = state.selection.rows.value;
        const run = state.run.value;
        const came = taken !== null && rows.size === taken.size && rows.equals(taken);
        taken = null;
        if (run === null || came || rows.size !== run.n_items) return;
        tell({ what: "selection", order: run.order, bits: new Uint8Array(rows.bits) });
      }),
    );
  }
  if (shares("step")) {
    stops.push(
      onChange([state.timeline.step], () => {
        const step = state.timeline.step.value;
        if (step !== null && step !== takenStep) tell({ what: "step", step });
        takenStep = null;
      }),
    );
  }
  if (shares("camera")) {
    stops.push(
      onChange([stage.eye.text], () => {
        const camera = stage.eye.text.value;
        if (camera !== takenCamera) tell({ what: "camera", camera });
      }),
    );
  }
  window.addEventListener("message", heard);
  return () => {
    window.removeEventListener("message", heard);
    for (const stop of stops) stop();
  };
}

/** This window, and those beside it where it is a frame: an exported notebook has one per view. */
function windows(): Window[] {
  if (window.parent === window) return [window];
  return Array.from({ length: window.parent.length }, (_, i) => window.parent[i]!);
}
