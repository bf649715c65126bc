import { recipeOf, recipeText } from "./recipe.js";
import type { Pairing } from "./pairing.js";
import type { Session } from "./session.js";
import { onChange, signal, type Signal, type WritableSignal } from "./signal.js";
import type { Viewer } from "./viewer.js";
import type { ViewerState } from "./viewer_state.js";

/** Maps beside the main one, at most; a browser gives a page a few drawing contexts only. */
export const MOST_BESIDE = 3;
export const LETTERS = ["A", "B", "C", "D"] as const;

/** What a map beside the main one shows. */
export interface BesideChoice {
  run: string;
  space: string;
  /** How the map is made, as `recipeText` writes it; empty for the newest one kept. */
  map: string;
  /** Null for the step of the main map, whatever that is. */
  step: number | null;
}

/** A map beside the main one: a viewer of its own whose selection, pointer and camera are shared. */
export interface Beside {
  readonly id: number;
  readonly viewer: Viewer;
  /** Whether it shows the step of the main map. */
  readonly follows: WritableSignal<boolean>;
  /** Which of its rows are which of the main map's; null while that is not known. */
  readonly pairing: Signal<Pairing | null>;
  /** Why its items cannot be joined with the main map's. */
  readonly problem: Signal<string | null>;
  close(): void;
}

/** The maps that are looked at side by side, and how they hang together. */
export class Comparing {
  /** Whether a movement of one camera is a movement of all. */
  readonly linked = signal(true);
  /** How far the main map has gone over into map B, 0 to 1; null while it shows only A. */
  readonly overlay: WritableSignal<number | null> = signal<number | null>(null);
  /** What no turn explains of B laid over A; null where both have one frame anyway. */
  readonly residual: WritableSignal<number | null> = signal<number | null>(null);
  /** The map in sight where there is room for only one: 0 is the main map. */
  readonly active = signal(0);
  private readonly open = signal<readonly Beside[]>([]);
  private readonly changes = signal(0);
  private readonly watched = new Map<number, () => void>();
  private made = 0;

  /** `make` builds the map of a choice and begins to fetch it. */
  constructor(
    private readonly state: ViewerState,
    private readonly session: Session,
    private readonly make: (choice: BesideChoice, id: number) => Beside,
  ) {}

  /** The maps beside the main one, in the order of their letters. */
  get beside(): Signal<readonly Beside[]> {
    return this.open;
  }

  /** Grows whenever one of the maps shows something else. */
  get version(): Signal<number> {
    return this.changes;
  }

  get full(): boolean {
    return this.open.value.length >= MOST_BESIDE;
  }

  /** Opens another map, by default the same one at a step worth comparing. */
  add(choice: Partial<BesideChoice> = {}): Beside | null {
    const own = this.first();
    if (own === null || this.full) return null;
    const beside = this.make({ ...own, ...choice }, ++this.made);
    const { state, session } = beside.viewer;
    const tell = () => this.changes.set(this.changes.value + 1);
    const parts = [state.run, state.spaceName, session.projections.recipe, beside.follows];
    this.watched.set(beside.id, onChange([...parts, state.timeline.position], tell));
    this.open.set([...this.open.value, beside]);
    tell();
    return beside;
  }

  remove(beside: Beside): void {
    const rest = this.open.value.filter((one) => one !== beside);
    if (rest.length === this.open.value.length) return;
    this.watched.get(beside.id)?.();
    this.watched.delete(beside.id);
    this.active.set(0);
    if (rest.length === 0 || this.open.value[0] === beside) this.overlay.set(null);
    this.open.set(rest);
    this.changes.set(this.changes.value + 1);
    beside.close();
  }

  /** Opens a first map beside the main one, or closes all of them. */
  toggle(): void {
    if (this.open.value.length === 0) this.add();
    else this.clear();
  }

  /** Shows a map in the place of the main one, and the main one in its place. */
  async swap(beside: Beside): Promise<void> {
    const [own, other] = [this.first(), choiceOf(beside)];
    if (own === null) return;
    const { timeline } = this.state;
    const step = Math.round(timeline.position.value);
    await Promise.all([
      show(this.state, this.session, other, other.step ?? step),
      show(beside.viewer.state, beside.viewer.session, own, step),
    ]);
  }

  clear(): void {
    for (const beside of [...this.open.value]) this.remove(beside);
  }

  /** Begins or ends the overlay of A and B; it needs a map B. */
  toggleOverlay(): void {
    if (this.overlay.value !== null) return this.overlay.set(null);
    if (this.open.value.length === 0) this.add();
    if (this.open.value.length > 0) this.overlay.set(0);
  }

  /** What is open, as it can be opened again. */
  choices(): BesideChoice[] {
    return this.open.value.map((beside) => choiceOf(beside));
  }

  /** Opens what `choices` said. */
  restore(choices: readonly BesideChoice[], linked: boolean): void {
    const now = JSON.stringify(this.choices());
    this.linked.set(linked);
    if (JSON.stringify(choices) === now) return;
    this.clear();
    for (const choice of choices.slice(0, MOST_BESIDE)) this.add(choice);
  }

  /** The main map's own choice, at the step most worth comparing with the one on screen. */
  private first(): BesideChoice | null {
    const { run, spaceName, timeline } = this.state;
    if (run.value === null || spaceName.value === null) return null;
    const { steps, step } = timeline;
    // Early against late shows most; the start itself is compared with the end.
    const other = step.value === timeline.first ? timeline.last : timeline.first;
    return {
      run: run.value.name,
      space: spaceName.value,
      map: recipeText(this.session.projections.recipe.value),
      step: steps.value.length > 1 ? other : null,
    };
  }
}

/** Has a viewer show a choice; what is as wanted already stays, its selection above all. */
async function show(
  state: ViewerState,
  session: Session,
  { run, space, map }: BesideChoice,
  step: number,
): Promise<void> {
  const recipe = recipeOf(map);
  if (state.run.value?.name !== run) {
    await session.open(run, { run, space, map, step, dimensions: state.fit.value });
  } else if (state.spaceName.value !== space) {
    await session.openSpace(space, step, recipe);
  } else {
    if (recipe !== null) await session.projections.use(recipe);
    state.timeline.seek(step);
    state.timeline.settle();
  }
}

/** The step, space and run of a map as another one has to be told of them; null where equal. */
export function differences(
  main: ViewerState,
  beside: ViewerState,
): [step: number | null, space: string | null, run: string | null] {
  const other = <T>(own: T, there: T) => (own === there ? null : there);
  const run = other(main.run.value?.name ?? null, beside.run.value?.name ?? null);
  const space = other(main.spaceName.value, beside.spaceName.value);
  return [other(main.timeline.step.value, beside.timeline.step.value), space, run];
}

function choiceOf({ viewer, follows }: Beside): BesideChoice {
  const { state, session } = viewer;
  const position = Math.round(state.timeline.position.value);
  const wanted = viewer.state.timeline.steps.value.length > 0 ? position : null;
  return {
    run: state.run.value?.name ?? "",
    space: state.spaceName.value ?? "",
    map: recipeText(session.projections.recipe.value),
    step: follows.value ? null : wanted,
  };
}

/** A choice as short text for the address. */
export function encodeBeside({ run, space, map, step }: BesideChoice): string {
  return JSON.stringify([run, space, map, step]);
}

/** What `encodeBeside` wrote; null where it makes no sense. */
export function decodeBeside(text: string): BesideChoice | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!Array.isArray(value) || value.length !== 4) return null;
  const [run, space, map, step] = value as unknown[];
  const texts = [run, space, map].every((one) => typeof one === "string");
  const usable = texts && (step === null || Number.isFinite(step));
  if (!usable || (map !== "" && recipeOf(map as string) === null)) return null;
  return { run: run as string, space: space as string, map: map as string, step: step as number };
}
