import { describe, expect, it } from "vitest";
import { Cache } from "../../src/data/cache.js";
import { Client } from "../../src/data/client.js";
import { MemoryTransport } from "../../src/data/memory.js";
import { sampleRun } from "../../src/data/sample.js";
import { ServerError } from "../../src/data/transport.js";

function clientOf(n: number) {
  const run = sampleRun({ n, steps: [0, 10], tile: null });
  const transport = new MemoryTransport([run]);
  return { run, transport, client: new Client(transport) };
}

function request(n: number, step = 10) {
  return {
    run: "digits-mlp",
    projection: "digits-mlp-2",
    order: "order",
    step,
    n_components: 2 as const,
    n_items: n,
  };
}

describe("a frame", () => {
  it("is what the server has, row for row", async () => {
    const { client, run } = clientOf(50);
    const frame = await client.frame(request(50));

    expect(frame.coordinates).toEqual(run.place(10, 2));
    expect(frame.trust).toEqual(run.trust(10));
  });

  it("comes in windows, the first a small one, and is shown as it grows", async () => {
    const n = 150;
    const { run, transport } = clientOf(n);
    const client = new Client(transport, 64);
    const loaded: number[] = [];
    const frame = await client.frame(request(n), (part) => loaded.push(part.loaded));

    expect(loaded).toEqual([16, 80, 144, n]);
    expect(transport.asked.filter((path) => path.includes("/frames"))).toHaveLength(4);
    expect(frame.coordinates).toEqual(run.place(10, 2));
  });

  it("is asked for once", async () => {
    const { client, transport } = clientOf(50);
    const first = await client.frame(request(50));
    const second = await client.frame(request(50));

    expect(second).toBe(first);
    expect(transport.asked).toHaveLength(1);
  });

  it("can be given up", async () => {
    const { client } = clientOf(50);
    const abort = new AbortController();
    abort.abort();

    await expect(client.frame(request(50), undefined, abort.signal)).rejects.toThrow();
  });
});

describe("a column", () => {
  it("keeps its kind", async () => {
    const { client } = clientOf(50);
    const run = await client.run("digits-mlp");
    const kinds = await Promise.all(
      run.columns
        .filter((info) => info.kind !== "text")
        .map(async (info) => (await client.column(run.name, run.order, info)).kind),
    );

    expect(kinds).toEqual(["categorical", "number", "boolean", "date", "set", "records"]);
  });

  it("of text is refused with a reason", async () => {
    const { client } = clientOf(5);
    const run = await client.run("digits-mlp");
    const info = run.columns.find((column) => column.kind === "text");

    await expect(client.column(run.name, run.order, info!)).rejects.toThrow(/text/);
  });
});

describe("an error", () => {
  it("of the server keeps its kind and message", async () => {
    const { client } = clientOf(5);

    await expect(client.run("nothing")).rejects.toMatchObject({
      kind: "not_found",
      message: "No run named 'nothing'.",
    });
    await expect(client.run("nothing")).rejects.toBeInstanceOf(ServerError);
  });
});

describe("the cache", () => {
  it("forgets the least recently used beyond its budget", () => {
    const cache = new Cache<string>(10);
    cache.set("a", "A", 4);
    cache.set("b", "B", 4);
    cache.get("a");
    cache.set("c", "C", 4);

    expect([cache.get("a"), cache.get("b"), cache.get("c")]).toEqual(["A", undefined, "C"]);
    expect(cache.bytes).toBe(8);
  });

  it("keeps one value even if it is larger than the budget", () => {
    const cache = new Cache<string>(10);
    cache.set("large", "L", 100);

    expect(cache.get("large")).toBe("L");
  });
});
