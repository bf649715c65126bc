import { withQuery, type Transport } from "./transport.js";
import { arrayNamed, decode } from "./wire.js";

/** Rows that a small map is drawn from; a prefix of the canonical order is a fair sample. */
export const SMALL_ROWS = 6000;
const KEPT = 96;

/** First rows of frames, for pictures too small to show more. */
export class Prefixes {
  private readonly held = new Map<string, Promise<Float32Array>>();

  constructor(private readonly transport: Transport) {}

  /** Coordinates of the first rows of a kept projection at one step. */
  read(run: string, order: string, projection: string, step: number, rows: number) {
    const stop = Math.min(rows, SMALL_ROWS);
    const key = [run, order, projection, step, stop].join("\n");
    const held = this.held.get(key);
    if (held !== undefined) return held;
    const path = `/api/runs/${encodeURIComponent(run)}/frames`;
    const asked = this.transport
      .bytes(withQuery(path, { projection, step, start: 0, stop }))
      .then((bytes) => arrayNamed(decode(bytes), "coordinates", Float32Array));
    this.held.set(key, asked);
    asked.catch(() => this.held.delete(key));
    const oldest = this.held.keys().next().value;
    if (this.held.size > KEPT && oldest !== undefined) this.held.delete(oldest);
    return asked;
  }
}
