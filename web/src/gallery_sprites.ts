/** Paints made-up thumbnails: a stroke per tile whose bend depends on the row. */
export async function paintSprites(count: number, tile: number): Promise<ArrayBuffer> {
  const side = Math.ceil(Math.sqrt(count));
  const canvas = new OffscreenCanvas(side * tile, side * tile);
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("This browser has no 2D canvas.");
  context.fillStyle = "#000";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.strokeStyle = "#fff";
  context.lineWidth = tile / 8;
  for (let row = 0; row < count; row++) {
    const x = (row % side) * tile;
    const y = Math.floor(row / side) * tile;
    const bend = ((row % 10) / 10) * 2 * Math.PI;
    context.beginPath();
    context.arc(x + tile / 2, y + tile / 2, tile * 0.3, bend, bend + 2 + (row % 7) / 2);
    context.stroke();
  }
  const blob = await canvas.convertToBlob({ type: "image/png" });
  return blob.arrayBuffer();
}
