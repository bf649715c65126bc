import { signal, type Signal } from "./signal.js";

/** Past and future values of something the reader can undo. */
export class History<T> {
  private readonly past: T[] = [];
  private readonly future: T[] = [];
  private readonly undoable = signal(false);
  private readonly redoable = signal(false);

  constructor(private readonly limit = 64) {}

  get canUndo(): Signal<boolean> {
    return this.undoable;
  }

  get canRedo(): Signal<boolean> {
    return this.redoable;
  }

  /** Remembers `value` as what undo returns to; forgets what could be redone. */
  push(value: T): void {
    this.past.push(value);
    if (this.past.length > this.limit) this.past.shift();
    this.future.length = 0;
    this.tell();
  }

  /** The value before `current`, or undefined at the beginning. */
  undo(current: T): T | undefined {
    return this.move(this.past, this.future, current);
  }

  /** The value that `undo` left. */
  redo(current: T): T | undefined {
    return this.move(this.future, this.past, current);
  }

  clear(): void {
    this.past.length = 0;
    this.future.length = 0;
    this.tell();
  }

  private move(from: T[], to: T[], current: T): T | undefined {
    const value = from.pop();
    if (value !== undefined) to.push(current);
    this.tell();
    return value;
  }

  private tell(): void {
    this.undoable.set(this.past.length > 0);
    this.redoable.set(this.future.length > 0);
  }
}
