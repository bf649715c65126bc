import { pieces, Incoming, Outgoing } from "./pieces.js";
import { ConnectionError, ServerError, type Transport } from "./transport.js";
import type { Job, ServerEvent } from "./types.js";

/** What carries messages to the kernel and back; anywidget's model is one. */
export interface Channel {
  send(message: PageMessage, buffers: ArrayBuffer[]): void;
  /** Calls back for every message; returns a function that stops. */
  listen(listener: (message: KernelMessage, buffers: DataView[]) => void): () => void;
}

/** What a page says; docs/wire.md describes each. */
export type PageMessage = { client: string } & (
  | { type: "hello" | "bye" | "pong" }
  | { type: "ask"; id: number; method: string; address: string; part: number; parts: number }
  | { type: "ack"; id: number; part: number }
  | { type: "cancel"; id: number }
);

/** What the kernel says. */
export type KernelMessage = { client: string } & (
  | { type: "welcome"; version: number }
  | { type: "ping" }
  | { type: "ack"; id: number; part: number }
  | {
      type: "answer";
      id: number;
      status: number;
      kind: "json" | "bytes";
      part: number;
      parts: number;
    }
  | { type: "event"; name: string; value: unknown }
);

interface Pending {
  question: Outgoing | null;
  answer: Incoming | null;
  asked: number;
  settle(status: number, data: ArrayBuffer): void;
}

/** A kernel that has said nothing for so long while a question waits is busy, or gone. */
const SILENT_MS = 20_000;
const WATCH_MS = 1_000;

/**
 * The transport of the notebook: the same questions as over HTTP, as messages through the kernel.
 * Several views share one channel, and each heeds only what is meant for it.
 */
export class KernelTransport implements Transport {
  private readonly client = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
  private readonly waiting = new Map<number, Pending>();
  private readonly listeners = new Set<(event: ServerEvent) => void>();
  private readonly stop: () => void;
  private readonly watch: ReturnType<typeof setInterval>;
  private greeted: (() => void) | null = null;
  private nextId = 1;
  private heard = Date.now();
  private lost = false;
  private closed = false;
  /** Resolves as soon as a kernel answers. */
  readonly welcome: Promise<void>;

  constructor(private readonly channel: Channel) {
    this.stop = channel.listen((message, buffers) => this.hear(message, buffers));
    this.watch = setInterval(() => this.look(), WATCH_MS);
    this.welcome = new Promise((resolve) => (this.greeted = resolve));
    this.say({ type: "hello", client: this.client });
  }

  async json<T>(path: string, abort?: AbortSignal): Promise<T> {
    return JSON.parse(textOf(await this.ask("GET", path, null, abort))) as T;
  }

  bytes(path: string, abort?: AbortSignal): Promise<ArrayBuffer> {
    return this.ask("GET", path, null, abort);
  }

  async send<T>(path: string, body: unknown): Promise<T> {
    const bytes = new TextEncoder().encode(JSON.stringify(body));
    return JSON.parse(textOf(await this.ask("POST", path, bytes))) as T;
  }

  listen(listener: (event: ServerEvent) => void): () => void {
    this.listeners.add(listener);
    void this.welcome.then(() => this.listeners.has(listener) && listener({ type: "open" }));
    return () => void this.listeners.delete(listener);
  }

  /** Says goodbye; questions that wait are never answered. */
  close(): void {
    if (this.closed) return;
    this.say({ type: "bye", client: this.client });
    this.closed = true;
    clearInterval(this.watch);
    this.stop();
    for (const id of [...this.waiting.keys()]) this.waiting.delete(id);
  }

  private ask(
    method: "GET" | "POST",
    address: string,
    body: Uint8Array<ArrayBuffer> | null,
    abort?: AbortSignal,
  ): Promise<ArrayBuffer> {
    abort?.throwIfAborted();
    if (this.closed) return Promise.reject(new ConnectionError("This view has been closed."));
    const id = this.nextId++;
    const parts = body === null ? [] : pieces(body);
    return new Promise((resolve, reject) => {
      const cancel = () => {
        if (!this.waiting.delete(id)) return;
        this.say({ type: "cancel", client: this.client, id });
        reject(abort?.reason as Error);
      };
      const send = (part: number, piece: ArrayBuffer[]) =>
        this.say(
          { type: "ask", client: this.client, id, method, address, part, parts: parts.length },
          piece,
        );
      const question = new Outgoing(parts, (part, piece) => send(part, [piece]));
      const settle = (status: number, data: ArrayBuffer) => {
        this.waiting.delete(id);
        abort?.removeEventListener("abort", cancel);
        if (status < 400) resolve(data);
        else reject(errorOf(status, data));
      };
      this.waiting.set(id, { question, answer: null, asked: Date.now(), settle });
      abort?.addEventListener("abort", cancel, { once: true });
      if (parts.length === 0) send(0, []);
      else question.begin();
    });
  }

  private hear(message: KernelMessage, buffers: DataView[]): void {
    if (message.client !== this.client || this.closed) return;
    this.heard = Date.now();
    if (message.type === "welcome") this.greeted?.();
    else if (message.type === "ping") this.say({ type: "pong", client: this.client });
    else if (message.type === "event") this.tell(eventOf(message.name, message.value));
    else if (message.type === "ack") {
      this.waiting.get(message.id)?.question?.acknowledged(message.part);
    } else this.take(message, buffers[0]);
    if (this.lost) {
      this.lost = false;
      this.tell({ type: "open" });
    }
  }

  private take(
    { id, part, parts, status }: Extract<KernelMessage, { type: "answer" }>,
    piece: DataView | undefined,
  ): void {
    this.say({ type: "ack", client: this.client, id, part });
    const pending = this.waiting.get(id);
    if (pending === undefined) return;
    pending.answer ??= new Incoming(parts);
    const whole = pending.answer.take(part, piece);
    if (whole !== null) pending.settle(status, whole);
  }

  /** Notices a kernel that does not answer. It may only be busy, so nothing is given up. */
  private look(): void {
    const oldest = Math.min(...[...this.waiting.values()].map((pending) => pending.asked));
    const since = Date.now() - Math.max(this.heard, oldest);
    if (this.lost || this.waiting.size === 0 || since < SILENT_MS) return;
    this.lost = true;
    this.tell({ type: "lost" });
  }

  private tell(event: ServerEvent | null): void {
    if (event !== null) for (const listener of [...this.listeners]) listener(event);
  }

  private say(message: PageMessage, buffers: ArrayBuffer[] = []): void {
    if (!this.closed) this.channel.send(message, buffers);
  }
}

function eventOf(name: string, value: unknown): ServerEvent | null {
  const told = value as Record<string, never>;
  switch (name) {
    case "run":
      return { type: "run", name: told.name ?? "", revision: told.revision ?? 0 };
    case "job":
      return { type: "job", job: value as Job };
    case "selections":
      return { type: "selections", run: told.run ?? "" };
    case "selected":
      return { type: "selected", run: told.run ?? "", version: told.version ?? 0 };
    default:
      return null;
  }
}

function errorOf(status: number, data: ArrayBuffer): ServerError {
  const { error } = JSON.parse(textOf(data)) as { error: { kind: string; message: string } };
  return new ServerError(error.kind, error.message, status);
}

function textOf(data: ArrayBuffer): string {
  return new TextDecoder().decode(data);
}
