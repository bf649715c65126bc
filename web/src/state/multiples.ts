import type { Client } from "../data/client.js";
import type { Prefixes } from "../data/prefixes.js";
import type { ProjectionInfo } from "../data/types.js";
import { GridError, gridRecipes, type Varied } from "./map_grid.js";
import { distinctMaps } from "./map_words.js";
import { keptRecipe, recipeText, requestOf, type Recipe } from "./recipe.js";
import { onChange, signal, type Signal } from "./signal.js";
import type { ViewerState } from "./viewer_state.js";
import { isUsable } from "./viewer_state.js";
import { Work } from "./work.js";

/** A map among many, in two dimensions. */
export interface SmallMap {
  recipe: Recipe;
  /** Null until the server has told of it. */
  info: ProjectionInfo | null;
  /** Why it could not be made or read. */
  reason: string | null;
}

/** Maps that differ only by their seed, in the order of the seeds. */
export interface SeedRow {
  recipe: Recipe;
  maps: readonly SmallMap[];
}

const AT_ONCE = 4;

/** Many maps of one space at one step: those that are kept, and a grid that can be made. */
export class Multiples {
  readonly open = signal(false);
  readonly work: Work;
  private readonly shown = signal<readonly SmallMap[]>([]);
  private readonly told = signal<string | null>(null);
  private readonly under = signal<string | null>(null);
  private planned: readonly Recipe[] = [];
  private ticket = 0;
  private stopped = false;

  constructor(
    private readonly client: Client,
    private readonly prefixes: Prefixes,
    private readonly state: ViewerState,
  ) {
    this.work = new Work(client);
    onChange([this.open, state.run, state.spaceName], () => {
      if (this.open.value) void this.load();
    });
    onChange([state.run, state.spaceName], () => (this.planned = []));
  }

  /** Every map of the grid, those that are kept first. */
  get maps(): Signal<readonly SmallMap[]> {
    return this.shown;
  }

  /** What went wrong with the question as a whole. */
  get failure(): Signal<string | null> {
    return this.told;
  }

  /** The recipe that is being made, as text; null when none is. */
  get making(): Signal<string | null> {
    return this.under;
  }

  /** Maps of the grid that are not there yet. */
  get missing(): SmallMap[] {
    return this.shown.value.filter((one) => one.info !== null && !isUsable(one.info));
  }

  /** Seconds that making the missing ones would take, as the server estimates. */
  get estimate(): number {
    return this.missing.reduce((sum, one) => sum + (one.info?.estimate_seconds ?? 0), 0);
  }

  /** Adds the maps of a grid; those that are not there stay empty until somebody has them made. */
  async plan(method: string, varied: readonly Varied[], seeds: string): Promise<void> {
    const methods = await this.client.methods();
    const described = methods.find((one) => one.name === method);
    if (described === undefined) throw new GridError(`There is no method “${method}”.`);
    this.planned = gridRecipes(described, varied, seeds);
    await this.load();
  }

  /** Reads which maps are kept, and how each of them stands. */
  async load(): Promise<void> {
    const { run, spaceName } = this.state;
    const ticket = ++this.ticket;
    if (run.value === null || spaceName.value === null) return;
    const [name, space] = [run.value.name, spaceName.value];
    try {
      const kept = (await this.client.projections(name, space)).filter(
        (one) => one.n_components === 2,
      );
      const recipes = distinctMaps(kept, keptRecipe).map((one) => one.recipe);
      const all = new Map([...this.planned, ...recipes].map((one) => [recipeText(one), one]));
      if (ticket !== this.ticket) return;
      const old = new Map(this.shown.value.map((one) => [recipeText(one.recipe), one]));
      this.told.set(null);
      this.shown.set(
        [...all].map(([text, recipe]) => old.get(text) ?? { recipe, info: null, reason: null }),
      );
      await this.readAll([...all.values()], ticket);
    } catch (error) {
      if (ticket === this.ticket) this.told.set(wordsOf(error));
    }
  }

  /** Makes what is missing, one map after the other, because the reader asked for it. */
  async make(): Promise<void> {
    const { run, spaceName } = this.state;
    if (run.value === null || spaceName.value === null) return;
    const [name, space] = [run.value.name, spaceName.value];
    this.stopped = false;
    for (const { recipe } of this.missing) {
      if (this.stopped || this.state.run.value?.name !== name) break;
      this.under.set(recipeText(recipe));
      try {
        const { job } = await this.client.project(name, requestOf(space, 2, recipe));
        const ended = job === null ? null : await this.work.follow(job);
        const failed = ended?.state === "failed" ? (ended.message ?? "It failed.") : null;
        await this.read(name, space, recipe, failed);
      } catch (error) {
        this.put(recipe, { reason: wordsOf(error) });
      }
    }
    this.under.set(null);
  }

  /** Stops after giving up the map under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.work.cancel();
  }

  /** Places of the first rows of a map at the step on screen, or at the last before it. */
  async points(info: ProjectionInfo): Promise<Float32Array | null> {
    const run = this.state.run.value;
    const step = stepOf(info, this.state.timeline.step.value);
    if (run === null || info.key === null || step === null) return null;
    return this.prefixes.read(run.name, run.order, info.key, step, run.n_items);
  }

  private async readAll(recipes: readonly Recipe[], ticket: number): Promise<void> {
    const { run, spaceName } = this.state;
    const [name, space] = [run.value?.name ?? "", spaceName.value ?? ""];
    const rest = [...recipes];
    const worker = async () => {
      for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
        if (ticket !== this.ticket) return;
        await this.read(name, space, next, null);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }

  private async read(
    run: string,
    space: string,
    recipe: Recipe,
    failed: string | null,
  ): Promise<void> {
    try {
      const info = await this.client.projection(run, requestOf(space, 2, recipe));
      this.put(recipe, { info, reason: failed });
    } catch (error) {
      this.put(recipe, { reason: wordsOf(error) });
    }
  }

  private put(recipe: Recipe, change: Partial<SmallMap>): void {
    const text = recipeText(recipe);
    this.shown.set(
      this.shown.value.map((one) =>
        recipeText(one.recipe) === text ? { ...one, ...change } : one,
      ),
    );
  }
}

/** The step of a map nearest before one on screen; its first where none is. */
export function stepOf(info: ProjectionInfo, now: number | null): number | null {
  const before = info.steps.filter((step) => now === null || step <= now);
  return before.at(-1) ?? info.steps[0] ?? null;
}

/** Maps by everything but their seed. */
export function seedRows(maps: readonly SmallMap[]): SeedRow[] {
  const rows = new Map<string, { recipe: Recipe; maps: SmallMap[] }>();
  for (const map of maps) {
    const recipe = { ...map.recipe, random_state: 0 };
    const key = recipeText(recipe);
    const row = rows.get(key) ?? { recipe, maps: [] };
    row.maps.push(map);
    rows.set(key, row);
  }
  for (const row of rows.values()) {
    row.maps.sort((a, b) => a.recipe.random_state - b.recipe.random_state);
  }
  return [...rows.values()];
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
