import type { Bitset } from "../geometry/bitset.js";
import { type LassoScene, lassoRows } from "../geometry/lasso.js";
import type { Positions } from "../geometry/rows.js";
import { createLassoWorker } from "./lasso_maker.js";

/** A lasso on screen, with the keys of the snapshots in place of their positions. */
export interface LassoRequest extends Omit<LassoScene, "from" | "to" | "flags"> {
  readonly from: string;
  readonly to: string;
}

/** What the worker is told. */
export type LassoMessage =
  | { readonly kind: "positions"; readonly key: string; readonly positions: Positions }
  | { readonly kind: "forget"; readonly key: string }
  | { readonly kind: "flags"; readonly flags: Uint8Array | undefined }
  | {
      readonly kind: "select";
      readonly id: number;
      readonly polygon: Float32Array;
      readonly scene: LassoRequest;
    };

/** What the worker answers: the rows inside, and how long it took to find them. */
export interface LassoAnswer {
  readonly id: number;
  readonly bits: Bitset;
  readonly milliseconds: number;
}

/**
 * Finds the rows inside a lasso, in a worker so that a million points do not stop the page. Where
 * a worker cannot be had (an old notebook frame, a strict policy), it works here instead.
 */
export class LassoClient {
  /** How long the last search took, without the way there and back. */
  milliseconds = 0;
  private worker: Worker | undefined;
  private readonly positions = new Map<string, Positions>();
  private flags: Uint8Array | undefined;
  private readonly sent = new Set<string>();
  private flagsSent = false;
  private readonly waiting = new Map<number, (answer: LassoAnswer | undefined) => void>();
  private nextId = 1;

  constructor(create: () => Worker = createLassoWorker) {
    try {
      this.worker = create();
      this.worker.onmessage = ({ data }: MessageEvent<LassoAnswer>) => this.settle(data.id, data);
      this.worker.onerror = () => this.giveUp();
    } catch {
      this.worker = undefined;
    }
  }

  /** Whether the search leaves the page free. */
  get inBackground(): boolean {
    return this.worker !== undefined;
  }

  /** Makes a snapshot known; the arrays are kept, and sent when a lasso first needs them. */
  setPositions(key: string, positions: Positions): void {
    if (this.positions.get(key) === positions) return;
    this.forget(key);
    this.positions.set(key, positions);
  }

  /** Forgets a snapshot. */
  forget(key: string): void {
    this.positions.delete(key);
    if (this.sent.delete(key)) this.post({ kind: "forget", key });
  }

  /** Makes the rows' flags known: hidden ones are never inside. */
  setFlags(flags: Uint8Array | undefined): void {
    this.flags = flags;
    this.flagsSent = false;
  }

  /** Sends the worker what a lasso will need; call it when one begins, so that its end is quick. */
  prepare(keys: readonly string[]): void {
    if (!this.worker) return;
    for (const key of this.sent) {
      if (!keys.includes(key)) this.post({ kind: "forget", key });
    }
    for (const key of keys) {
      const positions = this.positions.get(key);
      if (positions && !this.sent.has(key)) this.post({ kind: "positions", key, positions });
    }
    this.sent.clear();
    for (const key of keys) this.sent.add(key);
    if (!this.flagsSent) this.post({ kind: "flags", flags: this.flags });
    this.flagsSent = true;
  }

  /** The visible rows inside a closed polygon of (x, y) screen points. */
  async select(polygon: Float32Array, scene: LassoRequest): Promise<Bitset> {
    this.prepare([...new Set([scene.from, scene.to])]);
    const id = this.nextId++;
    const answer = await new Promise<LassoAnswer | undefined>((resolve) => {
      if (!this.worker) return resolve(undefined);
      this.waiting.set(id, resolve);
      this.post({ kind: "select", id, polygon, scene });
    });
    if (!answer) return this.selectHere(polygon, scene);
    this.milliseconds = answer.milliseconds;
    return answer.bits;
  }

  /** Ends the worker. */
  close(): void {
    this.giveUp();
  }

  private selectHere(polygon: Float32Array, scene: LassoRequest): Bitset {
    const started = performance.now();
    const from = this.positions.get(scene.from) ?? {};
    const to = this.positions.get(scene.to) ?? {};
    const bits = lassoRows(polygon, { ...scene, from, to, flags: this.flags });
    this.milliseconds = performance.now() - started;
    return bits;
  }

  private post(message: LassoMessage): void {
    this.worker?.postMessage(message);
  }

  private settle(id: number, answer: LassoAnswer | undefined): void {
    this.waiting.get(id)?.(answer);
    this.waiting.delete(id);
  }

  /** The worker will not answer: everything that waits, and all that follows, is done here. */
  private giveUp(): void {
    this.worker?.terminate();
    this.worker = undefined;
    for (const id of [...this.waiting.keys()]) this.settle(id, undefined);
  }
}
