import { base64 } from "./knowing.js";
import { withQuery, type Transport } from "./transport.js";
import { arrayNamed, decode } from "./wire.js";

/** A selection that the run keeps under a name. */
export interface KeptSelection {
  name: string;
  count: number;
  /** Seconds since 1970. */
  made: number;
}

/** Where and how a text is searched. */
export interface TextSearch {
  text: string;
  mode: "text" | "regex";
  /** Empty for every column that holds text. */
  column: string;
  case: boolean;
}

/** Rows, one bit each, and the row order they are valid for. */
export interface FoundRows {
  bits: Uint8Array<ArrayBuffer>;
  order: string;
}

/** Rows that the user's function finds, the best first. */
export interface RankedRows {
  rows: Uint32Array;
  scores: Float32Array;
  order: string;
}

/** Asks the server which items are meant, and keeps selections with it. */
export class Finding {
  constructor(private readonly transport: Transport) {}

  /** Rows that a condition on columns holds for. */
  where(run: string, condition: string, step: number | undefined): Promise<FoundRows> {
    return this.rows(withQuery(`${path(run)}/where`, { condition, step }));
  }

  /** Rows whose text holds a text. */
  search(run: string, { text, mode, column, ...more }: TextSearch): Promise<FoundRows> {
    const query = { text, mode, column: column || undefined, case: more.case ? 1 : undefined };
    return this.rows(withQuery(`${path(run)}/search`, query));
  }

  /** What the user's own function finds for a text. */
  async similar(
    run: string,
    text: string,
    space: string,
    step: number | undefined,
    most: number,
  ): Promise<RankedRows> {
    const query = { text, space, step, most };
    const frame = decode(await this.transport.bytes(withQuery(`${path(run)}/similar`, query)));
    return {
      rows: arrayNamed(frame, "rows", Uint32Array),
      scores: arrayNamed(frame, "scores", Float32Array),
      order: String(frame.meta.order ?? ""),
    };
  }

  selections(run: string): Promise<KeptSelection[]> {
    return this.transport.json(`${path(run)}/selections`);
  }

  selection(run: string, name: string): Promise<FoundRows> {
    return this.rows(withQuery(`${path(run)}/selections/rows`, { name }));
  }

  save(run: string, name: string, rows: FoundRows): Promise<KeptSelection[]> {
    return this.transport.send(`${path(run)}/selections`, { name, ...body(rows) });
  }

  delete(run: string, name: string): Promise<KeptSelection[]> {
    return this.transport.send(`${path(run)}/selections/delete`, { name });
  }

  /** What Python has selected for this page; version 0 if nothing yet. */
  async selected(run: string): Promise<FoundRows & { version: number }> {
    const frame = decode(await this.transport.bytes(`${path(run)}/selected`));
    return {
      bits: new Uint8Array(arrayNamed(frame, "bits", Uint8Array)),
      order: String(frame.meta.order ?? ""),
      version: Number(frame.meta.version ?? 0),
    };
  }

  /** Tells Python what is selected here. */
  async choose(run: string, rows: FoundRows): Promise<void> {
    await this.transport.send(`${path(run)}/selected`, body(rows));
  }

  private async rows(address: string): Promise<FoundRows> {
    const frame = decode(await this.transport.bytes(address));
    return {
      bits: new Uint8Array(arrayNamed(frame, "bits", Uint8Array)),
      order: String(frame.meta.order ?? ""),
    };
  }
}

function path(run: string): string {
  return `/api/runs/${encodeURIComponent(run)}`;
}

function body({ bits, order }: FoundRows): { bits: string; order: string } {
  return { bits: base64(bits), order };
}
