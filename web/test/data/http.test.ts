import { afterEach, describe, expect, it, vi } from "vitest";
import { HttpTransport } from "../../src/data/http.js";
import { ConnectionError } from "../../src/data/transport.js";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function answer(body: string, status = 200): void {
  vi.stubGlobal("fetch", async () => new Response(body, { status, statusText: "Oh" }));
}

describe("HttpTransport", () => {
  it("shows the server's own words", async () => {
    answer('{"error":{"kind":"invalid","message":"step is \'x\'; a number is expected."}}', 400);

    await expect(new HttpTransport().json("/api/runs")).rejects.toMatchObject({
      kind: "invalid",
      status: 400,
      message: "step is 'x'; a number is expected.",
    });
  });

  it("has words for an answer without any", async () => {
    answer("<html>", 502);

    await expect(new HttpTransport().bytes("/x")).rejects.toThrow("The server answered 502 Oh.");
  });

  it("tells a missing server from an angry one", async () => {
    vi.stubGlobal("fetch", async () => Promise.reject(new TypeError("Failed to fetch")));

    await expect(new HttpTransport().json("/api/runs")).rejects.toBeInstanceOf(ConnectionError);
  });
});

/** The part of EventSource that the transport uses, driven by the test. */
class Source extends EventTarget {
  static made: Source[] = [];
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  static readonly OPEN = 1;
  closed = false;

  get readyState(): number {
    return this.closed ? 2 : Source.OPEN;
  }

  constructor(readonly url: string) {
    super();
    Source.made.push(this);
  }

  close(): void {
    this.closed = true;
  }
}

describe("events", () => {
  it("come back after the server was away, later and later", () => {
    vi.useFakeTimers();
    vi.stubGlobal("EventSource", Source);
    Source.made = [];
    const heard: string[] = [];
    const stop = new HttpTransport().listen((event) => heard.push(event.type));
    Source.made[0]!.onopen?.();
    Source.made[0]!.onerror?.();
    vi.advanceTimersByTime(500);
    Source.made[1]!.onerror?.();
    vi.advanceTimersByTime(500);

    expect(heard).toEqual(["open", "lost", "lost"]);
    expect(Source.made).toHaveLength(2);
    vi.advanceTimersByTime(500);
    expect(Source.made).toHaveLength(3);
    stop();
    expect(Source.made[2]!.closed).toBe(true);
  });

  it("stop while nobody sees the page, and come back when somebody does", () => {
    vi.useFakeTimers();
    vi.stubGlobal("EventSource", Source);
    const page = Object.assign(new EventTarget(), { visibilityState: "visible" });
    vi.stubGlobal("document", page);
    Source.made = [];
    const stop = new HttpTransport().listen(() => undefined);
    page.visibilityState = "hidden";
    page.dispatchEvent(new Event("visibilitychange"));
    vi.advanceTimersByTime(9_000);
    expect(Source.made[0]!.closed).toBe(false);
    vi.advanceTimersByTime(2_000);
    expect(Source.made[0]!.closed).toBe(true);
    page.visibilityState = "visible";
    page.dispatchEvent(new Event("visibilitychange"));

    expect(Source.made).toHaveLength(2);
    stop();
  });

  it("carry runs and jobs", () => {
    vi.stubGlobal("EventSource", Source);
    Source.made = [];
    const heard: unknown[] = [];
    const stop = new HttpTransport().listen((event) => heard.push(event));
    const send = (type: string, data: string) =>
      Source.made[0]!.dispatchEvent(new MessageEvent(type, { data }));
    send("run", '{"name":"a","revision":3}');
    send("job", '{"id":"j","state":"done"}');

    expect(heard).toEqual([
      { type: "run", name: "a", revision: 3 },
      { type: "job", job: { id: "j", state: "done" } },
    ]);
    stop();
  });
});
