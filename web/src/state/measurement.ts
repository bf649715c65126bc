import type { Client } from "../data/client.js";
import type { MeasurementInfo, MeasureRequest } from "../data/measured.js";
import { ServerError } from "../data/transport.js";
import type { RunDescription } from "../data/types.js";
import { signal, type Signal } from "./signal.js";

/** What takes longer is offered, not started. */
export const UNASKED_SECONDS = 2;
const POLL_MS = 500;

/** Something the server measures in a job and keeps: asked for, offered, followed, read. */
export class Measurement<T> {
  private readonly known = signal<MeasurementInfo | null>(null);
  private readonly found = signal<T | null>(null);
  private readonly trouble = signal<string | null>(null);
  private about: { run: RunDescription; request: MeasureRequest } | null = null;
  private ticket = 0;
  private shown: string | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** `read` makes the value of the bytes that came. */
  constructor(
    private readonly client: Client,
    private readonly read: (bytes: ArrayBuffer) => T,
  ) {}

  /** How it stands; null before anybody has asked. */
  get info(): Signal<MeasurementInfo | null> {
    return this.known;
  }

  get value(): Signal<T | null> {
    return this.found;
  }

  /** What went wrong, in words. */
  get problem(): Signal<string | null> {
    return this.trouble;
  }

  /** What it is about. */
  get request(): MeasureRequest | null {
    return this.about?.request ?? null;
  }

  /** Says what it is to be about; begins it where that is quick, unless told not to. */
  want(run: RunDescription, request: MeasureRequest, mayStart = true): void {
    const same = this.about !== null && subjectOf(this.about) === subjectOf({ run, request });
    this.about = { run, request };
    if (!same) {
      this.found.set(null);
      this.known.set(null);
      this.shown = null;
    }
    this.trouble.set(null);
    void this.look(mayStart);
  }

  /** Makes it, because somebody asked for it. */
  async start(): Promise<void> {
    const { about, client } = this;
    if (about === null) return;
    const ticket = ++this.ticket;
    this.trouble.set(null);
    await this.attempt(ticket, async () => client.measure(about.run.name, about.request));
  }

  /** Stops it. */
  async cancel(): Promise<void> {
    const job = this.known.value?.job;
    if (job !== null && job !== undefined) await this.client.cancel(job);
    await this.look(false);
  }

  /** Forgets everything, as when another run is opened. */
  forget(): void {
    this.ticket++;
    clearTimeout(this.timer);
    this.about = null;
    this.shown = null;
    this.known.set(null);
    this.found.set(null);
    this.trouble.set(null);
  }

  private async look(mayStart = true): Promise<void> {
    const { about, client } = this;
    if (about === null) return;
    const ticket = ++this.ticket;
    const { run, request } = about;
    await this.attempt(ticket, async () => {
      // Rows travel in a body; such a question may begin what it asks about.
      if (request.rows !== undefined) return client.measure(run.name, request, "quick");
      const info = await client.measurement(run.name, request);
      const seconds = info.estimate_seconds ?? Number.POSITIVE_INFINITY;
      const missing = info.status === "absent" || info.status === "stale";
      // What has just failed would fail again: only the reader may ask for it once more.
      const due = missing && seconds < UNASKED_SECONDS && info.reason === null;
      if (!due || !mayStart || ticket !== this.ticket) return info;
      return client.measure(run.name, request, "quick");
    });
  }

  private async attempt(ticket: number, ask: () => Promise<MeasurementInfo>): Promise<void> {
    clearTimeout(this.timer);
    try {
      const info = await ask();
      if (ticket !== this.ticket) return;
      this.known.set(info);
      if (info.key !== null && info.key !== this.shown) await this.fetch(ticket, info.key);
      if (ticket !== this.ticket || info.status !== "running") return;
      this.timer = setTimeout(() => void this.look(false), POLL_MS);
    } catch (error) {
      // A page that was exported holds what was measured before and can measure nothing.
      if (error instanceof ServerError && error.kind === "not_in_file") return;
      if (ticket === this.ticket) {
        this.trouble.set(error instanceof Error ? error.message : String(error));
      }
    }
  }

  private async fetch(ticket: number, key: string): Promise<void> {
    const { about } = this;
    if (about === null) return;
    const { name, order } = about.run;
    const bytes = await this.client.measured(name, order, key);
    if (ticket !== this.ticket) return;
    this.shown = key;
    this.found.set(this.read(bytes));
  }
}

/** What two requests must share so that the answer to one may stand until the other's comes. */
function subjectOf({ run, request }: { run: RunDescription; request: MeasureRequest }): string {
  const { kind, space, projection, step, rows } = request;
  // The last part of a projection's key changes whenever the run grows.
  const map = projection?.slice(0, projection.lastIndexOf("-"));
  return JSON.stringify([run.name, run.order, kind, space, map, step, rows?.join(".")]);
}
