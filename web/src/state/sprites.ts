import { signal, type WritableSignal } from "./signal.js";

/** How a thumbnail says which colour its point has. */
export type SpriteLook = "frame" | "behind" | "ink";
/** Which points become thumbnails: as many as have room, or all, one over the other. */
export type SpriteCrowd = "spread" | "all";

export const LOOKS: readonly { value: SpriteLook; name: string; says: string }[] = [
  { value: "frame", name: "Frame", says: "the colour around the image" },
  { value: "behind", name: "Behind", says: "the colour behind clear pixels" },
  { value: "ink", name: "Ink", says: "light pixels in the colour" },
];
export const CROWDS: readonly { value: SpriteCrowd; name: string; says: string }[] = [
  { value: "spread", name: "With room", says: "where none overlap" },
  { value: "all", name: "All", says: "one over the other" },
];

/** Whether and how images stand on the map in the place of dots. */
export class Sprites {
  readonly shown = signal(true);
  /** Null: behind clear pixels where the images have any, a frame otherwise. */
  readonly look: WritableSignal<SpriteLook | null> = signal<SpriteLook | null>(null);
  readonly crowd: WritableSignal<SpriteCrowd> = signal<SpriteCrowd>("spread");
  /** Whether the images that were looked at have clear pixels. */
  readonly clear = signal(false);
  /** How many images the picture shows. */
  readonly drawn = signal(0);
  /** What could not be loaded, in words. */
  readonly problem: WritableSignal<string | null> = signal<string | null>(null);

  /** The look after "null" was resolved. */
  get resolved(): SpriteLook {
    return this.look.value ?? (this.clear.value ? "behind" : "frame");
  }
}

/** What differs from the usual, for the address; empty where nothing does. */
export function encodeSprites({ shown, look, crowd }: Sprites): string {
  return [shown.value ? "" : "off", look.value ?? "", crowd.value === "spread" ? "" : crowd.value]
    .filter((word) => word !== "")
    .join(".");
}

/** Obeys what `encodeSprites` wrote; unknown words change nothing. */
export function decodeSprites(text: string | undefined, sprites: Sprites): void {
  const words = (text ?? "").split(".");
  sprites.shown.set(!words.includes("off"));
  sprites.look.set(LOOKS.find(({ value }) => words.includes(value))?.value ?? null);
  sprites.crowd.set(words.includes("all") ? "all" : "spread");
}
