import type { SampleRun } from "./sample.js";
import { ServerError } from "./transport.js";
import { encode } from "./wire.js";

const COMPARISON = /^\s*(\w+)\s*(=|<|>)\s*(?:"([^"]*)"|(-?[\d.]+))\s*$/;

/** Selections and searches of a sample run: what the server does, on a small scale. */
export class SampleFinding {
  private readonly kept = new Map<
    string,
    { bits: Uint8Array<ArrayBuffer>; count: number; made: number }
  >();
  /** What was last said to be selected. */
  chosen: string | null = null;

  /** The answer to a question about finding; undefined for any other. */
  answer(run: SampleRun, what: string, query: URLSearchParams): unknown {
    const order = `order of ${run.n}`;
    switch (what) {
      case "search":
        return this.frame(run, order, searched(run, query));
      case "where":
        return this.frame(run, order, compared(run, query.get("condition") ?? ""));
      case "similar": {
        const rows = Uint32Array.from({ length: 40 }, (_, i) => (i * 37) % run.n);
        const scores = Float32Array.from(rows, (_, i) => 0.93 - i / 90);
        return encode({ rows: { data: rows }, scores: { data: scores } }, { order });
      }
      case "selections":
        return this.list();
      case "selections/rows": {
        const bits = this.kept.get(query.get("name") ?? "")?.bits ?? noRows(run);
        return encode({ bits: { data: bits } }, { order });
      }
      case "selected":
        return encode({ bits: { data: noRows(run) } }, { order, version: 0 });
      default:
        return undefined;
    }
  }

  /** Does what a POST asks for; undefined for any other path. */
  send(what: string, body: Record<string, unknown>): unknown {
    if (what === "selected") {
      this.chosen = String(body.bits);
      return { count: 0 };
    }
    const name = String(body.name ?? "");
    if (what === "selections") {
      const bits = Uint8Array.from(atob(String(body.bits)), (sign) => sign.charCodeAt(0));
      let count = 0;
      for (const byte of bits) for (let bit = 0; bit < 8; bit++) count += (byte >> bit) & 1;
      this.kept.set(name, { bits, count, made: 1_795_000_000 + this.kept.size });
      return this.list();
    }
    if (what === "selections/delete") {
      this.kept.delete(name);
      return this.list();
    }
    return undefined;
  }

  private list(): unknown {
    return [...this.kept].map(([name, { count, made }]) => ({ name, count, made }));
  }

  private frame(run: SampleRun, order: string, test: (row: number) => boolean): ArrayBuffer {
    const bits = noRows(run);
    let count = 0;
    for (let row = 0; row < run.n; row++) {
      if (!test(row)) continue;
      bits[row >> 3]! |= 1 << (row & 7);
      count++;
    }
    return encode({ bits: { data: bits } }, { order, count });
  }
}

function searched(run: SampleRun, query: URLSearchParams): (row: number) => boolean {
  const text = query.get("text") ?? "";
  const only = query.get("column");
  const columns = run.columns.filter(({ info }) =>
    only === null ? ["text", "categorical", "set"].includes(info.kind) : info.name === only,
  );
  let hit = (value: string) => value.toLowerCase().includes(text.toLowerCase());
  if (query.get("mode") === "regex") {
    try {
      const pattern = new RegExp(text, "i");
      hit = (value) => pattern.test(value);
    } catch {
      throw new ServerError("invalid", "The regular expression cannot be read.", 400);
    }
  }
  return (row) => columns.some((column) => hit(String(column.value(row) ?? "")));
}

function compared(run: SampleRun, condition: string): (row: number) => boolean {
  const match = COMPARISON.exec(condition);
  const column = run.columns.find(({ info }) => info.name === match?.[1]);
  if (match === null || column === undefined) {
    throw new ServerError(
      "invalid",
      `The filter needs a value at character ${condition.length + 1}, where the end stands.`,
      400,
    );
  }
  const [, , sign, text, number] = match;
  const wanted = text ?? Number(number);
  return (row) => {
    const value = column.value(row);
    if (sign === "=") return value === wanted;
    return sign === "<" ? Number(value) < Number(wanted) : Number(value) > Number(wanted);
  };
}

function noRows(run: SampleRun): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Math.ceil(run.n / 8));
}
