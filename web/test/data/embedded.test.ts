import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { Explanation, NeighborAnswer } from "../../src/data/knowing.js";
import { EmbeddedTransport, embeddedIn, type Embedded } from "../../src/data/embedded.js";
import { decode, encode } from "../../src/data/wire.js";

const RUN = "/api/runs/digits";
const frame = encode({
  coordinates: { data: Float32Array.from({ length: 8 }, (_, i) => i), shape: [4, 2] },
  trust: { data: Uint8Array.from([0, 1, 2, 3]) },
});
const predictions = encode({
  predicted: { data: Uint16Array.from([1, 0xffff]) },
  confidence: { data: Float32Array.from([0.5, Number.NaN]) },
});
const nearest = (rows: number[]) =>
  encode(
    {
      rows: { data: Uint16Array.from(rows), shape: [3, 2] },
      distances: { data: Uint16Array.from([0, 65535, 0, 65535, 0, 65535]), shape: [3, 2] },
    },
    { metric: "euclidean", method: "exact", recall: 1, n_checked: 0, n_samples: 3, largest: 8 },
  );
const explained = encode(
  {
    features: { data: Uint16Array.from([2, 0, 1, 2, 0, 0, 0, 0]), shape: [2, 4] },
    contributions: { data: Float32Array.from([3, -1, 2, 0, 0, 0, 0, 0]), shape: [2, 4] },
    sums: {
      data: Float32Array.from([5, 5, 1, 2, 4, 4, 1, 1, ...Array<number>(8).fill(Number.NaN)]),
      shape: [2, 8],
    },
    residuals: { data: Float32Array.from([0.5, 0]) },
  },
  { about: { label: "exact", exact: true }, names: ["x", "y", "z"], step: 5, n_listed: 2 },
);
const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

const BYTES: Record<string, ["json" | "bytes", Uint8Array]> = {
  [RUN]: ["json", json({ name: "digits", classes: ["ant", "bee"] })],
  [`${RUN}/ids`]: ["json", json({ start: 0, stop: 3, ids: ["a", "b", "c"] })],
  [`${RUN}/text?name=x+y`]: [
    "json",
    json({ start: 0, stop: 3, values: ["p", "q", "r"], clipped: [0, 2] }),
  ],
  [`${RUN}/frames?projection=k&step=5`]: ["bytes", new Uint8Array(frame)],
  [`${RUN}/nearest?space=h&step=5`]: ["bytes", new Uint8Array(nearest([1, 2, 0, 2, 1, 0]))],
  [`${RUN}/nearest?space=h&step=6`]: ["bytes", new Uint8Array(nearest([2, 1, 65535, 65535, 1, 0]))],
  [`${RUN}/explanations?projection=k&step=5`]: ["bytes", new Uint8Array(explained)],
  [`${RUN}/predictions?step=5`]: ["bytes", new Uint8Array(predictions)],
  [`${RUN}/items?block=0`]: [
    "json",
    json([
      { id: "a", row: 0, metadata: {}, prediction: null, notes: [] },
      { id: "b", row: 1, metadata: {}, prediction: null, notes: [] },
    ]),
  ],
  [`${RUN}/projection?basis=all&method=umap&n_components=2&space=hidden`]: [
    "json",
    json({ key: "k", method: "umap" }),
  ],
};

function carried(packed: 0 | 1): Embedded {
  const paths = Object.keys(BYTES);
  return {
    version: 1,
    answers: Object.fromEntries(
      paths.map((path, at) => [path, [BYTES[path]![0], packed, at, 0] as const]),
    ) as unknown as Embedded["answers"],
    load: ([, , at]) => {
      const bytes = BYTES[paths[at]!]![1];
      return Promise.resolve(new Uint8Array(packed ? gzipSync(bytes) : bytes));
    },
  };
}

describe.each([0, 1] as const)("an exported page with packed = %i", (packed) => {
  const page = () => new EmbeddedTransport(carried(packed));

  it("answers questions whatever the order of their parameters", async () => {
    const answer = await page().bytes(`${RUN}/frames?step=5&projection=k&start=0&stop=4`);

    expect(decode(answer).arrays.get("trust")?.data).toEqual(Uint8Array.from([0, 1, 2, 3]));
  });

  it("cuts windows out of the whole", async () => {
    const part = decode(await page().bytes(`${RUN}/frames?projection=k&step=5&start=1&stop=3`));
    const ids = await page().json(`${RUN}/ids?start=1&stop=9`);
    const text = await page().json(`${RUN}/text?name=x%20y&start=2&stop=3`);

    expect(part.arrays.get("coordinates")).toEqual({
      shape: [2, 2],
      data: Float32Array.from([2, 3, 4, 5]),
    });
    expect(ids).toEqual({ start: 1, stop: 3, ids: ["b", "c"] });
    expect(text).toEqual({ start: 2, stop: 3, values: ["r"], clipped: [2] });
  });

  it("puts the prediction of the step into the details of an item", async () => {
    const known = await page().json<{ prediction: unknown }>(`${RUN}/items?row=0&step=5`);
    const none = await page().json<{ prediction: unknown }>(`${RUN}/items?row=1&step=5`);
    const other = await page().json<{ prediction: unknown }>(`${RUN}/items?row=0&step=6`);

    expect(known.prediction).toEqual({ predicted: "bee", confidence: 0.5 });
    expect(none.prediction).toEqual({ predicted: null, confidence: null });
    expect(other.prediction).toBeNull();
  });

  it("answers for a table from the items", async () => {
    const table = await page().send(`${RUN}/table`, { rows: [1, 0], columns: ["x"] });

    expect(table).toEqual({ ids: ["b", "a"], values: { x: [null, null] } });
  });

  it("tells neighbours, beside those of another step", async () => {
    const path = `${RUN}/neighbors?space=h&step=5&metric=euclidean`;
    const alone = await page().json<NeighborAnswer>(`${path}&row=0&n=1`);
    const both = await page().json<NeighborAnswer>(`${path}&row=0&n=9&other_step=6`);
    const absent = await page().json<NeighborAnswer>(`${path}&row=1&n=9&other_step=6`);

    expect(alone.neighbors).toEqual([{ row: 1, id: "b", distance: 0 }]);
    expect(both.other?.neighbors?.map((one) => [one.id, one.distance])).toEqual([
      ["c", 0],
      ["b", 8],
    ]);
    expect(both.shared).toEqual([1, 2]);
    expect(absent.other?.reason).toContain("no vector in h at step 6");
  });

  it("tells why one item is where it is at the last step", async () => {
    const asked = (byte: number, more = {}) =>
      page().send<Explanation>(`${RUN}/explanation`, {
        projection: "k",
        step: 5,
        bits: btoa(String.fromCharCode(byte)),
        features: [2, 1],
        ...more,
      });
    const answer = await asked(0b01);

    expect(answer).toMatchObject({ status: "ready", label: "exact", residual: 0.5, n_rows: 1 });
    expect(answer.axes[0]).toMatchObject({ coordinate: 5, sum: 5, offset: 1, rest: 2 });
    expect(answer.axes[0]!.features.map((one) => [one.name, one.contribution])).toEqual([
      ["z", 3],
      ["x", -1],
    ]);
    expect(answer.asked).toEqual([]); // neither has all of its contributions here
    await expect(asked(0b10)).rejects.toThrow("no place at step 5");
    await expect(asked(0b11)).rejects.toThrow("one item at a time");
    await expect(asked(0b01, { since: 1 })).rejects.toMatchObject({ kind: "not_in_file" });
    await expect(asked(0b01, { step: 4 })).rejects.toMatchObject({ kind: "not_in_file" });
  });

  it("says which neighbours it does not hold", async () => {
    const asked = (more: string) => page().json(`${RUN}/neighbors?space=h&row=0&n=9&${more}`);

    await expect(asked("step=5&metric=cosine")).rejects.toThrow("by euclidean distance only");
    await expect(asked("step=7&metric=euclidean")).rejects.toThrow("no neighbours of h at step 7");
  });

  it("shows the map it has, whatever method is asked for", async () => {
    const path = `${RUN}/projection?space=hidden&method=pca&n_components=2&basis=all`;

    expect(await page().json(path)).toEqual({ key: "k", method: "umap" });
  });
});

describe("what an exported page does not hold", () => {
  const page = new EmbeddedTransport(carried(0));

  it("is said, not guessed", async () => {
    await expect(page.json(`${RUN}/explanation?row=3`)).rejects.toMatchObject({
      kind: "not_in_file",
      message: expect.stringContaining("explanation") as string,
    });
    await expect(page.json(`${RUN}/items?row=9`)).rejects.toMatchObject({ kind: "not_found" });
    await expect(page.send(`${RUN}/projection`, {})).rejects.toMatchObject({ kind: "not_in_file" });
  });
});

describe("the page itself", () => {
  const documentWith = (texts: Record<string, string>) =>
    ({
      getElementById: (id: string) => (id in texts ? { textContent: texts[id] } : null),
    }) as unknown as Document;

  it("is read out of its elements", async () => {
    const answers = JSON.stringify({ version: 1, answers: { "/api/info": ["json", 0, 4, 12] } });
    const text = `abcd${btoa('{"a": 12}')}`;
    const embedded = embeddedIn(
      documentWith({ "driftglass-answers": answers, "driftglass-data": text }),
    );

    expect(await new EmbeddedTransport(embedded).json("/api/info")).toEqual({ a: 12 });
  });

  it("without answers, or of another version, is refused", () => {
    const version = JSON.stringify({ version: 2, answers: {} });

    expect(() => embeddedIn(documentWith({}))).toThrow("no answers");
    expect(
      () => new EmbeddedTransport(embeddedIn(documentWith({ "driftglass-answers": version }))),
    ).toThrow("version 2");
  });
});
