import type { Channel, KernelMessage } from "../data/kernel.js";
import type { LinkSpec } from "./link.js";

/** What a widget shares with Python, by the names of its traits. */
export interface Traits {
  run: string | null;
  space: string | null;
  step: number | null;
  color: string | null;
  dimensions: 2 | 3;
  trails: boolean;
  theme: "dark" | "light" | null;
  height: number;
  _map: string;
  _links: LinkSpec[];
  _page: string;
  _picture: DataView | Uint8Array | null;
}

/** The part of anywidget's model that is used here. */
export interface Model {
  get<K extends keyof Traits>(name: K): Traits[K];
  set<K extends keyof Traits>(name: K, value: Traits[K]): void;
  save_changes(): void;
  send(content: unknown, callbacks?: unknown, buffers?: ArrayBuffer[]): void;
  on(event: string, listener: (...args: never[]) => void): void;
  off(event: string, listener: (...args: never[]) => void): void;
}

/** A model as what carries messages. */
export function channelOf(model: Model): Channel {
  return {
    send: (message, buffers) => model.send(message, undefined, buffers),
    listen(listener) {
      const heard = (content: KernelMessage, buffers?: (DataView | ArrayBuffer)[]) =>
        listener(
          content,
          (buffers ?? []).map((one) => (one instanceof ArrayBuffer ? new DataView(one) : one)),
        );
      model.on("msg:custom", heard as (...args: never[]) => void);
      return () => model.off("msg:custom", heard as (...args: never[]) => void);
    },
  };
}
