import { carriedExplanation, onlyRow, type ExplanationBody } from "./carried_explanations.js";
import { carriedNeighbors } from "./carried_neighbors.js";
import { ServerError, withQuery, type Transport } from "./transport.js";
import type { ItemDetails, ItemPrediction, RunDescription, ServerEvent } from "./types.js";
import { arrayNamed, decode, encode, type NamedArray } from "./wire.js";

/** Where an answer lies: its kind, how it is packed, and what to load. */
type Place = [kind: "json" | "bytes", packed: 0 | 1, at: number, length: number];

/** What an exported page carries: answers by question, and a way to their bytes. */
export interface Embedded {
  version: number;
  answers: Record<string, Place>;
  /** How the page opens where it stands in another one. */
  view?: { address?: string; links?: { group: string; on: ("selection" | "step" | "camera")[] }[] };
  load(place: Place): Promise<Uint8Array<ArrayBuffer>>;
}

const VERSION = 1;
/** Questions about windows of rows; the page carries the whole and cuts. */
const WINDOWED = new Set(["frames", "text", "ids"]);
const ITEM_BLOCK = 512;
const ANSWERS = "driftglass-answers";
const DATA = "driftglass-data";

/** Finds what a page carries: bytes as text inside it, or in files beside it. */
export function embeddedIn(page: Document): Embedded {
  const answers = page.getElementById(ANSWERS)?.textContent;
  if (!answers) throw new Error("This page carries no answers. Export it again.");
  const index = JSON.parse(answers) as Omit<Embedded, "load"> & { files?: string };
  const { files } = index;
  if (files !== undefined) {
    return { ...index, load: ([, , at]) => fetched(`${files}/${at}.bin`) };
  }
  const text = page.getElementById(DATA)?.textContent ?? "";
  const load = (place: Place) => Promise.resolve(fromBase64(text.substr(place[2], place[3])));
  return { ...index, load };
}

/** Answers the questions of docs/wire.md from an exported page; no server, no network. */
export class EmbeddedTransport implements Transport {
  private readonly kept = new Map<string, Promise<unknown>>();

  constructor(private readonly embedded: Embedded) {
    if (embedded.version !== VERSION) {
      throw new Error(`This page holds data of version ${embedded.version}, not ${VERSION}.`);
    }
  }

  async json<T>(path: string): Promise<T> {
    const { what, run, query } = questionOf(path);
    if (what === "items") return (await this.item(run, query)) as T;
    if (what === "neighbors") return (await this.neighbors(run, query)) as T;
    const answer = await this.answer(path);
    if (what === "ids") return windowOf(answer as Windowed, "ids", query) as T;
    if (what === "text") return windowOf(answer as Windowed, "values", query) as T;
    return answer as T;
  }

  async bytes(path: string, abort?: AbortSignal): Promise<ArrayBuffer> {
    const { what, query } = questionOf(path);
    const whole = (await this.answer(path)) as ArrayBuffer;
    abort?.throwIfAborted();
    return what === "frames" ? cut(whole, query) : whole;
  }

  send<T>(path: string, body: unknown): Promise<T> {
    const { what, run } = questionOf(path);
    const { rows, columns } = (body ?? {}) as { rows?: number[]; columns?: string[] };
    if (what === "table" && rows !== undefined) return this.table(run, rows, columns) as Promise<T>;
    if (what === "explanation") {
      return this.explanation(run, body as ExplanationBody) as Promise<T>;
    }
    return Promise.reject(
      new ServerError(
        "not_in_file",
        what === "projection"
          ? "This page holds the maps it was exported with and computes none. Export it again with this one."
          : "This page was exported and computes nothing.",
        404,
      ),
    );
  }

  listen(listener: (event: ServerEvent) => void): () => void {
    queueMicrotask(() => listener({ type: "open" }));
    return () => undefined;
  }

  /** Ids and values of some rows, as a table shows them. */
  private async table(run: string, rows: number[], columns: string[] | undefined) {
    const items = await Promise.all(rows.map((row) => this.plainItem(run, row)));
    const names = columns ?? Object.keys(items[0]?.metadata ?? {});
    return {
      ids: items.map((item) => item.id),
      values: Object.fromEntries(
        names.map((name) => [name, items.map((item) => item.metadata[name] ?? null)]),
      ),
    };
  }

  private async plainItem(run: string, row: number): Promise<ItemDetails> {
    const block = Math.floor(row / ITEM_BLOCK);
    const items = (await this.answer(`/api/runs/${run}/items?block=${block}`)) as ItemDetails[];
    const item = items[row % ITEM_BLOCK];
    if (item === undefined) throw new ServerError("not_found", `There is no row ${row}.`, 404);
    return item;
  }

  private async item(run: string, query: URLSearchParams): Promise<ItemDetails> {
    const row = Number(query.get("row"));
    const item = await this.plainItem(run, row);
    return { ...item, prediction: await this.predictionOf(run, row, query.get("step")) };
  }

  private neighbors(run: string, query: URLSearchParams) {
    const base = `/api/runs/${run}`;
    const nearest = async (space: string, step: string) => {
      const path = withQuery(`${base}/nearest`, { space, step });
      if (this.placeOf(path) === undefined) {
        const message = `This page holds no neighbours of ${space} at step ${step}: they were left out when it was exported.`;
        throw new ServerError("not_in_file", message, 404);
      }
      return (await this.answer(path)) as ArrayBuffer;
    };
    const ids = async () =>
      ((await this.answer(`${base}/ids`)) as { ids: (string | number)[] }).ids;
    return carriedNeighbors({ nearest, ids }, query);
  }

  private async explanation(run: string, asked: ExplanationBody) {
    const { projection, step, since, bits, features } = asked;
    const path = withQuery(`/api/runs/${run}/explanations`, { projection, step });
    const row = onlyRow(bits ?? "");
    const refused =
      this.placeOf(path) === undefined || since !== undefined
        ? "This page does not hold that explanation: it tells why items are where PCA has them at its last step, where it tells so at all."
        : row === null
          ? "This page explains one item at a time."
          : null;
    if (refused !== null) throw new ServerError("not_in_file", refused, 404);
    return carriedExplanation((await this.answer(path)) as ArrayBuffer, row!, features ?? []);
  }

  private async predictionOf(
    run: string,
    row: number,
    step: string | null,
  ): Promise<ItemPrediction | null> {
    const path = `/api/runs/${run}/predictions?step=${step}`;
    if (step === null || this.placeOf(path) === undefined) return null;
    const frame = decode((await this.answer(path)) as ArrayBuffer);
    const codes = frame.arrays.get("predicted") as NamedArray;
    const none = codes.data instanceof Uint16Array ? 0xffff : 0xffffffff;
    const code = codes.data[row] ?? none;
    const confidence = arrayNamed(frame, "confidence", Float32Array)[row] ?? Number.NaN;
    const { classes } = (await this.answer(`/api/runs/${run}`)) as RunDescription;
    return {
      predicted: code === none ? null : (classes?.[code] ?? String(code)),
      confidence: Number.isNaN(confidence) ? null : confidence,
    };
  }

  /** The whole answer to a question; asked for once, because pages are read more than once. */
  private answer(path: string): Promise<unknown> {
    const found = this.placeOf(path);
    if (found === undefined) {
      const { what } = questionOf(path);
      const message = `This page does not hold that${what ? ` (${what})` : ""}: it was left out when the page was exported.`;
      return Promise.reject(new ServerError("not_in_file", message, 404));
    }
    const [key, place] = found;
    let answer = this.kept.get(key);
    if (answer === undefined) {
      answer = this.read(place);
      // Frames and pages of thumbnails are kept by whoever asked for them.
      if (place[0] === "json" || /\/(predictions|nearest|explanations)\?/.test(key))
        this.kept.set(key, answer);
    }
    return answer;
  }

  private async read(place: Place): Promise<unknown> {
    const raw = await this.embedded.load(place);
    const bytes = place[1] === 1 ? await unpacked(raw) : raw.buffer;
    return place[0] === "json" ? JSON.parse(new TextDecoder().decode(bytes)) : bytes;
  }

  private placeOf(path: string): [key: string, place: Place] | undefined {
    const key = keyOf(path);
    const place = this.embedded.answers[key];
    if (place !== undefined) return [key, place];
    const { what } = questionOf(path);
    return what === "projection" ? this.otherMap(path) : undefined;
  }

  /** The map that comes nearest to what is asked for: by its key, by its method, or of its space. */
  private otherMap(path: string): [key: string, place: Place] | undefined {
    const { run, query } = questionOf(path);
    const named = keyOf(withQuery(`/api/runs/${run}/projection`, { key: query.get("key") ?? "" }));
    if (named in this.embedded.answers) return [named, this.embedded.answers[named]!];
    const alike = (names: string[]) =>
      Object.entries(this.embedded.answers).find(([key]) => {
        const other = questionOf(key);
        const same = names.every((name) => other.query.get(name) === query.get(name));
        return other.what === "projection" && other.run === run && same;
      });
    return alike(["space", "n_components", "method"]) ?? alike(["space", "n_components"]);
  }
}

interface Windowed {
  start: number;
  stop: number;
  clipped?: number[];
}

function questionOf(path: string): { run: string; what: string; query: URLSearchParams } {
  const url = new URL(path, "page://driftglass");
  const [, , , run = "", what = ""] = url.pathname.split("/");
  return { run, what, query: url.searchParams };
}

/** A question as the page's index writes it: parameters sorted, windows left out. */
function keyOf(path: string): string {
  const url = new URL(path, "page://driftglass");
  const what = questionOf(path).what;
  const query = url.searchParams;
  if (WINDOWED.has(what)) {
    query.delete("start");
    query.delete("stop");
  }
  query.sort();
  const text = query.toString();
  return text === "" ? url.pathname : `${url.pathname}?${text}`;
}

function limits(query: URLSearchParams, length: number): [start: number, stop: number] {
  const start = Math.min(Number(query.get("start") ?? 0), length);
  return [start, Math.min(Number(query.get("stop") ?? length), length)];
}

function windowOf<T extends Windowed>(whole: T, name: "ids" | "values", query: URLSearchParams): T {
  const values = (whole as unknown as Record<string, unknown[]>)[name] ?? [];
  const [start, stop] = limits(query, values.length);
  const clipped = whole.clipped?.filter((row) => row >= start && row < stop);
  return { ...whole, start, stop, [name]: values.slice(start, stop), ...(clipped && { clipped }) };
}

/** The window of a frame that a question asks for; the frame itself where it asks for all. */
function cut(whole: ArrayBuffer, query: URLSearchParams): ArrayBuffer {
  const frame = decode(whole);
  const coordinates = frame.arrays.get("coordinates");
  const n = coordinates?.shape[0] ?? 0;
  const [start, stop] = limits(query, n);
  if (start === 0 && stop === n) return whole;
  const arrays = [...frame.arrays].map(([name, { data, shape }]) => {
    const width = shape.slice(1).reduce((product, size) => product * size, 1);
    const part = data.slice(start * width, stop * width);
    const named: [string, NamedArray] = [
      name,
      { data: part, shape: [stop - start, ...shape.slice(1)] },
    ];
    return named;
  });
  return encode(Object.fromEntries(arrays), { ...frame.meta, start, stop });
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

async function unpacked(bytes: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

async function fetched(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(path);
  if (!response.ok) throw new ServerError("not_in_file", `${path} is missing.`, response.status);
  return new Uint8Array(await response.arrayBuffer());
}
