import { betweenSteps } from "../geometry/interpolate.js";
import { computed, signal, type Signal, type WritableSignal } from "./signal.js";

/** Between which two snapshots the playhead stands, and how far from the first. */
export interface Place {
  from: number;
  to: number;
  /** 0 at `from`, 1 at `to`. */
  mix: number;
}

/** Two snapshots that are looked at together, the earlier first. */
export interface Pair {
  from: number;
  to: number;
}

/** The way between the two snapshots of a pair takes this long. */
const PAIR_SECONDS = 1.6;
/** A whole run plays in this many seconds at speed 1. */
const RUN_SECONDS = 16;
/** Two neighbouring snapshots never take longer than this, however few there are. */
const LONGEST_GAP_SECONDS = 1.2;

/**
 * The playhead. Its unit is the training step, not the snapshot: play passes equal
 * numbers of steps in equal times, so that uneven logging does not look like learning.
 */
export class Timeline {
  private readonly logged = signal<readonly number[]>([]);
  private readonly head = signal(0);
  private readonly running = signal(false);
  private readonly couple = signal<Pair | null>(null);
  /** Multiplies the speed of play. */
  readonly speed: WritableSignal<number> = signal(1);
  readonly place: Signal<Place | null>;
  /** The snapshot on screen, or the last one passed when between two. */
  readonly step: Signal<number | null>;

  constructor() {
    this.place = computed([this.logged, this.head, this.couple], (steps, position, pair) =>
      pair === null ? placeOf(steps, position) : placeInPair(pair, position),
    );
    this.step = computed([this.place], (place) => place && place.from);
  }

  /** Steps of the snapshots, ascending. */
  get steps(): Signal<readonly number[]> {
    return this.logged;
  }

  /** Where the playhead stands, in steps; between two snapshots it is no logged step. */
  get position(): Signal<number> {
    return this.head;
  }

  /** The two snapshots between which the playhead moves, if it does not move over all. */
  get pair(): Signal<Pair | null> {
    return this.couple;
  }

  get playing(): Signal<boolean> {
    return this.running;
  }

  get first(): number {
    return this.logged.value[0] ?? 0;
  }

  get last(): number {
    return this.logged.value.at(-1) ?? 0;
  }

  /** Whether the playhead rests on the last snapshot, and so follows a growing run. */
  get atEnd(): boolean {
    return this.head.value >= this.last;
  }

  /** Takes new steps. A playhead at the end goes to the new end; elsewhere it stays. */
  setSteps(steps: readonly number[]): void {
    const old = this.logged.value;
    if (old.length === steps.length && old.every((step, i) => step === steps[i])) return;
    const follow = old.length === 0 || (this.atEnd && !this.running.value);
    this.logged.set(steps);
    const pair = this.couple.value;
    if (pair !== null && steps.includes(pair.from) && steps.includes(pair.to)) return;
    this.seek(follow ? this.last : this.head.value);
  }

  /** Shows the earlier of two snapshots, and the way to the later one. */
  compare(one: number, other: number): void {
    const [from, to] = [Math.min(one, other), Math.max(one, other)];
    this.running.set(false);
    if (from === to) return this.seek(from);
    // Alone, each of the two changes would be a place of its own.
    this.couple.set(null);
    this.head.set(from);
    this.couple.set({ from, to });
  }

  /** Moves along the way between the snapshots of a pair, 0 to 1. */
  blend(share: number): void {
    const pair = this.couple.value;
    if (pair === null) return;
    this.head.set(pair.from + (pair.to - pair.from) * Math.min(Math.max(share, 0), 1));
  }

  /** Goes back to all snapshots, at the one the playhead is nearest to. */
  uncouple(): void {
    if (this.couple.value === null) return;
    this.running.set(false);
    this.settle();
  }

  /** Moves the playhead to any step between the first and the last; that ends a pair. */
  seek(position: number): void {
    this.couple.set(null);
    this.head.set(Math.min(Math.max(position, this.first), this.last));
  }

  /** Moves to the nearest snapshot, so that what is seen is what was logged. */
  settle(): void {
    this.seek(this.nearest(this.head.value));
  }

  /** The logged step nearest to `position`. */
  nearest(position: number): number {
    let best = this.first;
    for (const step of this.logged.value) {
      if (Math.abs(step - position) < Math.abs(best - position)) best = step;
    }
    return best;
  }

  /** Moves by whole snapshots, stopping at the ends. */
  stepBy(count: number): void {
    this.pause();
    const steps = this.logged.value;
    if (steps.length === 0) return;
    const at = lastAtOrBefore(steps, this.head.value);
    // Between two snapshots, one step back is the one just passed.
    const from = count < 0 && this.head.value > steps[at]! ? at + 1 : at;
    this.seek(steps[Math.min(Math.max(from + count, 0), steps.length - 1)]!);
  }

  play(): void {
    if (this.logged.value.length < 2) return;
    const pair = this.couple.value;
    if (pair !== null) {
      if (this.head.value >= pair.to) this.blend(0);
      this.running.set(true);
      return;
    }
    if (this.atEnd) this.seek(this.first);
    this.running.set(true);
  }

  /** Stops on a snapshot, the one the playhead is nearest to. */
  pause(): void {
    if (!this.running.value) return;
    this.running.set(false);
    if (this.couple.value === null) this.settle();
  }

  toggle(): void {
    if (this.running.value) this.pause();
    else this.play();
  }

  /** Steps passed in a second of play. */
  get stepsPerSecond(): number {
    const steps = this.logged.value;
    const span = this.last - this.first;
    const seconds = Math.min(RUN_SECONDS, LONGEST_GAP_SECONDS * Math.max(steps.length - 1, 1));
    return (span / seconds) * this.speed.value;
  }

  /**
   * Advances play by `seconds`. It waits at a snapshot whose successor `ready` refuses,
   * rather than jump over what has not arrived.
   */
  advance(seconds: number, ready: (step: number) => boolean): void {
    if (!this.running.value) return;
    const pair = this.couple.value;
    if (pair !== null) return this.advancePair(pair, seconds, ready);
    const steps = this.logged.value;
    let next = this.head.value + this.stepsPerSecond * seconds;
    for (let i = lastAtOrBefore(steps, this.head.value) + 1; i < steps.length; i++) {
      if (ready(steps[i]!)) {
        if (steps[i]! >= next) break;
      } else {
        next = Math.min(next, steps[i - 1]!);
        break;
      }
    }
    this.seek(Math.max(next, this.head.value));
    if (this.atEnd) this.running.set(false);
  }

  private advancePair(pair: Pair, seconds: number, ready: (step: number) => boolean): void {
    if (!ready(pair.to)) return;
    const share = (this.head.value - pair.from) / (pair.to - pair.from);
    this.blend(share + (seconds * this.speed.value) / PAIR_SECONDS);
    if (this.head.value >= pair.to) this.running.set(false);
  }

  /** The snapshots needed now, then those needed next. */
  wanted(ahead = 1): number[] {
    const place = this.place.value;
    if (place === null) return [];
    const steps = this.logged.value;
    const at = steps.indexOf(place.from);
    const pair = this.couple.value;
    if (pair !== null) return [...new Set([place.from, place.to, pair.from, pair.to])];
    const wanted = new Set([place.from, place.to]);
    for (let i = 1; i <= ahead + 1; i++) {
      const step = steps[at + i];
      if (step !== undefined) wanted.add(step);
    }
    return [...wanted];
  }
}

/** The two snapshots around `position`; both the same when it is on one. */
export function placeOf(steps: readonly number[], position: number): Place | null {
  if (steps.length === 0) return null;
  const { from, to, mix } = betweenSteps(steps, position);
  return { from: steps[from]!, to: steps[to]!, mix };
}

function placeInPair({ from, to }: Pair, position: number): Place {
  const mix = (position - from) / (to - from);
  if (mix <= 0) return { from, to: from, mix: 0 };
  return mix >= 1 ? { from: to, to, mix: 0 } : { from, to, mix };
}

/** Index of the last step not after `position`; 0 if all are after it. */
function lastAtOrBefore(steps: readonly number[], position: number): number {
  return betweenSteps(steps, position).from;
}

/** Round numbers between `low` and `high`, about `count` of them, for the axis. */
export function roundTicks(low: number, high: number, count: number): number[] {
  const span = high - low;
  if (!(span > 0) || count < 1) return [low];
  const rough = span / count;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const size = [1, 2, 5, 10].map((m) => m * magnitude).find((s) => s >= rough) ?? rough;
  // Steps are whole numbers, so ticks closer than one step would repeat themselves.
  const spacing = Math.max(size, 1);
  const ticks: number[] = [];
  for (let tick = Math.ceil(low / spacing) * spacing; tick <= high; tick += spacing) {
    ticks.push(tick);
  }
  return ticks;
}
