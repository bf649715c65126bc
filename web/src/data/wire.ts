/**
 * Reads and writes DGW1 frames: several named typed arrays behind a JSON header.
 * The twin of the server's `_wire.py`; docs/wire.md is the contract.
 */

const MAGIC = 0x31574744; // "DGW1", little-endian
const ALIGNMENT = 8;
const VERSION = 1;

export type WireArray =
  Float32Array | Float64Array | Uint8Array | Uint16Array | Uint32Array | Int32Array;

const CONSTRUCTORS = {
  f4: Float32Array,
  f8: Float64Array,
  u1: Uint8Array,
  u2: Uint16Array,
  u4: Uint32Array,
  i4: Int32Array,
} as const;

type DType = keyof typeof CONSTRUCTORS;

/** One array of a frame, a view on the bytes as they came. */
export interface NamedArray {
  shape: number[];
  data: WireArray;
}

/** A decoded frame. */
export interface Frame {
  arrays: Map<string, NamedArray>;
  meta: Record<string, unknown>;
}

/** The bytes are not a frame this viewer can read. */
export class WireError extends Error {
  override name = "WireError";
}

interface ArrayHeader {
  name: string;
  dtype: string;
  shape: number[];
  offset: number;
}

/** Decodes a frame without copying: every array is a view on `buffer`. */
export function decode(buffer: ArrayBuffer): Frame {
  if (buffer.byteLength < ALIGNMENT) {
    throw new WireError(
      `The answer has ${buffer.byteLength} bytes; a frame has at least 8. The connection was cut.`,
    );
  }
  const view = new DataView(buffer);
  if (view.getUint32(0, true) !== MAGIC) {
    const found = new TextDecoder("latin1").decode(new Uint8Array(buffer, 0, 4));
    throw new WireError(
      `The answer begins with ${JSON.stringify(found)}, not "DGW1". Something between the viewer and the server changed it.`,
    );
  }
  const headerLength = view.getUint32(4, true);
  const start = ALIGNMENT + headerLength;
  if (start > buffer.byteLength) {
    throw new WireError(
      `The answer ends inside its header: ${headerLength} bytes were announced, ${buffer.byteLength - ALIGNMENT} came. Reload to ask again.`,
    );
  }
  const header = readHeader(new Uint8Array(buffer, ALIGNMENT, headerLength));
  const arrays = new Map<string, NamedArray>();
  for (const entry of header.arrays) arrays.set(entry.name, arrayOf(entry, buffer, start));
  return { arrays, meta: header.meta };
}

function readHeader(bytes: Uint8Array): { arrays: ArrayHeader[]; meta: Record<string, unknown> } {
  let header: { version?: unknown; arrays?: ArrayHeader[]; meta?: Record<string, unknown> };
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new WireError("The header of the answer is not JSON. Reload to ask again.", { cause });
  }
  if (header.version !== VERSION) {
    throw new WireError(
      `The server speaks wire version ${String(header.version)}, this viewer version ${VERSION}. Reload the page; if that does not help, reinstall driftglass.`,
    );
  }
  return { arrays: header.arrays ?? [], meta: header.meta ?? {} };
}

function arrayOf(entry: ArrayHeader, buffer: ArrayBuffer, start: number): NamedArray {
  if (!(entry.dtype in CONSTRUCTORS)) {
    throw new WireError(
      `Array "${entry.name}" has dtype ${JSON.stringify(entry.dtype)}; known are ${Object.keys(CONSTRUCTORS).join(", ")}.`,
    );
  }
  const Type = CONSTRUCTORS[entry.dtype as DType];
  const length = entry.shape.reduce((product, size) => product * size, 1);
  const offset = start + entry.offset;
  const missing = offset + length * Type.BYTES_PER_ELEMENT - buffer.byteLength;
  if (missing > 0) {
    throw new WireError(
      `Array "${entry.name}" is cut short: ${missing} of its ${length * Type.BYTES_PER_ELEMENT} bytes are missing. Reload to ask again.`,
    );
  }
  if (offset % Type.BYTES_PER_ELEMENT !== 0) {
    throw new WireError(`Array "${entry.name}" starts at byte ${offset}, which is not aligned.`);
  }
  return { shape: entry.shape, data: new Type(buffer, offset, length) };
}

/** The array called `name`, checked to be of type `Type`. */
export function arrayNamed<T extends WireArray>(
  frame: Frame,
  name: string,
  Type: abstract new (...args: never[]) => T,
): T {
  const found = frame.arrays.get(name)?.data;
  if (found === undefined) {
    throw new WireError(
      `The answer has no array "${name}"; it has ${[...frame.arrays.keys()].join(", ") || "none"}.`,
    );
  }
  if (!(found instanceof Type)) {
    throw new WireError(
      `Array "${name}" is a ${found.constructor.name}; a ${Type.name} was expected.`,
    );
  }
  return found;
}

/** Encodes arrays as a frame; what the tests and the in-memory transport answer with. */
export function encode(
  arrays: Record<string, { data: WireArray; shape?: number[] }>,
  meta: Record<string, unknown> = {},
): ArrayBuffer {
  let size = 0;
  const entries = Object.entries(arrays).map(([name, { data, shape }]) => {
    const dtype = dtypeOf(data);
    const header: ArrayHeader = { name, dtype, shape: shape ?? [data.length], offset: size };
    size = aligned(size + data.byteLength);
    return { header, data };
  });
  const json = JSON.stringify({
    version: VERSION,
    arrays: entries.map((entry) => entry.header),
    meta,
  });
  const text = new TextEncoder().encode(json);
  const start = ALIGNMENT + aligned(text.length);
  const buffer = new ArrayBuffer(start + size);
  const view = new DataView(buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, start - ALIGNMENT, true);
  const bytes = new Uint8Array(buffer);
  bytes.fill(0x20, ALIGNMENT, start);
  bytes.set(text, ALIGNMENT);
  for (const { header, data } of entries) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start + header.offset);
  }
  return buffer;
}

function dtypeOf(data: WireArray): DType {
  for (const [dtype, Type] of Object.entries(CONSTRUCTORS)) {
    if (data instanceof Type) return dtype as DType;
  }
  throw new WireError(`${(data as object).constructor.name} has no wire dtype.`);
}

function aligned(size: number): number {
  return Math.ceil(size / ALIGNMENT) * ALIGNMENT;
}
