import {
  short,
  type Dots,
  type Drawing,
  type Mark,
  type Measure,
  type Raster,
  type Words,
} from "./drawing.js";

/** What a browser does for the writer. */
export interface PdfTools {
  measure: Measure;
  /** Text as pixels, for letters that the fonts of a PDF reader do not have. */
  rasterOf: (words: Words) => Raster;
}

export interface PdfFile {
  bytes: Uint8Array<ArrayBuffer>;
  /** Lines of text that had to become pictures. */
  pictured: number;
}

/** CSS pixels are 1/96 inch, the points of a PDF 1/72. */
const POINT = 0.75;
/** Levels of opacity; each needs an object of its own. */
const LEVELS = 50;

/**
 * Writes a drawing as a PDF file of one page. Letters are the built-in Helvetica, so that nothing
 * has to be embedded; dots are lines of no length with round ends, the shortest way to a disc.
 */
export async function pdfOf(drawing: Drawing, tools: PdfTools): Promise<PdfFile> {
  const writer = new Page(drawing, tools);
  for (const mark of drawing.marks) await writer.put(mark);
  return writer.finish();
}

class Page {
  private readonly objects: (string | { head: string; body: Uint8Array })[] = [];
  private readonly content: string[] = [];
  private readonly levels = new Set<number>();
  private readonly images: number[] = [];
  private pictured = 0;

  constructor(
    private readonly drawing: Drawing,
    private readonly tools: PdfTools,
  ) {
    const { width, height, background } = drawing;
    // From here on lengths are CSS pixels, from the top left corner.
    this.content.push(`${POINT} 0 0 ${-POINT} 0 ${short(height * POINT)} cm 1 J 1 j`);
    if (background !== null) {
      this.content.push(`${rgb(background)} rg 0 0 ${short(width)} ${short(height)} re f`);
    }
  }

  async put(mark: Mark): Promise<void> {
    switch (mark.kind) {
      case "dots":
        return this.dots(mark);
      case "raster":
        return this.raster(mark);
      case "stroke": {
        const way = `${short(mark.x1)} ${short(mark.y1)} m ${short(mark.x2)} ${short(mark.y2)} l`;
        const dash = mark.dashed ? "[4 3] 0 d 0 J" : "[] 0 d 1 J";
        const pen = `${rgb(mark.color)} RG ${short(mark.width)} w`;
        this.content.push(`${this.alpha(mark.opacity)} ${dash} ${pen} ${way} S [] 0 d 1 J`);
        return;
      }
      case "ring":
        return this.ring(mark);
      case "box": {
        const place = `${short(mark.x)} ${short(mark.y)} ${short(mark.width)} ${short(mark.height)}`;
        this.content.push(`${this.alpha(1)} ${rgb(mark.color)} rg ${place} re f`);
        return;
      }
      case "words": {
        const codes = winAnsi(mark.text);
        if (codes !== null) return this.words(mark, codes);
        this.pictured++;
        return this.raster(this.tools.rasterOf(mark));
      }
    }
  }

  async finish(): Promise<PdfFile> {
    const { width, height, title } = this.drawing;
    const states = [...this.levels].map((level) => {
      const value = short(level / LEVELS);
      return `/G${level} << /ca ${value} /CA ${value} >>`;
    });
    const images = this.images.map((at, i) => `/I${i} ${at} 0 R`);
    const font = (name: string) =>
      `<< /Type /Font /Subtype /Type1 /BaseFont /${name} /Encoding /WinAnsiEncoding >>`;
    const body = await deflated(new TextEncoder().encode(this.content.join("\n")));
    const content = this.add({ head: "<< /Filter /FlateDecode", body });
    const plain = this.add(font("Helvetica"));
    const bold = this.add(font("Helvetica-Bold"));
    const resources =
      `<< /Font << /F1 ${plain} 0 R /F2 ${bold} 0 R >> ` +
      `/ExtGState << ${states.join(" ")} >> /XObject << ${images.join(" ")} >> >>`;
    const pages = this.objects.length + 2;
    const box = `[0 0 ${short(width * POINT)} ${short(height * POINT)}]`;
    const page = this.add(
      `<< /Type /Page /Parent ${pages} 0 R /MediaBox ${box} /Contents ${content} 0 R /Resources ${resources} ` +
        // Without it some readers blend in the colours of a printer.
        `/Group << /S /Transparency /CS /DeviceRGB >> >>`,
    );
    this.add(`<< /Type /Pages /Kids [${page} 0 R] /Count 1 >>`);
    const root = this.add(`<< /Type /Catalog /Pages ${pages} 0 R >>`);
    const info = this.add(`<< /Title <${utf16(title)}> /Producer (driftglass) >>`);
    return { bytes: this.bytes(root, info), pictured: this.pictured };
  }

  private dots({ x, y, radius, color }: Dots): void {
    let [paint, pen, level] = [-1, -1, -1];
    for (let i = 0; i < x.length; i++) {
      const [r, g, b, a] = color.subarray(4 * i, 4 * i + 4);
      const nextLevel = Math.round((a! / 255) * LEVELS);
      if (nextLevel !== level) this.content.push(this.alpha((level = nextLevel) / LEVELS));
      const next = (r! << 16) | (g! << 8) | b!;
      if (next !== paint) {
        paint = next;
        this.content.push(`${[r!, g!, b!].map((one) => short(one / 255)).join(" ")} RG`);
      }
      if (radius[i] !== pen) this.content.push(`${short(2 * (pen = radius[i]!))} w`);
      const at = `${short(x[i]!)} ${short(y[i]!)}`;
      this.content.push(`${at} m ${at} l S`);
    }
  }

  private ring({ x, y, radius, width, color }: Extract<Mark, { kind: "ring" }>): void {
    // Four cubic curves; this handle keeps them within 0.03 % of a circle.
    const c = 0.5523 * radius;
    const at = (dx: number, dy: number) => `${short(x + dx)} ${short(y + dy)}`;
    const r = radius;
    this.content.push(
      `${this.alpha(1)} ${rgb(color)} RG ${short(width)} w ${at(r, 0)} m ` +
        `${at(r, c)} ${at(c, r)} ${at(0, r)} c ${at(-c, r)} ${at(-r, c)} ${at(-r, 0)} c ` +
        `${at(-r, -c)} ${at(-c, -r)} ${at(0, -r)} c ${at(c, -r)} ${at(r, -c)} ${at(r, 0)} c s`,
    );
  }

  private words(mark: Words, codes: string): void {
    const { text, size, bold, anchor, color, halo } = mark;
    const width = anchor === "start" ? 0 : this.tools.measure(text, size, bold);
    const left = mark.x - (anchor === "middle" ? width / 2 : anchor === "end" ? width : 0);
    const foot = mark.y + 0.35 * size;
    const set = `BT /F${bold ? 2 : 1} ${short(size)} Tf 1 0 0 -1 ${short(left)} ${short(foot)} Tm`;
    const parts = [this.alpha(1)];
    if (halo !== undefined) parts.push(`${rgb(halo)} RG 3 w ${set} 1 Tr <${codes}> Tj ET`);
    parts.push(`${rgb(color)} rg ${set} 0 Tr <${codes}> Tj ET`);
    this.content.push(parts.join(" "));
  }

  private async raster({ x, y, width, height, pixels }: Raster): Promise<void> {
    const n = pixels.width * pixels.height;
    const colors = new Uint8Array(3 * n);
    const alpha = new Uint8Array(n);
    for (let i = 0; i < n; i++) {
      for (let c = 0; c < 3; c++) colors[3 * i + c] = pixels.data[4 * i + c]!;
      alpha[i] = pixels.data[4 * i + 3]!;
    }
    const head =
      `<< /Type /XObject /Subtype /Image /Width ${pixels.width} /Height ${pixels.height} ` +
      "/BitsPerComponent 8 /Filter /FlateDecode";
    const mask = this.add({
      head: `${head} /ColorSpace /DeviceGray`,
      body: await deflated(alpha),
    });
    const image = this.add({
      head: `${head} /ColorSpace /DeviceRGB /SMask ${mask} 0 R`,
      body: await deflated(colors),
    });
    const name = `/I${this.images.push(image) - 1}`;
    const place = `${short(width)} 0 0 ${short(-height)} ${short(x)} ${short(y + height)} cm`;
    this.content.push(`q ${this.alpha(1)} ${place} ${name} Do Q`);
  }

  private alpha(value: number): string {
    const level = Math.round(value * LEVELS);
    this.levels.add(level);
    return `/G${level} gs`;
  }

  /** Adds an object and gives its number. */
  private add(object: string | { head: string; body: Uint8Array }): number {
    return this.objects.push(object);
  }

  private bytes(root: number, info: number): Uint8Array<ArrayBuffer> {
    const parts: Uint8Array[] = [];
    let length = 0;
    const write = (part: string | Uint8Array) => {
      const bytes = typeof part === "string" ? new TextEncoder().encode(part) : part;
      parts.push(bytes);
      length += bytes.length;
    };
    write("%PDF-1.4\n%");
    // Four bytes above 127 tell tools that this is no text file.
    write(Uint8Array.of(0xe2, 0xe3, 0xcf, 0xd3, 10));
    const places = this.objects.map((object, i) => {
      const at = length;
      write(`${i + 1} 0 obj\n`);
      if (typeof object === "string") write(`${object}\nendobj\n`);
      else {
        write(`${object.head} /Length ${object.body.length} >>\nstream\n`);
        write(object.body);
        write("\nendstream\nendobj\n");
      }
      return at;
    });
    const start = length;
    write(`xref\n0 ${places.length + 1}\n0000000000 65535 f \n`);
    for (const at of places) write(`${String(at).padStart(10, "0")} 00000 n \n`);
    const trailer = `<< /Size ${places.length + 1} /Root ${root} 0 R /Info ${info} 0 R >>`;
    write(`trailer\n${trailer}\nstartxref\n${start}\n%%EOF\n`);
    const whole = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}

function rgb(color: string): string {
  const value = Number.parseInt(color.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255].map((one) => short(one / 255)).join(" ");
}

/** Characters of Windows-1252 that stand elsewhere in Unicode, by their byte from 0x80. */
const HIGH = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ";

/** A text as hexadecimal bytes of the encoding that built-in fonts have; null if it has others. */
export function winAnsi(text: string): string | null {
  let codes = "";
  for (const letter of text.normalize("NFC")) {
    const point = letter.codePointAt(0)!;
    const high = HIGH.indexOf(letter);
    const plain = (point >= 0x20 && point < 0x7f) || (point >= 0xa0 && point <= 0xff);
    if (!plain && (high < 0 || (point >= 0x80 && point < 0xa0))) return null;
    codes += (plain ? point : 0x80 + high).toString(16).padStart(2, "0");
  }
  return codes;
}

function utf16(text: string): string {
  let codes = "feff";
  for (let i = 0; i < text.length; i++) codes += text.charCodeAt(i).toString(16).padStart(4, "0");
  return codes;
}

async function deflated(bytes: Uint8Array): Promise<Uint8Array> {
  const plain = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();
  const packed = plain.pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}
