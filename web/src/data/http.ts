import { ConnectionError, ServerError, type Transport } from "./transport.js";
import type { Job, ServerEvent } from "./types.js";

const RETRY_FIRST_MS = 500;
/** How long a hidden tab keeps its connection. */
const HIDDEN_MS = 10_000;
const RETRY_LONGEST_MS = 4_000;

/** The transport of the served page: fetch for answers, server-sent events for news. */
export class HttpTransport implements Transport {
  constructor(private readonly base = ".") {}

  async json<T>(path: string, abort?: AbortSignal): Promise<T> {
    const response = await this.ask(path, { signal: abort });
    return (await response.json()) as T;
  }

  async bytes(path: string, abort?: AbortSignal): Promise<ArrayBuffer> {
    const response = await this.ask(path, { signal: abort });
    return response.arrayBuffer();
  }

  async send<T>(path: string, body: unknown): Promise<T> {
    const response = await this.ask(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    return (await response.json()) as T;
  }

  listen(listener: (event: ServerEvent) => void): () => void {
    let stopped = false;
    let source: EventSource | null = null;
    let wait = RETRY_FIRST_MS;
    let timer: ReturnType<typeof setTimeout> | undefined;

    // EventSource reconnects by itself only after a dropped connection, not after a
    // refused one, which is what a restarting server looks like; so we reopen it.
    const open = () => {
      clearTimeout(timer);
      source?.close();
      source = new EventSource(`${this.base}/api/events`);
      source.onopen = () => {
        wait = RETRY_FIRST_MS;
        listener({ type: "open" });
      };
      source.addEventListener("run", (event) => {
        const { name, revision } = JSON.parse(event.data) as { name: string; revision: number };
        listener({ type: "run", name, revision });
      });
      source.addEventListener("job", (event) => {
        listener({ type: "job", job: JSON.parse(event.data) as Job });
      });
      source.addEventListener("selections", (event) => {
        listener({ type: "selections", ...(JSON.parse(event.data) as { run: string }) });
      });
      source.addEventListener("labels", (event) => {
        listener({ type: "labels", ...(JSON.parse(event.data) as { run: string }) });
      });
      source.addEventListener("selected", (event) => {
        const told = JSON.parse(event.data) as { run: string; version: number };
        listener({ type: "selected", ...told });
      });
      source.onerror = () => {
        source?.close();
        if (stopped) return;
        listener({ type: "lost" });
        void this.isRefused().then((refused) => {
          if (refused && !stopped) listener({ type: "refused" });
        });
        timer = setTimeout(open, wait);
        wait = Math.min(wait * 2, RETRY_LONGEST_MS);
      };
    };

    // A browser opens six connections to one server, for all its tabs together. Tabs that nobody
    // sees give theirs back; on return the server tells what they missed.
    const page = typeof document === "undefined" ? undefined : document;
    const seen = () => {
      clearTimeout(timer);
      if (page?.visibilityState === "hidden") timer = setTimeout(() => source?.close(), HIDDEN_MS);
      else if (source?.readyState !== EventSource.OPEN) open();
    };
    page?.addEventListener("visibilitychange", seen);

    open();
    return () => {
      stopped = true;
      clearTimeout(timer);
      source?.close();
      page?.removeEventListener("visibilitychange", seen);
    };
  }

  /** Whether a server answers and does not let us in, which an EventSource does not tell. */
  private async isRefused(): Promise<boolean> {
    try {
      await this.ask("/api/info", {});
      return false;
    } catch (error) {
      return error instanceof ServerError && (error.status === 401 || error.status === 403);
    }
  }

  private async ask(path: string, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(this.base + path, { ...init, credentials: "same-origin" });
    } catch (cause) {
      if (init.signal?.aborted) throw cause;
      throw new ConnectionError("The driftglass server does not answer.", { cause });
    }
    if (!response.ok) throw await errorOf(response);
    return response;
  }
}

async function errorOf(response: Response): Promise<ServerError> {
  try {
    const { error } = (await response.json()) as { error: { kind: string; message: string } };
    return new ServerError(error.kind, error.message, response.status);
  } catch {
    return new ServerError(
      "unknown",
      `The server answered ${response.status} ${response.statusText}.`,
      response.status,
    );
  }
}
