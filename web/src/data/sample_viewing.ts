import { ServerError } from "./transport.js";
import type { KeptView } from "./viewing.js";
import { encode } from "./wire.js";

interface Held extends KeptView {
  bits: Uint8Array<ArrayBuffer>;
  order: string;
  drawn: Uint8Array<ArrayBuffer>;
}

/** Views of a sample run: what the server keeps, in memory. */
export class SampleViewing {
  private readonly kept = new Map<string, Held>();

  /** The answer to a question about views; undefined for any other. */
  answer(what: string, query: URLSearchParams): unknown {
    if (what === "views") return this.list();
    const held = this.kept.get(query.get("name") ?? "");
    if (what !== "views/rows" && what !== "views/picture") return undefined;
    if (held === undefined) throw new ServerError("not_found", "No such view.", 404);
    if (what === "views/picture") return held.drawn.buffer;
    return encode({ bits: { data: held.bits } }, { order: held.order });
  }

  /** Does what a POST asks for; undefined for any other path. */
  send(what: string, body: Record<string, unknown>): unknown {
    const name = String(body.name ?? "");
    if (what === "views/delete") this.kept.delete(name);
    else if (what === "views") {
      const bits = bytesOf(String(body.bits));
      const drawn = bytesOf(String(body.picture ?? ""));
      let count = 0;
      for (const byte of bits) for (let bit = 0; bit < 8; bit++) count += (byte >> bit) & 1;
      const made = this.kept.get(name)?.made ?? 1_795_000_000 + this.kept.size;
      const order = String(body.order);
      const address = String(body.address);
      const picture = drawn.length > 0;
      this.kept.set(name, { name, address, count, made, picture, bits, order, drawn });
    } else return undefined;
    return this.list();
  }

  private list(): KeptView[] {
    return [...this.kept.values()].map(({ name, address, count, made, picture }) => ({
      name,
      address,
      count,
      made,
      picture,
    }));
  }
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
