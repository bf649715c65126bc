import type { Client, PictureRequest } from "../data/client.js";
import { ConnectionError, ServerError } from "../data/transport.js";
import type { ProjectionInfo, ProjectionRequest, ServerEvent } from "../data/types.js";
import { firstChoice, decodeColoring } from "./coloring_choice.js";
import { Frames } from "./frames.js";
import { RowSet } from "./row_set.js";
import { computed, type Signal } from "./signal.js";
import type { Address } from "./url.js";
import { isUsable, type Fit, type Problem, type ViewerState } from "./viewer_state.js";

/** A first fit that takes longer than this is offered, not started. */
const UNASKED_SECONDS = 2;
/** A map that is watched while it grows may cost more: somebody has paid for it once already. */
const UNASKED_UPDATE_SECONDS = 15;
/** The revision that the server gives to a run that is gone. */
const DELETED = -1;
/** How often a job is asked about, in case an event of it was missed. */
const JOB_POLL_MS = 1_000;
/** How long after a request without an answer the next is tried. */
const RECOVERY_MS = 1_000;

/** Keeps the state in step with the server: opens runs, follows them, starts projections. */
export class Session {
  readonly planarFrames: Frames;
  readonly spatialFrames: Frames;
  /** Trust of every row at the step on screen, and a signal that says when to read it again. */
  readonly trust: { version: Signal<unknown>; read: () => Uint8Array | null };
  private address: Address = {};
  private entering = false;
  private opened = 0;
  private refreshing = false;
  private again = false;
  private readonly jobs = new Map<string, Fit>();
  private recovery: ReturnType<typeof setTimeout> | undefined;
  private poll: ReturnType<typeof setTimeout> | undefined;
  private stop: (() => void) | null = null;

  constructor(
    private readonly client: Client,
    private readonly state: ViewerState,
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
        const frames = state.shownFit.value === 3 ? this.spatialFrames : this.planarFrames;
        const step = state.timeline.step.value;
        return (step === null ? undefined : frames.get(step)?.trust) ?? null;
      },
    };
    for (const frames of [this.planarFrames, this.spatialFrames]) {
      frames.failure.subscribe((error) => error && this.report(error));
    }
  }

  /** Connects, and opens the run the address names, or the newest one. */
  async start(address: Address): Promise<void> {
    this.address = address;
    this.stop = this.client.listen((event) => void this.hear(event));
    await this.enter();
  }

  close(): void {
    this.stop?.();
    clearTimeout(this.poll);
    clearTimeout(this.recovery);
    this.planarFrames.use(null);
    this.spatialFrames.use(null);
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
        await this.openSpace(space.name, address.step);
      }
    });
  }

  /** Shows another space of the same run, at the same step where it has one. */
  async openSpace(name: string, step?: number): Promise<void> {
    const { state } = this;
    await this.attempt(async () => {
      state.spaceName.set(name);
      state.planar.set(null);
      state.spatial.set(null);
      const other = state.fit.value === 2 ? 3 : 2;
      await this.refreshProjection(state.fit.value);
      if (step !== undefined) {
        state.timeline.seek(step);
        state.timeline.settle();
      }
      // The other fit is shown as it stands, so that the morph to it is ready; it is not started.
      await this.refreshProjection(other, false);
    });
  }

  /** Asks for the fit in two or three dimensions. */
  async showFit(fit: Fit): Promise<void> {
    this.state.fit.set(fit);
    const info = fit === 2 ? this.state.planar : this.state.spatial;
    if (this.state.spaceName.value === null || info.value?.status === "running") return;
    await this.attempt(() => this.refreshProjection(fit));
  }

  /** Starts the fit that is missing, because the reader asked for it. */
  async project(fit: Fit): Promise<void> {
    await this.attempt(() => this.startJob(fit));
  }

  /** The map of one step as the server draws it. */
  picture(parameters: PictureRequest): Promise<ArrayBuffer> {
    const run = this.state.run.value;
    if (run === null) return Promise.reject(new Error("No run is open."));
    return this.client.picture(run.name, parameters);
  }

  async cancel(job: string): Promise<void> {
    await this.attempt(async () => {
      await this.client.cancel(job);
      await this.finish(job);
    });
  }

  /** Tries again after an error. */
  async retry(): Promise<void> {
    this.state.problem.set(null);
    this.planarFrames.retry();
    this.spatialFrames.retry();
    if (this.state.run.value === null) await this.enter();
    else await this.refresh();
  }

  private async hear(event: ServerEvent): Promise<void> {
    const { state } = this;
    if (event.type === "lost" || event.type === "refused") {
      state.connection.set(event.type);
    } else if (event.type === "open") {
      const wasLost = state.connection.value !== "live";
      state.connection.set("live");
      if (wasLost) await this.retry();
    } else if (event.type === "run") {
      await this.hearOfRun(event.name, event.revision);
    } else if (this.jobs.has(event.job.id)) {
      state.job.set(event.job);
      if (event.job.state !== "running" && event.job.state !== "queued") {
        await this.attempt(() => this.finish(event.job.id));
      }
    }
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
      await this.refreshProjection(state.fit.value);
      if (this.jobs.size === 0) await this.refreshOther();
    }
  }

  /** The fit that is not on screen keeps up too, once somebody has asked for it. */
  private async refreshOther(): Promise<void> {
    const { state } = this;
    const other = state.fit.value === 2 ? 3 : 2;
    if (isUsable(other === 2 ? state.planar.value : state.spatial.value)) {
      await this.refreshProjection(other);
    }
  }

  /** Reads what there is of a fit; starts or extends it where that is quick, unless told not to. */
  private async refreshProjection(fit: Fit, mayStart = true): Promise<void> {
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
    if (mayStart && due && !busy && !failed) await this.startJob(fit);
  }

  private show(fit: Fit, info: ProjectionInfo): void {
    const { state } = this;
    const run = state.run.value;
    (fit === 2 ? state.planar : state.spatial).set(info);
    const frames = fit === 2 ? this.planarFrames : this.spatialFrames;
    frames.use(
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

  private async startJob(fit: Fit): Promise<void> {
    const { state } = this;
    const run = state.run.value;
    const space = state.spaceName.value;
    if (run === null || space === null) return;
    const { job } = await this.client.project(run.name, requestOf(space, fit));
    if (job === null) await this.refreshProjection(fit, false);
    else {
      this.watch(job, fit);
      await this.refreshProjection(fit, false);
    }
  }

  private watch(job: string, fit: Fit): void {
    this.jobs.set(job, fit);
    clearTimeout(this.poll);
    this.poll = setTimeout(() => void this.askAboutJobs(), JOB_POLL_MS);
  }

  private async askAboutJobs(): Promise<void> {
    for (const id of this.jobs.keys()) {
      try {
        const job = await this.client.job(id);
        await this.hear({ type: "job", job });
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
    await this.refreshProjection(fit);
    // The other fit waits for the one that is looked at: two at once are both late.
    if (fit === this.state.fit.value && this.jobs.size === 0) await this.refreshOther();
  }

  private forget(): void {
    const { state } = this;
    state.problem.set(null);
    state.filter.clear();
    state.focus.set(null);
    state.hover.set(null);
    state.grouping.set(null);
    state.spaceName.set(null);
    state.planar.set(null);
    state.spatial.set(null);
    state.timeline.pause();
    state.timeline.setSteps([]);
    this.jobs.clear();
    this.planarFrames.use(null);
    this.spatialFrames.use(null);
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

function requestOf(space: string, fit: Fit): ProjectionRequest {
  return { space, method: "pca", n_components: fit, basis: "all" };
}

function problemOf(error: unknown): Problem {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof ServerError && (error.status === 401 || error.status === 403)) {
    return { message, remedy: "Open the address that driftglass printed when it started." };
  }
  return { message };
}
