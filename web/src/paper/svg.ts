import { FONT, hex, short, type Dots, type Drawing, type Mark } from "./drawing.js";

/** Turns pixels into a PNG as base64; canvases do it in a page. */
export type PngOf = (pixels: {
  width: number;
  height: number;
  data: Uint8ClampedArray;
}) => Promise<string>;

/** Writes a drawing as an SVG file: text stays text, dots are circles. */
export async function svgOf(drawing: Drawing, pngOf: PngOf): Promise<string> {
  const { width, height, background, title } = drawing;
  const size = `width="${short(width)}" height="${short(height)}"`;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} viewBox="0 0 ${short(width)} ${short(height)}" font-family="${FONT}">`,
    `<title>${escaped(title)}</title>`,
  ];
  if (background !== null) parts.push(`<rect width="100%" height="100%" fill="${background}"/>`);
  for (const mark of drawing.marks) parts.push(await written(mark, pngOf));
  parts.push("</svg>");
  return parts.join("\n");
}

async function written(mark: Mark, pngOf: PngOf): Promise<string> {
  switch (mark.kind) {
    case "dots":
      return circles(mark);
    case "raster": {
      const place = `x="${short(mark.x)}" y="${short(mark.y)}" width="${short(mark.width)}" height="${short(mark.height)}"`;
      return `<image ${place} href="data:image/png;base64,${await pngOf(mark.pixels)}"/>`;
    }
    case "stroke": {
      const dashes = mark.dashed ? ' stroke-dasharray="4 3"' : "";
      return `<line x1="${short(mark.x1)}" y1="${short(mark.y1)}" x2="${short(mark.x2)}" y2="${short(mark.y2)}" stroke="${mark.color}" stroke-opacity="${short(mark.opacity)}" stroke-width="${short(mark.width)}"${dashes}/>`;
    }
    case "ring":
      return `<circle cx="${short(mark.x)}" cy="${short(mark.y)}" r="${short(mark.radius)}" fill="none" stroke="${mark.color}" stroke-width="${short(mark.width)}"/>`;
    case "box":
      return `<rect x="${short(mark.x)}" y="${short(mark.y)}" width="${short(mark.width)}" height="${short(mark.height)}" fill="${mark.color}"/>`;
    case "words": {
      // The middle of a line stands about a third of its size above the foot of the letters.
      const foot = short(mark.y + 0.35 * mark.size);
      const halo =
        mark.halo === undefined
          ? ""
          : ` stroke="${mark.halo}" stroke-width="3" stroke-linejoin="round" paint-order="stroke"`;
      const weight = mark.bold ? ' font-weight="600"' : "";
      return `<text x="${short(mark.x)}" y="${foot}" font-size="${short(mark.size)}"${weight} text-anchor="${mark.anchor}" fill="${mark.color}"${halo}>${escaped(mark.text)}</text>`;
    }
  }
}

function circles({ x, y, radius, color }: Dots): string {
  const parts = ["<g>"];
  for (let i = 0; i < x.length; i++) {
    const alpha = color[4 * i + 3]!;
    const faded = alpha < 255 ? ` fill-opacity="${short(alpha / 255)}"` : "";
    const fill = hex(color[4 * i]!, color[4 * i + 1]!, color[4 * i + 2]!);
    parts.push(
      `<circle cx="${short(x[i]!)}" cy="${short(y[i]!)}" r="${short(radius[i]!)}" fill="${fill}"${faded}/>`,
    );
  }
  parts.push("</g>");
  return parts.join("\n");
}

/** Text of somebody's data as text of the file, whatever it holds. */
function escaped(text: string): string {
  return (
    text
      // XML has no way to write most control characters.
      // eslint-disable-next-line no-control-regex
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd")
      .replace(/&/g, "&amp;")
      .replace(/</g, "&lt;")
      .replace(/>/g, "&gt;")
      .replace(/"/g, "&quot;")
      // Halves of characters that are not whole.
      .replace(/[\ud800-\udfff]/gu, "\ufffd")
  );
}
