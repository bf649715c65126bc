import type { ComparingQuestions, MovedData } from "../data/comparing.js";
import { groupMean, spreadOf, type GroupMean } from "../geometry/group_means.js";
import type { Grouping } from "./grouping.js";
import type { Reference } from "./reference.js";
import { computed, onChange, signal, type Signal } from "./signal.js";
import type { ViewerState } from "./viewer_state.js";

/** A group and how far it moved, the farthest first in the list. */
export interface MovedGroup extends GroupMean {
  key: string;
  name: string;
}

/** What a list of moved groups is about. */
export interface Movement {
  from: number;
  to: number;
  data: MovedData;
}

const WAIT_MS = 300;
const MOST_GROUPS = 200;

/** Which groups changed their company most between two steps, in the vectors themselves. */
export class Moved {
  /** Whether somebody looks; nothing is asked otherwise. */
  readonly watched = signal(false);
  /** By share of neighbours lost, or by distance. */
  readonly by = signal<"turnover" | "movement">("turnover");
  readonly groups: Signal<readonly MovedGroup[]>;
  private readonly found = signal<Movement | null>(null);
  private readonly failed = signal<string | null>(null);
  private timer: ReturnType<typeof setTimeout> | undefined;
  private ticket = 0;

  constructor(
    private readonly questions: ComparingQuestions,
    private readonly state: ViewerState,
    private readonly reference: Reference,
  ) {
    const { run, spaceName, timeline } = state;
    const parts = [run, spaceName, timeline.step, timeline.pair, timeline.playing];
    onChange([...parts, reference.step, reference.run, this.watched], () => this.later());
    this.groups = computed([this.found, this.by, state.grouping], (movement, by, grouping) =>
      movement === null || grouping === null ? [] : listed(movement.data[by], grouping),
    );
  }

  get movement(): Signal<Movement | null> {
    return this.found;
  }

  get failure(): Signal<string | null> {
    return this.failed;
  }

  /** The two steps that are compared, the earlier first; null without a second one. */
  get steps(): { from: number; to: number } | null {
    const { pair, step } = this.state.timeline;
    if (pair.value !== null) return pair.value;
    const other = this.reference.run.value === null ? this.reference.step.value : null;
    const now = step.value;
    if (other === null || now === null || other === now) return null;
    return { from: Math.min(other, now), to: Math.max(other, now) };
  }

  private later(): void {
    clearTimeout(this.timer);
    this.ticket++;
    if (!this.watched.value) return;
    this.timer = setTimeout(() => {
      if (!this.state.timeline.playing.value) void this.ask();
    }, WAIT_MS);
  }

  private async ask(): Promise<void> {
    const ticket = ++this.ticket;
    const { run, spaceName } = this.state;
    const { steps } = this;
    if (run.value === null || spaceName.value === null || steps === null) {
      this.found.set(null);
      this.failed.set(null);
      return;
    }
    try {
      const { name, order } = run.value;
      const data = await this.questions.moved(name, order, spaceName.value, steps);
      if (ticket !== this.ticket) return;
      this.failed.set(null);
      this.found.set({ ...steps, data });
    } catch (error) {
      if (ticket !== this.ticket) return;
      this.found.set(null);
      this.failed.set(error instanceof Error ? error.message : String(error));
    }
  }
}

function listed(values: Float32Array, grouping: Grouping): MovedGroup[] {
  const all = spreadOf(values);
  return grouping.groups
    .filter((group) => group.kind === "value")
    .slice(0, MOST_GROUPS)
    .flatMap(({ key, name }) => {
      const rows = grouping.rowsOf(key);
      const found = rows.size === values.length ? groupMean(values, rows.rows, all) : null;
      return found === null ? [] : [{ ...found, key, name }];
    })
    .sort((a, b) => b.mean - a.mean);
}
