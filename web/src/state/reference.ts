import { signal, type Signal } from "./signal.js";

/** Another step or space that the one on screen is compared with. */
export class Reference {
  private readonly chosenStep = signal<number | null>(null);
  private readonly chosenSpace = signal<string | null>(null);

  /** Step to compare with; null for none. */
  get step(): Signal<number | null> {
    return this.chosenStep;
  }

  /** Space to compare with; null for the one on screen. */
  get space(): Signal<string | null> {
    return this.chosenSpace;
  }

  setStep(step: number | null): void {
    this.chosenStep.set(step);
  }

  setSpace(space: string | null): void {
    this.chosenSpace.set(space);
  }

  /** Takes the step on screen as the one that later ones are compared with, or lets go of it. */
  mark(step: number | null): void {
    this.chosenStep.set(this.chosenStep.value === step ? null : step);
  }

  clear(): void {
    this.chosenStep.set(null);
    this.chosenSpace.set(null);
  }
}
