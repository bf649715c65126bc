import type { Client, FrameData } from "../data/client.js";
import { signal, type Signal } from "./signal.js";

/** Where the frames of one fit come from. */
export interface FrameSource {
  run: string;
  space: string;
  projection: string;
  /** Hash of the row order that the frames are in. */
  order: string;
  n_components: 2 | 3;
  n_items: number;
  /** Equal for the same map, also while it grows; another family is another map. */
  family: string;
  /** A map that is still being made: it may be gone before it has come. */
  passing?: boolean;
}

const AT_ONCE = 2;

/**
 * The frames of one fit that are here or on their way. It fetches what is wanted in the
 * order it is wanted, two at a time, and drops what is not wanted any more.
 */
export class Frames {
  private source: FrameSource | null = null;
  private readonly here = new Map<number, FrameData>();
  /** Steps whose frame is of the projection before this one; shown until the new one comes. */
  private readonly outdated = new Set<number>();
  private readonly coming = new Map<number, AbortController>();
  private readonly broken = new Map<number, Error>();
  private wanted: readonly number[] = [];
  private readonly changes = signal(0);
  private readonly failures = signal<Error | null>(null);

  constructor(private readonly client: Client) {}

  /** Counts up whenever a frame, or a window of one, has arrived. */
  get version(): Signal<number> {
    return this.changes;
  }

  /** Why the last frame could not be fetched, until another one can. */
  get failure(): Signal<Error | null> {
    return this.failures;
  }

  /** Which fit the frames are of; null before there is one. */
  get current(): FrameSource | null {
    return this.source;
  }

  use(source: FrameSource | null): void {
    const old = this.source;
    if (JSON.stringify(source) === JSON.stringify(old)) return;
    for (const abort of this.coming.values()) abort.abort();
    this.coming.clear();
    this.broken.clear();
    this.outdated.clear();
    this.failures.set(null);
    // A projection that grew has another key and nearly the same frames: the map need not blink.
    if (sameRows(source, old)) for (const step of this.here.keys()) this.outdated.add(step);
    else this.here.clear();
    this.source = source;
    this.tell();
    this.fill();
  }

  /** The frame of a step, perhaps with only its first windows; undefined if nothing came yet. */
  get(step: number): FrameData | undefined {
    return this.here.get(step);
  }

  /** Whether every row of a step has arrived. */
  has(step: number): boolean {
    const frame = this.here.get(step);
    const whole = frame !== undefined && frame.loaded >= (this.source?.n_items ?? 0);
    return whole && !this.outdated.has(step);
  }

  /** Says which steps are needed, the most urgent first. The others may be forgotten. */
  want(steps: readonly number[]): void {
    this.wanted = steps;
    for (const step of this.here.keys()) if (!steps.includes(step)) this.here.delete(step);
    for (const [step, abort] of this.coming) {
      if (steps.includes(step)) continue;
      abort.abort();
      this.coming.delete(step);
    }
    this.fill();
  }

  /** Asks again for what failed. */
  retry(): void {
    this.broken.clear();
    this.failures.set(null);
    this.fill();
  }

  private fill(): void {
    if (this.source === null) return;
    for (const step of this.wanted) {
      if (this.coming.size >= AT_ONCE) return;
      if (this.has(step) || this.coming.has(step) || this.broken.has(step)) continue;
      void this.fetch(step, this.source);
    }
  }

  private async fetch(step: number, source: FrameSource): Promise<void> {
    const abort = new AbortController();
    this.coming.set(step, abort);
    const arrived = (frame: FrameData) => {
      if (abort.signal.aborted) return;
      this.here.set(step, frame);
      this.outdated.delete(step);
      this.tell();
    };
    try {
      arrived(await this.client.frame({ ...source, step }, arrived, abort.signal));
      this.failures.set(null);
    } catch (error) {
      if (!abort.signal.aborted) {
        this.broken.set(step, error as Error);
        if (!source.passing) this.failures.set(error as Error);
      }
    } finally {
      if (this.coming.get(step) === abort) this.coming.delete(step);
      if (!abort.signal.aborted) this.fill();
    }
  }

  private tell(): void {
    this.changes.set(this.changes.value + 1);
  }
}

function sameRows(a: FrameSource | null, b: FrameSource | null): boolean {
  return a !== null && b !== null && a.run === b.run && a.space === b.space && a.order === b.order;
}
