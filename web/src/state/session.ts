import type { Client } from "../data/client.js";
import { ConnectionError, ServerError } from "../data/transport.js";
import type { ServerEvent } from "../data/types.js";
import { firstChoice, decodeColoring } from "./coloring_choice.js";
import { Projections } from "./projections.js";
import { recipeOf, type Recipe } from "./recipe.js";
import { RowSet } from "./row_set.js";
import type { Address } from "./url.js";
import type { Problem, ViewerState } from "./viewer_state.js";

/** The revision that the server gives to a run that is gone. */
const DELETED = -1;
/** How long after a request without an answer the next is tried. */
const RECOVERY_MS = 1_000;

/** Keeps the state in step with the server: opens runs and follows them. */
export class Session {
  readonly projections: Projections;
  /** Told of every event as well; one stream of news serves the whole page. */
  readonly listeners = new Set<(event: ServerEvent) => void>();
  private address: Address = {};
  private entering = false;
  private opened = 0;
  private refreshing = false;
  private again = false;
  private recovery: ReturnType<typeof setTimeout> | undefined;
  private stop: (() => void) | null = null;

  constructor(
    private readonly client: Client,
    private readonly state: ViewerState,
  ) {
    this.projections = new Projections(client, state, (error) => this.report(error));
  }

  /** Connects, and opens the run the address names, or the newest one. */
  async start(address: Address): Promise<void> {
    this.address = address;
    this.stop = this.client.listen((event) => void this.hear(event));
    await this.enter();
  }

  close(): void {
    this.stop?.();
    clearTimeout(this.recovery);
    this.projections.close();
  }

  /** Shows another run, from its end or from where `address` says. */
  async open(name: string, address: Address = {}): Promise<void> {
    const { state } = this;
    const ticket = ++this.opened;
    await this.attempt(async () => {
      const run = await this.client.run(name);
      // Somebody who chose another run meanwhile wants that one.
      if (ticket !== this.opened) return;
      this.forget();
      state.run.set(run);
      state.selection.reset(run.n_items);
      state.coloring.set(
        (address.color !== undefined && decodeColoring(address.color, run)) || firstChoice(run),
      );
      if (address.selection?.order === run.order) {
        state.selection.apply(RowSet.of(run.n_items, address.selection.rows));
      }
      const filled = run.spaces.filter((space) => space.snapshots.length > 0);
      const space = filled.find((one) => one.name === address.space) ?? filled[0];
      if (run.scalars.length > 0) state.scalars.set(await this.client.scalars(name));
      if (space !== undefined) {
        state.fit.set(address.dimensions ?? 2);
        const recipe = address.map === undefined ? null : recipeOf(address.map);
        await this.openSpace(space.name, address.step, recipe);
      }
    });
  }

  /** Shows another space of the same run, at the same step where it has one. */
  async openSpace(name: string, step?: number, recipe: Recipe | null = null): Promise<void> {
    const { state } = this;
    await this.attempt(async () => {
      state.spaceName.set(name);
      state.planar.set(null);
      state.spatial.set(null);
      const other = state.fit.value === 2 ? 3 : 2;
      await this.projections.begin(recipe);
      await this.projections.refresh(state.fit.value);
      if (step !== undefined) {
        state.timeline.seek(step);
        state.timeline.settle();
      }
      // The other fit is shown as it stands, so that the morph to it is ready; it is not started.
      await this.projections.refresh(other, false);
    });
  }

  /** Tries again after an error. */
  async retry(): Promise<void> {
    this.state.problem.set(null);
    this.projections.retry();
    if (this.state.run.value === null) await this.enter();
    else await this.refresh();
  }

  /** Takes news; a session that has no stream of its own is told by one that has. */
  async hear(event: ServerEvent): Promise<void> {
    const { state } = this;
    if (event.type === "lost" || event.type === "refused") {
      state.connection.set(event.type);
    } else if (event.type === "open") {
      const wasLost = state.connection.value !== "live";
      state.connection.set("live");
      if (wasLost) await this.retry();
    } else if (event.type === "run") {
      await this.hearOfRun(event.name, event.revision);
    } else if (event.type === "job") {
      await this.projections.hear(event.job);
    }
    for (const listener of this.listeners) listener(event);
  }

  private async hearOfRun(name: string, revision: number): Promise<void> {
    const { state } = this;
    const run = state.run.value;
    const known = state.runs.value?.some((one) => one.name === name) ?? false;
    if (name === run?.name && revision === DELETED) {
      state.problem.set({
        message: `Run "${name}" has been deleted.`,
        remedy: "Choose another run above.",
      });
    } else if (name === run?.name) {
      // A stream that opens tells every revision, most of which are no news.
      if (revision !== run.revision) await this.refresh();
    }
    if (run === null) await this.enter();
    else if (!known || revision === DELETED) {
      await this.attempt(async () => state.runs.set(await this.client.runs()));
    }
  }

  /** Opens the first view. News that comes meanwhile must not open another one. */
  private async enter(): Promise<void> {
    if (this.entering) return;
    this.entering = true;
    await this.attempt(async () => {
      const [info, runs] = await Promise.all([this.client.info(), this.client.runs()]);
      this.state.connection.set("live");
      this.state.project.set(info.store);
      this.state.similar.set(info.similar ?? false);
      this.state.runs.set(runs);
      // The list begins with the newest run.
      const run = runs.find((one) => one.name === this.address.run) ?? runs[0];
      if (run !== undefined) await this.open(run.name, this.address);
    });
    this.entering = false;
  }

  /** Reads the run again. Calls that come meanwhile are answered by one more reading. */
  private async refresh(): Promise<void> {
    if (this.refreshing) {
      this.again = true;
      return;
    }
    this.refreshing = true;
    try {
      do {
        this.again = false;
        await this.attempt(() => this.readRun());
      } while (this.again);
    } finally {
      this.refreshing = false;
    }
  }

  private async readRun(): Promise<void> {
    const { state } = this;
    const old = state.run.value;
    if (old === null) return;
    const run = await this.client.run(old.name);
    if (run.order !== old.order) {
      // Rows have moved, so what was known by row is void.
      state.selection.reset(run.n_items);
      state.filter.clear();
      state.focus.set(null);
    }
    state.run.set(run);
    if (run.scalars.length > 0) state.scalars.set(await this.client.scalars(run.name));
    const space = state.space.value ?? run.spaces.find((one) => one.snapshots.length > 0);
    if (space === undefined) return;
    if (state.spaceName.value === null) await this.openSpace(space.name);
    else {
      await this.projections.refresh(state.fit.value);
      if (!this.projections.busy) await this.projections.refreshOther();
    }
  }

  private forget(): void {
    const { state } = this;
    state.problem.set(null);
    state.filter.clear();
    state.focus.set(null);
    state.hover.set(null);
    state.grouping.set(null);
    state.spaceName.set(null);
    this.projections.forget();
    state.timeline.pause();
    state.timeline.setSteps([]);
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.report(error);
    }
  }

  private report(error: unknown): void {
    if (error instanceof ConnectionError) this.lose();
    else this.state.problem.set(problemOf(error));
  }

  /** A request had no answer, perhaps although news still come: asks until one is answered. */
  private lose(): void {
    if (this.state.connection.value !== "refused") this.state.connection.set("lost");
    clearTimeout(this.recovery);
    this.recovery = setTimeout(async () => {
      if (this.state.connection.value === "live") return;
      await this.attempt(async () => {
        await this.client.info();
        await this.hear({ type: "open" });
      });
    }, RECOVERY_MS);
  }
}

function problemOf(error: unknown): Problem {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof ServerError && (error.status === 401 || error.status === 403)) {
    return { message, remedy: "Open the address that driftglass printed when it started." };
  }
  return { message };
}
