import { computed, signal, type Signal, type WritableSignal } from "./signal.js";

/** How crowds are drawn as such: not at all, as a soft picture, or by lines around them. */
export const CROWDS = ["off", "shade", "contours"] as const;
export type Crowds = (typeof CROWDS)[number];

/** Which lines to neighbours are drawn: none, those of the selection, or those of all points. */
export const EDGES = ["off", "selection", "all"] as const;
export type Edges = (typeof EDGES)[number];

/** Faintest dot that can be chosen. */
export const FAINTEST = 0.01;

/** What lies on the map beside the points, and how much light the points let through. */
export class Layers {
  readonly crowds: WritableSignal<Crowds> = signal<Crowds>("off");
  /** Whether lines are drawn around each group by itself rather than around all. */
  readonly byGroup = signal(true);
  /** Opacity of a dot; null for what the density of the points suggests. */
  readonly opacity: WritableSignal<number | null> = signal<number | null>(null);
  /** Opacity of a dot in the last picture, whoever chose it. */
  readonly seenOpacity = signal(1);
  /** Whether names are put on the map. */
  readonly names = signal(true);
  readonly edges: WritableSignal<Edges> = signal<Edges>("off");

  /** All of it as text for the address; empty where nothing was chosen. */
  readonly text: Signal<string> = computed(
    [this.crowds, this.byGroup, this.opacity, this.names, this.edges],
    (crowds, byGroup, opacity, names, edges) =>
      [
        crowds === "off" ? "" : crowds,
        crowds === "contours" && !byGroup ? "whole" : "",
        opacity === null ? "" : `o${Number(opacity.toPrecision(3))}`,
        names ? "" : "nameless",
        edges === "off" ? "" : `edges-${edges}`,
      ]
        .filter((part) => part !== "")
        .join("."),
  );

  /** Takes what `text` wrote; whatever makes no sense is as if it were not there. */
  read(text: string): void {
    // A decimal point may stand inside an opacity.
    const parts = text.split(/\.(?!\d)/);
    const opacity = parts
      .filter((part) => /^o[\d.]+$/.test(part))
      .map((part) => Number(part.slice(1)));
    const chosen = opacity.find((value) => value >= FAINTEST && value <= 1);
    this.crowds.set(CROWDS.find((one) => one !== "off" && parts.includes(one)) ?? "off");
    this.byGroup.set(!parts.includes("whole"));
    this.opacity.set(chosen ?? null);
    this.names.set(!parts.includes("nameless"));
    this.edges.set(EDGES.find((one) => one !== "off" && parts.includes(`edges-${one}`)) ?? "off");
  }

  /** The next way of drawing crowds, for a key. */
  nextCrowds(): void {
    this.crowds.set(CROWDS[(CROWDS.indexOf(this.crowds.value) + 1) % CROWDS.length]!);
  }

  nextEdges(): void {
    this.edges.set(EDGES[(EDGES.indexOf(this.edges.value) + 1) % EDGES.length]!);
  }
}
