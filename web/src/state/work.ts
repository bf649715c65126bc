import type { Client } from "../data/client.js";
import type { Job } from "../data/types.js";
import { signal, type Signal } from "./signal.js";

const POLL_MS = 700;

/** One job that a panel has started, followed until it ends. */
export class Work {
  private readonly current = signal<Job | null>(null);
  private ticket = 0;

  constructor(private readonly client: Client) {}

  /** The job under way; null when there is none. */
  get job(): Signal<Job | null> {
    return this.current;
  }

  /** Follows a job; resolves with how it ended, or with null when another one is followed. */
  async follow(id: string): Promise<Job | null> {
    const ticket = ++this.ticket;
    for (;;) {
      const job = await this.client.job(id);
      if (ticket !== this.ticket) return null;
      if (job.state !== "running" && job.state !== "queued") {
        this.current.set(null);
        return job;
      }
      this.current.set(job);
      await new Promise((done) => setTimeout(done, POLL_MS));
      if (ticket !== this.ticket) return null;
    }
  }

  async cancel(): Promise<void> {
    const job = this.current.value;
    if (job !== null) await this.client.cancel(job.id);
  }

  /** Follows nothing any more; the job itself goes on. */
  leave(): void {
    this.ticket++;
    this.current.set(null);
  }
}
