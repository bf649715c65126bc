import { decodeAddress, type Address } from "./url.js";

/** A view as a file: an address, and what does not fit into one. */
export interface ViewFile {
  format: typeof VIEW_FORMAT;
  version: number;
  /** When it was written, for people. */
  made: string;
  address: string;
  /** What was selected: one bit a row as base64, and the row order that they are valid for. */
  selection: { order: string; bits: string } | null;
}

export const VIEW_FORMAT = "driftglass view";
export const VIEW_VERSION = 1;
/** No file of ours is larger; a selection among ten million rows takes 1.7 MB. */
const LARGEST = 8 * 2 ** 20;
const LONGEST_ADDRESS = 16_384;

/** A file is not a view; the message says what is wrong and what to do. */
export class ViewFileError extends Error {
  override name = "ViewFileError";
}

/** Reads a file somebody gives; whatever it holds, what comes out is a view or an error in words. */
export function readViewFile(text: string): { file: ViewFile; address: Address } {
  if (text.length > LARGEST) {
    throw new ViewFileError(
      `The file has ${text.length.toLocaleString("en")} characters; a view has at most ` +
        `${LARGEST.toLocaleString("en")}. Choose a file that “Save as a file” wrote.`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ViewFileError("The file is not JSON. Choose one that “Save as a file” wrote.");
  }
  if (!isRecord(value) || value.format !== VIEW_FORMAT) {
    throw new ViewFileError(
      `The file does not say that it is a ${VIEW_FORMAT}. Choose one that “Save as a file” wrote.`,
    );
  }
  const { version, address, selection, made } = value;
  if (typeof version !== "number" || !Number.isInteger(version) || version < 1) {
    throw new ViewFileError("The file does not say which version it has. Save the view again.");
  }
  if (version > VIEW_VERSION) {
    throw new ViewFileError(
      `The file has version ${version}; this page reads up to ${VIEW_VERSION}. Open it with a ` +
        "newer driftglass.",
    );
  }
  if (typeof address !== "string" || address.length > LONGEST_ADDRESS) {
    throw new ViewFileError("The file holds no address of a view. Save the view again.");
  }
  const decoded = decodeAddress(address);
  if (decoded.run === undefined) {
    throw new ViewFileError("The file does not say which run it shows. Save the view again.");
  }
  return {
    file: {
      format: VIEW_FORMAT,
      version,
      made: typeof made === "string" ? made.slice(0, 40) : "",
      address,
      selection: selectionOf(selection),
    },
    address: decoded,
  };
}

function selectionOf(value: unknown): ViewFile["selection"] {
  if (value === null || value === undefined) return null;
  if (isRecord(value)) {
    const { order, bits } = value;
    if (typeof order === "string" && typeof bits === "string" && isBase64(bits)) {
      return { order, bits };
    }
  }
  throw new ViewFileError("The selection in the file cannot be read. Save the view again.");
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
