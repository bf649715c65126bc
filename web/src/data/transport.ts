import type { ServerEvent } from "./types.js";

/**
 * Where answers come from. The viewer is the same program behind a local server,
 * in a notebook, in an exported page and in a test; only the transport differs.
 */
export interface Transport {
  json<T>(path: string, abort?: AbortSignal): Promise<T>;
  bytes(path: string, abort?: AbortSignal): Promise<ArrayBuffer>;
  /** Asks the server to do something; `body` travels as JSON. */
  send<T>(path: string, body: unknown): Promise<T>;
  /** Calls back for every event from now on; returns a function that stops. */
  listen(listener: (event: ServerEvent) => void): () => void;
}

/** The server understood the question and said no, in words meant to be shown. */
export class ServerError extends Error {
  override name = "ServerError";

  constructor(
    readonly kind: string,
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

/** No answer at all: the server stopped or the network is gone. */
export class ConnectionError extends Error {
  override name = "ConnectionError";
}

/** Joins a path and its parameters, leaving out those that are undefined. */
export function withQuery(path: string, parameters: Record<string, string | number | undefined>) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) query.set(name, String(value));
  }
  const text = query.toString();
  return text === "" ? path : `${path}?${text}`;
}
