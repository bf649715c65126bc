import { signal, type Signal } from "./signal.js";

/** Another step or space that the one on screen is compared with. */
export class Reference {
  private readonly chosenStep = signal<number | null>(null);
  private readonly chosenSpace = signal<string | null>(null);
  private readonly chosenRun = signal<string | null>(null);

  /** Step to compare with; null for none. */
  get step(): Signal<number | null> {
    return this.chosenStep;
  }

  /** Space to compare with; null for the one on screen. */
  get space(): Signal<string | null> {
    return this.chosenSpace;
  }

  /** Run to compare with; null for the one on screen. */
  get run(): Signal<string | null> {
    return this.chosenRun;
  }

  /** Another step, space and run at once; null for those on screen. */
  set(step: number | null, space: string | null, run: string | null): void {
    this.chosenStep.set(step);
    this.chosenSpace.set(space);
    this.chosenRun.set(run);
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
    this.chosenRun.set(null);
  }
}
