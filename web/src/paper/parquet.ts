import type { PaperColumn, PaperTable } from "./csv.js";

// Physical types, encodings and other numbers of the format's parquet.thrift.
const BOOLEAN = 0;
const INT64 = 2;
const FLOAT = 4;
const DOUBLE = 5;
const BYTE_ARRAY = 6;
const OPTIONAL = 1;
const UTF8 = 0;
const PLAIN = 0;
const RLE = 3;
const UNCOMPRESSED = 0;
const DATA_PAGE = 0;

/** Rows of one row group; a reader can take them one by one. */
const GROUP_ROWS = 262_144;

/**
 * Writes a table as a Parquet file: plain encoding, no compression, every column optional, and nan
 * of numbers as null. Small enough to be made in the page, so that an exported file makes it too.
 */
export function parquetOf(table: PaperTable): Uint8Array<ArrayBuffer> {
  const out = new Bytes();
  out.ascii("PAR1");
  const groups: { chunks: Chunk[]; rows: number }[] = [];
  for (let start = 0; start < Math.max(table.rows, 1); start += GROUP_ROWS) {
    const stop = Math.min(start + GROUP_ROWS, table.rows);
    const chunks = table.columns.map((column) => writeChunk(out, column, start, stop));
    groups.push({ chunks, rows: stop - start });
  }
  const footer = new Thrift();
  footer.struct(() => {
    footer.int(1, 1);
    footer.list(2, table.columns.length + 1, 12, (i) => schemaOf(footer, table.columns, i));
    footer.long(3, table.rows);
    footer.list(4, groups.length, 12, (i) => groupOf(footer, table.columns, groups[i]!));
    footer.text(6, "driftglass");
  });
  const bytes = footer.bytes.whole();
  out.push(bytes);
  out.int32(bytes.length);
  out.ascii("PAR1");
  return out.whole();
}

interface Chunk {
  at: number;
  size: number;
  values: number;
}

function physical(column: PaperColumn): number {
  switch (column.kind) {
    case "real":
      return column.values instanceof Float32Array ? FLOAT : DOUBLE;
    case "whole":
      return INT64;
    case "boolean":
      return BOOLEAN;
    case "text":
      return BYTE_ARRAY;
  }
}

function schemaOf(footer: Thrift, columns: readonly PaperColumn[], i: number): void {
  const column = columns[i - 1];
  footer.struct(() => {
    if (column === undefined) {
      footer.text(4, "schema");
      footer.int(5, columns.length);
      return;
    }
    footer.int(1, physical(column));
    footer.int(3, OPTIONAL);
    footer.text(4, column.name);
    if (column.kind === "text") footer.int(6, UTF8);
  });
}

function groupOf(
  footer: Thrift,
  columns: readonly PaperColumn[],
  { chunks, rows }: { chunks: readonly Chunk[]; rows: number },
): void {
  footer.struct(() => {
    footer.list(1, columns.length, 12, (i) => {
      const [column, { at, size, values }] = [columns[i]!, chunks[i]!];
      footer.struct(() => {
        footer.long(2, at);
        footer.nested(3, () => {
          footer.int(1, physical(column));
          footer.list(2, 2, 5, (j) => footer.number(j === 0 ? PLAIN : RLE));
          footer.list(3, 1, 8, () => footer.string(column.name));
          footer.int(4, UNCOMPRESSED);
          footer.long(5, values);
          footer.long(6, size);
          footer.long(7, size);
          footer.long(9, at);
        });
      });
    });
    footer.long(
      2,
      chunks.reduce((sum, one) => sum + one.size, 0),
    );
    footer.long(3, rows);
  });
}

/** Writes the values of some rows of a column as one page. */
function writeChunk(out: Bytes, column: PaperColumn, start: number, stop: number): Chunk {
  const values = stop - start;
  const present = new Uint8Array((values + 7) >> 3);
  const held: number[] = [];
  for (let i = 0; i < values; i++) {
    const value = column.values[start + i];
    if (value === null || value === undefined || Number.isNaN(value)) continue;
    present[i >> 3]! |= 1 << (i & 7);
    held.push(start + i);
  }
  const body = new Bytes();
  // Which rows have a value: one run of bits, its length in bytes in front.
  const head = new Bytes();
  head.varint((BigInt((values + 7) >> 3) << 1n) | 1n);
  body.int32(head.length + present.length);
  body.push(head.whole());
  body.push(present);
  writeValues(body, column, held);

  const page = new Thrift();
  page.struct(() => {
    page.int(1, DATA_PAGE);
    page.int(2, body.length);
    page.int(3, body.length);
    page.nested(5, () => {
      page.int(1, values);
      page.int(2, PLAIN);
      page.int(3, RLE);
      page.int(4, RLE);
    });
  });
  const at = out.length;
  out.push(page.bytes.whole());
  out.push(body.whole());
  return { at, size: out.length - at, values };
}

function writeValues(body: Bytes, column: PaperColumn, rows: readonly number[]): void {
  switch (column.kind) {
    case "real": {
      const single = column.values instanceof Float32Array;
      const view = new DataView(new ArrayBuffer(rows.length * (single ? 4 : 8)));
      rows.forEach((row, i) =>
        single
          ? view.setFloat32(4 * i, column.values[row]!, true)
          : view.setFloat64(8 * i, column.values[row]!, true),
      );
      return body.push(new Uint8Array(view.buffer));
    }
    case "whole": {
      const view = new DataView(new ArrayBuffer(rows.length * 8));
      rows.forEach((row, i) => view.setBigInt64(8 * i, BigInt(column.values[row]!), true));
      return body.push(new Uint8Array(view.buffer));
    }
    case "boolean": {
      const bits = new Uint8Array((rows.length + 7) >> 3);
      rows.forEach((row, i) => column.values[row] && (bits[i >> 3]! |= 1 << (i & 7)));
      return body.push(bits);
    }
    case "text": {
      const encoder = new TextEncoder();
      for (const row of rows) {
        const bytes = encoder.encode(column.values[row]!);
        body.int32(bytes.length);
        body.push(bytes);
      }
    }
  }
}

/** Bytes that grow. */
class Bytes {
  length = 0;
  private room = new Uint8Array(1024);

  push(bytes: Uint8Array): void {
    this.grow(bytes.length);
    this.room.set(bytes, this.length);
    this.length += bytes.length;
  }

  byte(value: number): void {
    this.grow(1);
    this.room[this.length++] = value;
  }

  ascii(text: string): void {
    this.push(new TextEncoder().encode(text));
  }

  int32(value: number): void {
    const view = new DataView(new ArrayBuffer(4));
    view.setInt32(0, value, true);
    this.push(new Uint8Array(view.buffer));
  }

  varint(value: bigint): void {
    let rest = value;
    while (rest > 0x7fn) {
      this.byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.byte(Number(rest));
  }

  whole(): Uint8Array<ArrayBuffer> {
    return this.room.slice(0, this.length);
  }

  private grow(by: number): void {
    if (this.length + by <= this.room.length) return;
    const wider = new Uint8Array(Math.max(2 * this.room.length, this.length + by));
    wider.set(this.room.subarray(0, this.length));
    this.room = wider;
  }
}

/** Thrift's compact protocol, as far as Parquet's descriptions need it. */
class Thrift {
  readonly bytes = new Bytes();
  private last = 0;

  /** A struct where the reader knows that one comes: in a list, or at the top. */
  struct(fields: () => void): void {
    const outer = this.last;
    this.last = 0;
    fields();
    this.bytes.byte(0);
    this.last = outer;
  }

  nested(id: number, fields: () => void): void {
    this.field(id, 12);
    this.struct(fields);
  }

  int(id: number, value: number): void {
    this.field(id, 5);
    this.number(value);
  }

  long(id: number, value: number): void {
    this.field(id, 6);
    this.number(value);
  }

  text(id: number, value: string): void {
    this.field(id, 8);
    this.string(value);
  }

  list(id: number, size: number, type: number, item: (i: number) => void): void {
    this.field(id, 9);
    if (size < 15) this.bytes.byte((size << 4) | type);
    else {
      this.bytes.byte(0xf0 | type);
      this.bytes.varint(BigInt(size));
    }
    for (let i = 0; i < size; i++) item(i);
  }

  number(value: number): void {
    const wide = BigInt(value);
    this.bytes.varint(wide >= 0n ? wide << 1n : (-wide << 1n) - 1n);
  }

  string(value: string): void {
    const bytes = new TextEncoder().encode(value);
    this.bytes.varint(BigInt(bytes.length));
    this.bytes.push(bytes);
  }

  private field(id: number, type: number): void {
    const step = id - this.last;
    if (step > 0 && step < 16) this.bytes.byte((step << 4) | type);
    else {
      this.bytes.byte(type);
      this.number(id);
    }
    this.last = id;
  }
}
