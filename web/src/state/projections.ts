import type { Client, PictureRequest } from "../data/client.js";
import { ServerError } from "../data/transport.js";
import type { Job, ProjectionInfo } from "../data/types.js";
import { Frames } from "./frames.js";
import { chosenAmong, MapCatalogue } from "./map_catalogue.js";
import { AUTO, recipeText, requestOf, type Recipe } from "./recipe.js";
import { computed, signal, type Signal } from "./signal.js";
import { isUsable, type Fit, type ViewerState } from "./viewer_state.js";

/** A first fit that takes longer than this is offered, not started. */
const UNASKED_SECONDS = 2;
/** A map that is watched while it grows may cost more: somebody has paid for it once already. */
const UNASKED_UPDATE_SECONDS = 15;
/** How often a job is asked about, in case an event of it was missed. */
const JOB_POLL_MS = 1_000;

/** A map under way: what it will be, and what can be done about it. */
export interface Making {
  job: string;
  fit: Fit;
  label: string;
  progress: number | null;
  message: string | null;
  paused: boolean;
  /** Whether there is a map already that could be kept as it is. */
  seen: boolean;
}

interface Watched {
  fit: Fit;
  recipe: Recipe;
  info: ProjectionInfo | null;
  latest: Job | null;
}

/** The maps on screen, in two and in three dimensions, and the jobs that make them. */
export class Projections {
  readonly planarFrames: Frames;
  readonly spatialFrames: Frames;
  /** Trust of every row at the step on screen, and a signal that says when to read it again. */
  readonly trust: { version: Signal<unknown>; read: () => Uint8Array | null };
  readonly catalogue: MapCatalogue;
  private readonly wanted = signal<Recipe>(AUTO);
  private readonly work = signal<Making | null>(null);
  private readonly jobs = new Map<string, Watched>();
  /** What was on screen before a map that is not there yet, to return to. */
  private before: Recipe = AUTO;
  /** Where the playhead stood before a map in the making took it elsewhere. */
  private stepBefore: number | null = null;
  private poll: ReturnType<typeof setTimeout> | undefined;

  /** `report` is told what went wrong where nobody waits for an answer. */
  constructor(
    private readonly client: Client,
    private readonly state: ViewerState,
    private readonly report: (error: unknown) => void,
  ) {
    this.catalogue = new MapCatalogue(client, state);
    this.planarFrames = new Frames(client);
    this.spatialFrames = new Frames(client);
    this.trust = {
      version: computed(
        [
          this.planarFrames.version,
          this.spatialFrames.version,
          state.shownFit,
          state.timeline.step,
        ],
        (...versions) => versions.join(" "),
      ),
      read: () => {
        const frames = this.framesOf(state.shownFit.value);
        const step = state.timeline.step.value;
        return (step === null ? undefined : frames.get(step)?.trust) ?? null;
      },
    };
    for (const frames of [this.planarFrames, this.spatialFrames]) {
      frames.failure.subscribe((error) => error && this.report(error));
    }
  }

  /** The frames of the fit in two or in three dimensions. */
  framesOf(fit: Fit): Frames {
    return fit === 3 ? this.spatialFrames : this.planarFrames;
  }

  /** How the map on screen is made, or the one that is to replace it. */
  get recipe(): Signal<Recipe> {
    return this.wanted;
  }

  /** The map that a job makes now. */
  get making(): Signal<Making | null> {
    return this.work;
  }

  /** Whether work is under way. */
  get busy(): boolean {
    return this.jobs.size > 0;
  }

  close(): void {
    clearTimeout(this.poll);
    this.planarFrames.use(null);
    this.spatialFrames.use(null);
  }

  /** Forgets the maps of a run that is left. */
  forget(): void {
    this.state.planar.set(null);
    this.state.spatial.set(null);
    this.jobs.clear();
    this.work.set(null);
    this.catalogue.forget();
    this.planarFrames.use(null);
    this.spatialFrames.use(null);
  }

  /** Asks again for frames that could not be fetched. */
  retry(): void {
    this.planarFrames.retry();
    this.spatialFrames.retry();
  }

  /** The map of one step as the server draws it. */
  picture(parameters: PictureRequest): Promise<ArrayBuffer> {
    const run = this.state.run.value;
    if (run === null) return Promise.reject(new Error("No run is open."));
    return this.client.picture(run.name, parameters);
  }

  /** Chooses the first map of a space: a given one, the newest that somebody made, or PCA. */
  async begin(recipe: Recipe | null): Promise<void> {
    this.work.set(null);
    this.before = this.wanted.value;
    this.wanted.set(recipe ?? AUTO);
    const growing = this.state.run.value?.state === "writing";
    if (recipe === null && !growing) {
      const chosen = chosenAmong(await this.catalogue.loadKept(), this.state.fit.value);
      if (this.wanted.value === AUTO && chosen !== null) this.wanted.set(chosen);
    }
    this.before = this.wanted.value;
  }

  /** Returns to the map before one that could not be made. */
  async back(): Promise<void> {
    await this.use(this.before);
  }

  /** Shows another map of the same space; the one on screen stays until it is there. */
  async use(recipe: Recipe): Promise<void> {
    if (recipeText(recipe) === recipeText(this.wanted.value)) return;
    this.wanted.set(recipe);
    const fit = this.state.fit.value;
    await this.attempt(async () => {
      await this.refresh(fit);
      await this.refresh(fit === 2 ? 3 : 2, false);
    });
  }

  /** What a map would cost, without making it. */
  estimate(recipe: Recipe): Promise<ProjectionInfo> {
    const run = this.state.run.value;
    const space = this.state.spaceName.value;
    if (run === null || space === null) return Promise.reject(new Error("No run is open."));
    return this.client.projection(run.name, requestOf(space, this.state.fit.value, recipe));
  }

  /** Makes a map because the reader asked for it, or shows it where it is kept. */
  async make(recipe: Recipe, refresh = false): Promise<void> {
    const fit = this.state.fit.value;
    await this.attempt(async () => {
      const old = this.wanted.value;
      this.wanted.set(recipe);
      try {
        await this.start(fit, refresh);
      } catch (error) {
        this.wanted.set(old);
        throw error;
      }
      if (!this.busy) await this.refresh(fit === 2 ? 3 : 2, false);
    });
  }

  /** Has the map under way stand still, go on, or end here and be kept. */
  async order(word: "pause" | "resume" | "keep"): Promise<void> {
    const job = this.work.value?.job;
    if (job !== undefined) await this.attempt(() => this.client.order(job, word));
  }

  /** Asks for the fit in two or three dimensions. */
  async showFit(fit: Fit): Promise<void> {
    this.state.fit.set(fit);
    const info = fit === 2 ? this.state.planar : this.state.spatial;
    if (this.state.spaceName.value === null || info.value?.status === "running") return;
    await this.attempt(() => this.refresh(fit));
  }

  /** Starts the fit that is missing, because the reader asked for it. */
  async project(fit: Fit): Promise<void> {
    await this.attempt(() => this.start(fit));
  }

  /** Gives a job up, and returns to the map before it. */
  async cancel(job: string): Promise<void> {
    await this.attempt(async () => {
      // News of the end may come before the answer, and must find the map before wanted again.
      if (this.jobs.has(job)) this.wanted.set(this.before);
      await this.client.cancel(job);
      await this.finish(job);
    });
  }

  /** News of a job; those that are not ours are none of our business. */
  async hear(job: Job): Promise<void> {
    const watched = this.jobs.get(job.id);
    if (watched === undefined) return;
    const seen = watched.latest?.preview?.key;
    watched.latest = job;
    this.state.job.set(job);
    this.tell(job.id, watched);
    if (job.state === "running" || job.state === "queued") {
      if (job.preview && job.preview.key !== seen) this.showPreview(watched, job);
      return;
    }
    await this.attempt(() => this.finish(job.id));
  }

  /** Reads what there is of a fit; starts or extends it where that is quick, unless told not to. */
  async refresh(fit: Fit, mayStart = true): Promise<void> {
    const { state } = this;
    const run = state.run.value;
    const space = state.space.value;
    if (run === null || space === null || space.snapshots.length === 0) return;
    const recipe = this.wanted.value;
    const info = await this.client.projection(run.name, requestOf(space.name, fit, recipe));
    if (state.run.value?.name !== run.name || state.spaceName.value !== space.name) return;
    // Somebody who chose another map meanwhile wants that one.
    if (recipe !== this.wanted.value) return;
    if (info.job !== null && info.status === "running") this.watch(info.job, fit, info);
    this.show(fit, info);
    const seconds = info.estimate_seconds ?? Number.POSITIVE_INFINITY;
    const due =
      (info.status === "absent" && seconds < UNASKED_SECONDS) ||
      (info.status === "stale" && seconds < UNASKED_UPDATE_SECONDS);
    const busy = [...this.jobs.values()].some((watched) => watched.fit === fit);
    // What has just failed would fail again: only the reader may ask for it once more.
    const failed = info.reason !== null;
    if (mayStart && due && !busy && !failed) await this.start(fit);
  }

  /** The fit that is not on screen keeps up too, once somebody has asked for it. */
  async refreshOther(): Promise<void> {
    const { state } = this;
    const other = state.fit.value === 2 ? 3 : 2;
    if (isUsable(other === 2 ? state.planar.value : state.spatial.value)) {
      await this.refresh(other);
    }
  }

  private show(fit: Fit, info: ProjectionInfo): void {
    const { state } = this;
    const run = state.run.value;
    const shown = fit === 2 ? state.planar : state.spatial;
    const usable = isUsable(info);
    // The map before stays in sight while another one is made.
    const waits = info.status === "running" && isUsable(shown.value);
    if (!usable && waits && fit === state.fit.value) return;
    shown.set(info);
    if (usable && fit === state.fit.value && !this.busy) this.before = this.wanted.value;
    this.framesOf(fit).use(
      usable && run !== null ? this.source(fit, info.key ?? "", run.name, this.family(fit)) : null,
    );
    if (state.projection.value !== info) return;
    state.timeline.setSteps(info.steps);
    if (this.stepBefore !== null && !this.busy) {
      state.timeline.seek(this.stepBefore);
      state.timeline.settle();
      this.stepBefore = null;
    }
  }

  private family(fit: Fit): string {
    return `${fit} ${recipeText(this.wanted.value)}`;
  }

  private source(fit: Fit, projection: string, run: string, family: string) {
    const { state } = this;
    return {
      run,
      space: state.spaceName.value ?? "",
      projection,
      order: state.run.value?.order ?? "",
      n_components: fit,
      n_items: state.run.value?.n_items ?? 0,
      family,
    };
  }

  /** Shows a map that is still being made in the place of the one before. */
  private showPreview({ fit, info, recipe }: Watched, { id, preview }: Job): void {
    const { state } = this;
    const run = state.run.value;
    if (!preview || info === null || run === null || recipe !== this.wanted.value) return;
    if (fit !== state.fit.value) return;
    const { timeline } = state;
    if (this.stepBefore === null && timeline.steps.value.length > 0 && !timeline.atEnd) {
      this.stepBefore = timeline.step.value;
    }
    const { key, steps, bounds } = preview;
    const shown = { ...info, key, steps, bounds, frames: [], fitted_steps: [], pending_steps: [] };
    (fit === 2 ? state.planar : state.spatial).set(shown);
    const source = this.source(fit, key, run.name, `job ${id}`);
    this.framesOf(fit).use({ ...source, passing: true });
    if (state.projection.value === shown) timeline.setSteps(steps);
  }

  private async start(fit: Fit, again = false): Promise<void> {
    const { state } = this;
    const run = state.run.value;
    const space = state.spaceName.value;
    if (run === null || space === null) return;
    const request = requestOf(space, fit, this.wanted.value);
    const { job } = await this.client.project(run.name, request, again);
    if (job !== null) this.watch(job, fit, null);
    await this.refresh(fit, false);
  }

  private watch(job: string, fit: Fit, info: ProjectionInfo | null): void {
    const old = this.jobs.get(job);
    const watched = {
      fit,
      recipe: this.wanted.value,
      info: info ?? old?.info ?? null,
      latest: old?.latest ?? null,
    };
    this.jobs.set(job, watched);
    this.tell(job, watched);
    clearTimeout(this.poll);
    this.poll = setTimeout(() => void this.askAboutJobs(), JOB_POLL_MS);
  }

  private tell(job: string, { fit, info, latest }: Watched): void {
    this.work.set({
      job,
      fit,
      label: info?.label ?? "",
      progress: latest?.progress ?? null,
      message: latest?.message ?? null,
      paused: latest?.paused ?? false,
      seen: Boolean(latest?.preview),
    });
  }

  private async askAboutJobs(): Promise<void> {
    for (const id of this.jobs.keys()) {
      try {
        await this.hear(await this.client.job(id));
      } catch (error) {
        if (error instanceof ServerError) this.jobs.delete(id);
      }
    }
    if (this.jobs.size > 0) this.poll = setTimeout(() => void this.askAboutJobs(), JOB_POLL_MS);
  }

  private async finish(job: string): Promise<void> {
    const watched = this.jobs.get(job);
    this.jobs.delete(job);
    if (watched === undefined) return;
    if (this.work.value?.job === job) this.work.set(null);
    const { fit } = watched;
    await this.refresh(fit);
    if (this.catalogue.kept.value !== null) void this.attempt(() => this.readKept());
    // The other fit waits for the one that is looked at: two at once are both late.
    if (fit === this.state.fit.value && this.jobs.size === 0) await this.refreshOther();
  }

  private async readKept(): Promise<void> {
    await this.catalogue.loadKept();
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.report(error);
    }
  }
}
