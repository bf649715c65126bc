/** CSS pixels of a cell: thumbnails of fourteen pixels still hide what lies below them. */
const CELL = 2;
/** A thumbnail's corners are round and its edge is soft: so far inside it hides what is below. */
const INSIDE = 1;
/** Its frame and its soft edge reach so far out. */
const OUTSIDE = 2.5;

/**
 * Which parts of a picture are hidden already, while thumbnails are laid out from the top one down.
 * In a crowd most lie below others, and drawing them would be most of the work of a picture.
 */
export class Cover {
  private cells = new Uint8Array(0);
  private columns = 0;
  private lines = 0;

  /** Starts a picture of this size in CSS pixels. */
  open(width: number, height: number): void {
    this.columns = Math.ceil(width / CELL);
    this.lines = Math.ceil(height / CELL);
    const size = this.columns * this.lines;
    if (this.cells.length === size) this.cells.fill(0);
    else this.cells = new Uint8Array(size);
  }

  /** Whether nothing of a thumbnail around this place can be seen. */
  hides(x: number, y: number, halfWidth: number, halfHeight: number): boolean {
    const { cells, columns, lines } = this;
    const left = Math.max(0, Math.floor((x - halfWidth - OUTSIDE) / CELL));
    const right = Math.min(columns, Math.ceil((x + halfWidth + OUTSIDE) / CELL));
    const top = Math.max(0, Math.floor((y - halfHeight - OUTSIDE) / CELL));
    const bottom = Math.min(lines, Math.ceil((y + halfHeight + OUTSIDE) / CELL));
    for (let line = top; line < bottom; line++) {
      const end = line * columns + right;
      for (let at = line * columns + left; at < end; at++) if (cells[at] === 0) return false;
    }
    return true;
  }

  /** Lays an opaque thumbnail over what comes after it. */
  add(x: number, y: number, halfWidth: number, halfHeight: number): void {
    const { cells, columns, lines } = this;
    const left = Math.max(0, Math.ceil((x - halfWidth + INSIDE) / CELL));
    const right = Math.min(columns, Math.floor((x + halfWidth - INSIDE) / CELL));
    const top = Math.max(0, Math.ceil((y - halfHeight + INSIDE) / CELL));
    const bottom = Math.min(lines, Math.floor((y + halfHeight - INSIDE) / CELL));
    for (let line = top; line < bottom; line++) {
      if (left < right) cells.fill(1, line * columns + left, line * columns + right);
    }
  }
}
