import type { Client } from "../data/client.js";
import type { KeptProjection, MethodInfo } from "../data/types.js";
import { keptRecipe, type Recipe } from "./recipe.js";
import { signal, type Signal } from "./signal.js";
import type { Fit, ViewerState } from "./viewer_state.js";

/** Which maps can be made, and which a run keeps. Read when somebody looks, not before. */
export class MapCatalogue {
  private readonly listed = signal<readonly MethodInfo[] | null>(null);
  private readonly found = signal<readonly KeptProjection[] | null>(null);
  private asked = 0;

  constructor(
    private readonly client: Client,
    private readonly state: ViewerState,
  ) {}

  /** Methods with their settings; null until they were read. */
  get methods(): Signal<readonly MethodInfo[] | null> {
    return this.listed;
  }

  /** Kept maps of the space on screen, newest first; null until they were read. */
  get kept(): Signal<readonly KeptProjection[] | null> {
    return this.found;
  }

  async loadMethods(): Promise<void> {
    if (this.listed.value === null) this.listed.set(await this.client.methods());
  }

  /** Reads the kept maps again. */
  async loadKept(): Promise<readonly KeptProjection[]> {
    const run = this.state.run.value?.name;
    const space = this.state.spaceName.value;
    if (run === undefined || space === null) return [];
    const ticket = ++this.asked;
    const kept = await this.client.projections(run, space);
    // Another run or a newer list may have come meanwhile.
    if (ticket === this.asked) this.found.set(kept);
    return kept;
  }

  forget(): void {
    this.asked++;
    this.found.set(null);
  }
}

/** The newest kept map that somebody chose a method for. */
export function chosenAmong(kept: readonly KeptProjection[], fit: Fit): Recipe | null {
  const chosen = kept.filter(({ recipe }) => recipe === null || !isPlain(recipe));
  const first = chosen.find((one) => one.n_components === fit) ?? chosen[0];
  return first === undefined ? null : keptRecipe(first);
}

function isPlain({ method, parameters, random_state }: Recipe): boolean {
  const plain = method === "pca" || method === "as_logged";
  return plain && random_state === 0 && Object.keys(parameters).length === 0;
}
