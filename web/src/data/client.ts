import { Cache } from "./cache.js";
import { codesNamed, columnOf, type ColumnData } from "./columns.js";
import type { MeasurementInfo, MeasureRequest, TornNeighbours } from "./measured.js";
import { withQuery, type Transport } from "./transport.js";
import type {
  ColumnInfo,
  ItemDetails,
  Job,
  KeptProjection,
  MethodInfo,
  ProjectionInfo,
  ProjectionRequest,
  RunDescription,
  RunSummary,
  ScalarSeries,
  ServerEvent,
  ServerInfo,
} from "./types.js";
import { arrayNamed, decode } from "./wire.js";

/** Rows asked for at once. */
export const WINDOW = 262_144;
/** Rows of the first of several windows: a fair sample of all, and soon here. */
const FIRST_WINDOW_SHARE = 1 / 4;

const FRAME_BUDGET = 256 * 2 ** 20;
const COLUMN_BUDGET = 64 * 2 ** 20;
const PAGE_BUDGET = 64 * 2 ** 20;

/** Coordinates of every row at one step; nan where the row has no vector there. */
export interface FrameData {
  step: number;
  n_components: 2 | 3;
  coordinates: Float32Array;
  /** 0 (torn apart) to 254 (faithful); 255 where it was not measured. */
  trust: Uint8Array;
  /** Rows that have arrived; the rest are still nan. */
  loaded: number;
}

/** Thumbnails by row. */
export interface SpriteIndex {
  /** Tile number of each row, 4294967295 where it has no image. */
  tiles: Uint32Array;
  /** Width and height of each row's image in the middle of its tile; null where all fill it. */
  sizes: Uint16Array | null;
}

/** Predicted class and confidence of every row at one step. */
export interface PredictionData {
  /** The largest number the type holds where there is no prediction. */
  predicted: Uint16Array | Uint32Array;
  confidence: Float32Array;
}

export interface FrameRequest {
  run: string;
  projection: string;
  order: string;
  step: number;
  n_components: 2 | 3;
  n_items: number;
}

/** What the server is to draw when the browser cannot. */
export interface PictureRequest {
  projection: string;
  step: number;
  color?: string;
  theme: "dark" | "light";
  width: number;
  height: number;
}

/** Asks the server questions in the viewer's words, and remembers the answers worth keeping. */
export class Client {
  private readonly frames = new Cache<FrameData>(FRAME_BUDGET);
  private readonly columns = new Cache<ColumnData>(COLUMN_BUDGET);
  private readonly predicted = new Cache<PredictionData>(COLUMN_BUDGET);
  private readonly numbers = new Cache<ArrayBuffer>(COLUMN_BUDGET);
  private readonly pages = new Cache<ArrayBuffer>(PAGE_BUDGET);

  constructor(
    private readonly transport: Transport,
    private readonly window = WINDOW,
  ) {}

  /** What this server is and which store it shows. */
  info(): Promise<ServerInfo> {
    return this.transport.json("/api/info");
  }

  runs(): Promise<RunSummary[]> {
    return this.transport.json("/api/runs");
  }

  run(name: string): Promise<RunDescription> {
    return this.transport.json(runPath(name));
  }

  listen(listener: (event: ServerEvent) => void): () => void {
    return this.transport.listen(listener);
  }

  projection(run: string, request: ProjectionRequest): Promise<ProjectionInfo> {
    const parameters = request.parameters && JSON.stringify(request.parameters);
    return this.transport.json(withQuery(`${runPath(run)}/projection`, { ...request, parameters }));
  }

  /** Methods of projection that the server knows. */
  methods(): Promise<MethodInfo[]> {
    return this.transport.json("/api/methods");
  }

  /** Projections that a run keeps of a space. */
  projections(run: string, space: string): Promise<KeptProjection[]> {
    return this.transport.json(withQuery(`${runPath(run)}/projections`, { space }));
  }

  /** Starts the projection, or extends it to new snapshots. The answer names the job. */
  project(
    run: string,
    request: ProjectionRequest,
    refresh = false,
  ): Promise<{ job: string | null }> {
    return this.transport.send(`${runPath(run)}/projection`, { ...request, refresh });
  }

  job(id: string): Promise<Job> {
    return this.transport.json(`/api/jobs/${encodeURIComponent(id)}`);
  }

  async cancel(id: string): Promise<void> {
    await this.transport.send(`/api/jobs/${encodeURIComponent(id)}/cancel`, {});
  }

  /** Has a job stand still, go on, or end its layout and keep what there is. */
  async order(id: string, word: "pause" | "resume" | "keep"): Promise<void> {
    await this.transport.send(`/api/jobs/${encodeURIComponent(id)}/${word}`, {});
  }

  /** How a measurement stands; nothing starts by asking. */
  measurement(run: string, request: MeasureRequest): Promise<MeasurementInfo> {
    const { kind, space, projection, step } = request;
    const path = `${runPath(run)}/measurement`;
    return this.transport.json(withQuery(path, { kind, space, projection, step }));
  }

  /** Starts a measurement, or only one that is quick; says how it stands then. */
  measure(
    run: string,
    request: MeasureRequest,
    start: "yes" | "quick" = "yes",
  ): Promise<MeasurementInfo> {
    return this.transport.send(`${runPath(run)}/measurement`, { ...request, start });
  }

  /** The numbers of a measurement that is kept; with a step, those of the points of one frame. */
  async measured(run: string, order: string, key: string, step?: number): Promise<ArrayBuffer> {
    const name = `${run}\n${order}\n${key}\n${step ?? ""}`;
    const held = this.numbers.get(name);
    if (held !== undefined) return held;
    const bytes = await this.transport.bytes(withQuery(`${runPath(run)}/measured`, { key, step }));
    this.numbers.set(name, bytes, bytes.byteLength);
    return bytes;
  }

  /** Neighbours of a row that the map of a step tore away, and those it put there. */
  torn(run: string, projection: string, step: number, row: number): Promise<TornNeighbours> {
    return this.transport.json(withQuery(`${runPath(run)}/torn`, { projection, step, row }));
  }

  /** The values of a column; `order` is the row order they must be in. */
  async column(run: string, order: string, info: ColumnInfo): Promise<ColumnData> {
    const key = `${run}\n${order}\n${info.name}`;
    const held = this.columns.get(key);
    if (held !== undefined) return held;
    const path = withQuery(`${runPath(run)}/columns`, { name: info.name });
    const buffer = await this.transport.bytes(path);
    const column = columnOf(info, decode(buffer));
    this.columns.set(key, column, buffer.byteLength);
    return column;
  }

  /**
   * The frame of one step, window by window. `progress` is called after each window, always
   * with the same arrays, so that points appear while the rest is still on its way.
   */
  async frame(
    request: FrameRequest,
    progress?: (frame: FrameData) => void,
    abort?: AbortSignal,
  ): Promise<FrameData> {
    const { run, projection, order, step, n_items, n_components } = request;
    const key = `${run}\n${projection}\n${order}\n${step}`;
    const held = this.frames.get(key);
    if (held !== undefined) return held;

    const windows = this.windowsOf(n_items);
    const ask = ([start, stop]: readonly [number, number]) => {
      const query = { projection, step, start, stop };
      return this.transport.bytes(withQuery(`${runPath(run)}/frames`, query), abort);
    };
    const frame = windows.length === 1 ? null : emptyFrame(request);
    let coming = ask(windows[0]!);
    for (const [i, [start, stop]] of windows.entries()) {
      const buffer = await coming;
      const next = windows[i + 1];
      if (next !== undefined) {
        coming = ask(next);
        // An abort rejects this one while nobody waits for it yet.
        coming.catch(() => undefined);
      }
      const part = decode(buffer);
      const coordinates = arrayNamed(part, "coordinates", Float32Array);
      const trust = arrayNamed(part, "trust", Uint8Array);
      if (frame === null) {
        const whole = { step, n_components, coordinates, trust, loaded: n_items };
        this.frames.set(key, whole, buffer.byteLength);
        return whole;
      }
      frame.coordinates.set(coordinates, start * n_components);
      frame.trust.set(trust, start);
      frame.loaded = stop;
      progress?.(frame);
    }
    const whole = frame as FrameData;
    this.frames.set(key, whole, whole.coordinates.byteLength + whole.trust.byteLength);
    return whole;
  }

  private windowsOf(n_items: number): [start: number, stop: number][] {
    if (n_items <= this.window) return [[0, n_items]];
    const windows: [number, number][] = [];
    let stop = Math.ceil(this.window * FIRST_WINDOW_SHARE);
    for (let start = 0; start < n_items; start = stop, stop += this.window) {
      stop = Math.min(stop, n_items);
      windows.push([start, stop]);
    }
    return windows;
  }

  async predictions(run: string, order: string, step: number): Promise<PredictionData> {
    const key = `${run}\n${order}\n${step}`;
    const held = this.predicted.get(key);
    if (held !== undefined) return held;
    const path = withQuery(`${runPath(run)}/predictions`, { step });
    const buffer = await this.transport.bytes(path);
    const frame = decode(buffer);
    const data = {
      predicted: codesNamed(frame, "predicted"),
      confidence: arrayNamed(frame, "confidence", Float32Array),
    };
    this.predicted.set(key, data, buffer.byteLength);
    return data;
  }

  scalars(run: string): Promise<Record<string, ScalarSeries>> {
    return this.transport.json(`${runPath(run)}/scalars`);
  }

  item(run: string, row: number, step: number | undefined): Promise<ItemDetails> {
    return this.transport.json(withQuery(`${runPath(run)}/items`, { row, step }));
  }

  async ids(run: string, start: number, stop: number): Promise<(string | number)[]> {
    const path = withQuery(`${runPath(run)}/ids`, { start, stop });
    return (await this.transport.json<{ ids: (string | number)[] }>(path)).ids;
  }

  /** Where each row's thumbnail is. */
  async spriteIndex(run: string): Promise<SpriteIndex> {
    const frame = decode(await this.transport.bytes(`${runPath(run)}/sprite_index`));
    const sizes = frame.arrays.has("sizes") ? arrayNamed(frame, "sizes", Uint16Array) : null;
    return { tiles: arrayNamed(frame, "tiles", Uint32Array), sizes };
  }

  /** One page of thumbnails, as PNG bytes. */
  async spritePage(run: string, page: number): Promise<ArrayBuffer> {
    const key = `${run}\n${page}`;
    const held = this.pages.get(key);
    if (held !== undefined) return held;
    const bytes = await this.transport.bytes(withQuery(`${runPath(run)}/sprites`, { page }));
    this.pages.set(key, bytes, bytes.byteLength);
    return bytes;
  }

  /** The map as the server draws it, for a browser without WebGL 2. */
  picture(run: string, parameters: PictureRequest): Promise<ArrayBuffer> {
    return this.transport.bytes(withQuery(`${runPath(run)}/picture`, { ...parameters }));
  }
}

function runPath(name: string): string {
  return `/api/runs/${encodeURIComponent(name)}`;
}

function emptyFrame({ step, n_components, n_items }: FrameRequest): FrameData {
  return {
    step,
    n_components,
    coordinates: new Float32Array(n_items * n_components).fill(Number.NaN),
    trust: new Uint8Array(n_items).fill(255),
    loaded: 0,
  };
}
