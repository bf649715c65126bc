/** A value that tells its listeners when it changes. Svelte can read it as a store. */
export interface Signal<T> {
  readonly value: T;
  /** Calls back now and after every change; returns a function that stops. */
  subscribe(listener: (value: T) => void): () => void;
}

export interface WritableSignal<T> extends Signal<T> {
  set(value: T): void;
}

/** A signal holding `value` until it is set to something else. */
export function signal<T>(value: T): WritableSignal<T> {
  const listeners = new Set<(value: T) => void>();
  return {
    get value() {
      return value;
    },
    set(next) {
      if (Object.is(value, next)) return;
      value = next;
      for (const listener of [...listeners]) listener(value);
    },
    subscribe(listener) {
      listeners.add(listener);
      listener(value);
      return () => void listeners.delete(listener);
    },
  };
}

type Values<S extends readonly Signal<unknown>[]> = {
  [K in keyof S]: S[K] extends Signal<infer T> ? T : never;
};

/** A signal computed from others, again whenever one of them changes. */
export function computed<const S extends readonly Signal<unknown>[], T>(
  sources: S,
  compute: (...values: Values<S>) => T,
): Signal<T> {
  const now = () => compute(...(sources.map((source) => source.value) as Values<S>));
  const result = signal(now());
  for (const source of sources) source.subscribe(() => result.set(now()));
  return result;
}

/** Calls back after a change of any source, but not at once. */
export function onChange(sources: readonly Signal<unknown>[], listener: () => void): () => void {
  let ready = false;
  const stops = sources.map((source) => source.subscribe(() => ready && listener()));
  ready = true;
  return () => {
    for (const stop of stops) stop();
  };
}
