import { signal, type Signal } from "./signal.js";

/** What a line or a ring means, by the colour of the chrome that says so. */
export type Tone = "accent" | "warning" | "error" | "info" | "text";

/** Straight lines between rows of the map; they follow the rows from step to step. */
export interface LineSet {
  from: ArrayLike<number>;
  to: ArrayLike<number>;
  tone: Tone;
  /** A second channel beside the colour. */
  dashed?: boolean;
  /** How strong, 0 to 1, for each line or for all. */
  strength?: ArrayLike<number> | number;
}

/** Rings around rows of the map. */
export interface RingSet {
  rows: ArrayLike<number>;
  tone: Tone;
}

/** What one part of the page draws on top of the points. */
export interface LinesAndRings {
  lines?: readonly LineSet[];
  rings?: readonly RingSet[];
}

/** Lines and rings on the map, by the part of the page that wants them. */
export class Lines {
  private readonly wanted = new Map<string, LinesAndRings>();
  private readonly changes = signal(0);

  /** Grows with every change. */
  get version(): Signal<number> {
    return this.changes;
  }

  /** Replaces what `owner` draws; null takes it away. */
  set(owner: string, drawn: LinesAndRings | null): void {
    if (drawn === null && !this.wanted.has(owner)) return;
    if (drawn === null) this.wanted.delete(owner);
    else this.wanted.set(owner, drawn);
    this.changes.set(this.changes.value + 1);
  }

  /** What one owner draws. */
  of(owner: string): LinesAndRings | null {
    return this.wanted.get(owner) ?? null;
  }

  get lines(): LineSet[] {
    return [...this.wanted.values()].flatMap((one) => one.lines ?? []);
  }

  get rings(): RingSet[] {
    return [...this.wanted.values()].flatMap((one) => one.rings ?? []);
  }
}
