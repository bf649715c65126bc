/** Bytes of one message: notebook servers and their proxies drop what is much longer. */
export const MAX_PIECE = 4_000_000;
/** Pieces under way before the other side has said that it has them. */
export const WINDOW = 2;

/** Cuts bytes; at least one piece, which may be empty. */
export function pieces(bytes: Uint8Array<ArrayBuffer>, most = MAX_PIECE): ArrayBuffer[] {
  const cut: ArrayBuffer[] = [];
  for (let start = 0; start < Math.max(bytes.length, 1); start += most) {
    cut.push(bytes.slice(start, start + most).buffer);
  }
  return cut;
}

/** Pieces on their way out, a few at a time. */
export class Outgoing {
  private next = 0;
  private readonly missing = new Set<number>();

  constructor(
    private readonly parts: readonly ArrayBuffer[],
    private readonly send: (part: number, piece: ArrayBuffer) => void,
  ) {}

  begin(): void {
    this.goOn();
  }

  acknowledged(part: number): void {
    this.missing.delete(part);
    this.goOn();
  }

  private goOn(): void {
    while (this.next < this.parts.length && this.missing.size < WINDOW) {
      const part = this.next++;
      this.missing.add(part);
      this.send(part, this.parts[part]!);
    }
  }
}

/** Pieces on their way in, in any order. */
export class Incoming {
  private readonly parts: (Uint8Array | undefined)[];
  private here = 0;

  constructor(n: number) {
    this.parts = Array.from({ length: n }, () => undefined);
  }

  /** Keeps a piece; returns the whole once all are here. */
  take(part: number, piece: ArrayBufferView | undefined): ArrayBuffer | null {
    if (part < 0 || part >= this.parts.length) return null;
    if (this.parts[part] === undefined) this.here++;
    this.parts[part] = piece
      ? new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength)
      : new Uint8Array(0);
    return this.here === this.parts.length ? this.whole() : null;
  }

  private whole(): ArrayBuffer {
    const length = this.parts.reduce((sum, part) => sum + part!.length, 0);
    const whole = new Uint8Array(length);
    let at = 0;
    for (const part of this.parts) {
      whole.set(part!, at);
      at += part!.length;
    }
    return whole.buffer;
  }
}
