import { lassoRows } from "../geometry/lasso.js";
import type { Positions } from "../geometry/rows.js";
import type { LassoAnswer, LassoMessage } from "./lasso_client.js";

// Snapshots and flags arrive once and stay, so that closing a lasso sends a few hundred numbers.
const positions = new Map<string, Positions>();
let flags: Uint8Array | undefined;

self.onmessage = ({ data }: MessageEvent<LassoMessage>) => {
  if (data.kind === "positions") positions.set(data.key, data.positions);
  else if (data.kind === "forget") positions.delete(data.key);
  else if (data.kind === "flags") flags = data.flags;
  else {
    const { id, polygon, scene } = data;
    const started = performance.now();
    const from = positions.get(scene.from) ?? {};
    const to = positions.get(scene.to) ?? {};
    const bits = lassoRows(polygon, { ...scene, from, to, flags });
    const answer: LassoAnswer = { id, bits, milliseconds: performance.now() - started };
    self.postMessage(answer, { transfer: [bits.buffer] });
  }
};
