import type { FoundRows } from "./finding.js";
import { base64 } from "./knowing.js";
import { withQuery, type Transport } from "./transport.js";
import { arrayNamed, decode } from "./wire.js";

/** A view that the run keeps under a name. */
export interface KeptView {
  name: string;
  /** What stands behind `#` in the page's address. */
  address: string;
  /** How many items were selected. */
  count: number;
  /** Seconds since 1970. */
  made: number;
  /** Whether there is a small picture of it. */
  picture: boolean;
}

/** Keeps views of a run with it, and finds them again. */
export class Viewing {
  constructor(private readonly transport: Transport) {}

  views(run: string): Promise<KeptView[]> {
    return this.transport.json(path(run));
  }

  /** What was selected in a view. */
  async rows(run: string, name: string): Promise<FoundRows> {
    const frame = decode(await this.transport.bytes(withQuery(`${path(run)}/rows`, { name })));
    return {
      bits: new Uint8Array(arrayNamed(frame, "bits", Uint8Array)),
      order: String(frame.meta.order ?? ""),
    };
  }

  /** The small picture of a view, as PNG bytes. */
  picture(run: string, name: string): Promise<ArrayBuffer> {
    return this.transport.bytes(withQuery(`${path(run)}/picture`, { name }));
  }

  async save(
    run: string,
    name: string,
    address: string,
    { bits, order }: FoundRows,
    picture: Blob | null,
  ): Promise<KeptView[]> {
    const drawn = picture === null ? "" : base64(new Uint8Array(await picture.arrayBuffer()));
    const body = { name, address, order, bits: base64(bits), picture: drawn };
    return this.transport.send(path(run), body);
  }

  delete(run: string, name: string): Promise<KeptView[]> {
    return this.transport.send(`${path(run)}/delete`, { name });
  }
}

function path(run: string): string {
  return `/api/runs/${encodeURIComponent(run)}/views`;
}
