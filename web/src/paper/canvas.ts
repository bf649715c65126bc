import { FONT, hex, type Drawing, type Mark, type Measure } from "./drawing.js";

type Context = CanvasRenderingContext2D;

/** Draws a drawing into a canvas, `scale` pixels to a CSS pixel. */
export function paint(drawing: Drawing, canvas: HTMLCanvasElement, scale: number): void {
  canvas.width = Math.round(drawing.width * scale);
  canvas.height = Math.round(drawing.height * scale);
  const context = canvas.getContext("2d");
  if (context === null || canvas.width === 0) throw tooLarge(canvas.width, canvas.height);
  if (drawing.background !== null) {
    context.fillStyle = drawing.background;
    context.fillRect(0, 0, canvas.width, canvas.height);
  }
  context.scale(scale, scale);
  for (const mark of drawing.marks) put(mark, context);
}

/** The canvas as a PNG file. */
export async function pngFile(canvas: HTMLCanvasElement): Promise<Blob> {
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/png"));
  if (blob === null) throw tooLarge(canvas.width, canvas.height);
  return blob;
}

/** Measures text as the page's own fonts set it. */
export function measureWith(context: Context): Measure {
  return (text, size, bold) => {
    context.font = fontOf(size, bold);
    return context.measureText(text).width;
  };
}

export function fontOf(size: number, bold: boolean): string {
  return `${bold ? "600 " : ""}${size}px ${FONT}`;
}

function tooLarge(width: number, height: number): Error {
  return new Error(
    `The browser could not make a picture of ${width} x ${height} pixels. Choose a smaller scale.`,
  );
}

function put(mark: Mark, context: Context): void {
  switch (mark.kind) {
    case "dots":
      for (let i = 0; i < mark.x.length; i++) {
        const [r, g, b, alpha] = mark.color.subarray(4 * i, 4 * i + 4);
        context.globalAlpha = alpha! / 255;
        context.fillStyle = hex(r!, g!, b!);
        context.beginPath();
        context.arc(mark.x[i]!, mark.y[i]!, mark.radius[i]!, 0, 2 * Math.PI);
        context.fill();
      }
      context.globalAlpha = 1;
      return;
    case "raster": {
      const held = document.createElement("canvas");
      held.width = mark.pixels.width;
      held.height = mark.pixels.height;
      const image = new ImageData(
        mark.pixels.data as Uint8ClampedArray<ArrayBuffer>,
        held.width,
        held.height,
      );
      held.getContext("2d")?.putImageData(image, 0, 0);
      context.imageSmoothingEnabled = false;
      context.drawImage(held, mark.x, mark.y, mark.width, mark.height);
      // Frees tens of megabytes at once, not when somebody collects them.
      held.width = 0;
      return;
    }
    case "stroke":
      context.globalAlpha = mark.opacity;
      context.strokeStyle = mark.color;
      context.lineWidth = mark.width;
      context.setLineDash(mark.dashed ? [4, 3] : []);
      context.beginPath();
      context.moveTo(mark.x1, mark.y1);
      context.lineTo(mark.x2, mark.y2);
      context.stroke();
      context.setLineDash([]);
      context.globalAlpha = 1;
      return;
    case "ring":
      context.strokeStyle = mark.color;
      context.lineWidth = mark.width;
      context.beginPath();
      context.arc(mark.x, mark.y, mark.radius, 0, 2 * Math.PI);
      context.stroke();
      return;
    case "box":
      context.fillStyle = mark.color;
      context.fillRect(mark.x, mark.y, mark.width, mark.height);
      return;
    case "words":
      context.font = fontOf(mark.size, mark.bold);
      context.textAlign =
        mark.anchor === "middle" ? "center" : mark.anchor === "end" ? "right" : "left";
      context.textBaseline = "alphabetic";
      if (mark.halo !== undefined) {
        context.strokeStyle = mark.halo;
        context.lineWidth = 3;
        context.lineJoin = "round";
        context.strokeText(mark.text, mark.x, mark.y + 0.35 * mark.size);
      }
      context.fillStyle = mark.color;
      context.fillText(mark.text, mark.x, mark.y + 0.35 * mark.size);
  }
}
