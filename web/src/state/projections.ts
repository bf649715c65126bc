import type { Client, PictureRequest } from "../data/client.js";
import { ServerError } from "../data/transport.js";
import type { Job, ProjectionInfo, ProjectionRequest } from "../data/types.js";
import { Frames } from "./frames.js";
import { computed, type Signal } from "./signal.js";
import { isUsable, type Fit, type ViewerState } from "./viewer_state.js";

/** A first fit that takes longer than this is offered, not started. */
const UNASKED_SECONDS = 2;
/** A map that is watched while it grows may cost more: somebody has paid for it once already. */
const UNASKED_UPDATE_SECONDS = 15;
/** How often a job is asked about, in case an event of it was missed. */
const JOB_POLL_MS = 1_000;

/** The maps on screen, in two and in three dimensions, and the jobs that make them. */
export class Projections {
  readonly planarFrames: Frames;
  readonly spatialFrames: Frames;
  /** Trust of every row at the step on screen, and a signal that says when to read it again. */
  readonly trust: { version: Signal<unknown>; read: () => Uint8Array | null };
  private readonly jobs = new Map<string, Fit>();
  private poll: ReturnType<typeof setTimeout> | undefined;

  /** `report` is told what went wrong where nobody waits for an answer. */
  constructor(
    private readonly client: Client,
    private readonly state: ViewerState,
    private readonly report: (error: unknown) => void,
  ) {
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

  async cancel(job: string): Promise<void> {
    await this.attempt(async () => {
      await this.client.cancel(job);
      await this.finish(job);
    });
  }

  /** News of a job; those that are not ours are none of our business. */
  async hear(job: Job): Promise<void> {
    if (!this.jobs.has(job.id)) return;
    this.state.job.set(job);
    if (job.state === "running" || job.state === "queued") return;
    await this.attempt(() => this.finish(job.id));
  }

  /** Reads what there is of a fit; starts or extends it where that is quick, unless told not to. */
  async refresh(fit: Fit, mayStart = true): Promise<void> {
    const { state } = this;
    const run = state.run.value;
    const space = state.space.value;
    if (run === null || space === null || space.snapshots.length === 0) return;
    const info = await this.client.projection(run.name, requestOf(space.name, fit));
    if (state.run.value?.name !== run.name || state.spaceName.value !== space.name) return;
    this.show(fit, info);
    if (info.job !== null && info.status === "running") this.watch(info.job, fit);
    const seconds = info.estimate_seconds ?? Number.POSITIVE_INFINITY;
    const due =
      (info.status === "absent" && seconds < UNASKED_SECONDS) ||
      (info.status === "stale" && seconds < UNASKED_UPDATE_SECONDS);
    const busy = [...this.jobs.values()].includes(fit);
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
    (fit === 2 ? state.planar : state.spatial).set(info);
    this.framesOf(fit).use(
      isUsable(info) && run !== null
        ? {
            run: run.name,
            space: state.spaceName.value ?? "",
            projection: info.key,
            order: run.order,
            n_components: fit,
            n_items: run.n_items,
          }
        : null,
    );
    if (state.projection.value === info) state.timeline.setSteps(info.steps);
  }

  private async start(fit: Fit): Promise<void> {
    const { state } = this;
    const run = state.run.value;
    const space = state.spaceName.value;
    if (run === null || space === null) return;
    const { job } = await this.client.project(run.name, requestOf(space, fit));
    if (job !== null) this.watch(job, fit);
    await this.refresh(fit, false);
  }

  private watch(job: string, fit: Fit): void {
    this.jobs.set(job, fit);
    clearTimeout(this.poll);
    this.poll = setTimeout(() => void this.askAboutJobs(), JOB_POLL_MS);
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
    const fit = this.jobs.get(job);
    this.jobs.delete(job);
    if (fit === undefined) return;
    await this.refresh(fit);
    // The other fit waits for the one that is looked at: two at once are both late.
    if (fit === this.state.fit.value && this.jobs.size === 0) await this.refreshOther();
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.report(error);
    }
  }
}

function requestOf(space: string, fit: Fit): ProjectionRequest {
  return { space, method: "pca", n_components: fit, basis: "all" };
}
