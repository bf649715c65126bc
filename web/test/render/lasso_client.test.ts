import { describe, expect, test } from "vitest";
import { rowsOf } from "../../src/geometry/bitset.js";
import { Camera } from "../../src/geometry/camera.js";
import { rectangle } from "../../src/geometry/lasso.js";
import { HIDDEN } from "../../src/geometry/rows.js";
import { LassoClient, type LassoRequest } from "../../src/workers/lasso_client.js";

const viewport = { width: 100, height: 100 };
const camera = Camera.around({ planar: { low: [-1, -1], high: [1, 1] } }, viewport);
const request: LassoRequest = {
  from: "1",
  to: "1",
  mix: 0,
  depth: 0,
  camera: camera.toUniforms(viewport, 0),
  viewport,
  drawCount: 3,
};
const everything = rectangle(0, 0, 100, 100);
const planar = new Float32Array([0, 0, 0.5, 0.5, NaN, NaN]);

describe("where no worker can be had", () => {
  const here = () =>
    new LassoClient(() => {
      throw new Error("A policy forbids workers.");
    });

  test("the lasso works on the page's own thread", async () => {
    const client = here();
    client.setPositions("1", { planar });

    expect(client.inBackground).toBe(false);
    expect([...rowsOf(await client.select(everything, request))]).toEqual([0, 1]);
  });

  test("hidden rows are not inside either", async () => {
    const client = here();
    client.setPositions("1", { planar });
    client.setFlags(new Uint8Array([HIDDEN, 0, 0]));

    expect([...rowsOf(await client.select(everything, request))]).toEqual([1]);
  });

  test("a snapshot that was never given has no row inside", async () => {
    expect([...rowsOf(await here().select(everything, request))]).toEqual([]);
  });
});

test("a worker that dies while it searches is replaced by the page's own thread", async () => {
  const dying = {
    postMessage(message: { kind: string }) {
      if (message.kind === "select") queueMicrotask(() => dying.onerror?.());
    },
    terminate() {},
    onmessage: null,
    onerror: null as (() => void) | null,
  };
  const client = new LassoClient(() => dying as unknown as Worker);
  client.setPositions("1", { planar });

  expect([...rowsOf(await client.select(everything, request))]).toEqual([0, 1]);
  expect(client.inBackground).toBe(false);
});

test("snapshots are sent once, and only those a lasso needs", async () => {
  const sent: string[] = [];
  const worker = {
    postMessage(message: { kind: string; key?: string; id?: number }) {
      sent.push(message.key ? `${message.kind} ${message.key}` : message.kind);
      if (message.kind === "select") {
        const data = { id: message.id, bits: new Uint8Array(1), milliseconds: 1 };
        queueMicrotask(() => worker.onmessage?.({ data }));
      }
    },
    terminate() {},
    onmessage: null as ((event: unknown) => void) | null,
    onerror: null,
  };
  const client = new LassoClient(() => worker as unknown as Worker);
  client.setPositions("1", { planar });
  client.setPositions("2", { planar });
  await client.select(everything, request);
  await client.select(everything, request);
  await client.select(everything, { ...request, from: "2", to: "2" });

  expect(sent).toEqual([
    "positions 1",
    "flags",
    "select",
    "select",
    "forget 1",
    "positions 2",
    "select",
  ]);
});
