import { signal } from "./signal.js";

/** The viewer as a guest in a page that is not its own: small, and on demand as large as the screen. */
export class Guest {
  readonly full = signal(false);
  private readonly follow = () => this.full.set(this.root().fullscreenElement === this.host);

  /** Gives the keys back: notebooks leave them with whatever inside of them has them. */
  private readonly leave = (event: Event) => {
    if (event.composedPath().includes(this.host)) return;
    const active = this.host.shadowRoot?.activeElement;
    if (active instanceof HTMLElement) active.blur();
  };

  constructor(private readonly host: HTMLElement) {
    host.ownerDocument.addEventListener("fullscreenchange", this.follow);
    host.ownerDocument.addEventListener("pointerdown", this.leave, true);
  }

  /** Whether the browser lets the viewer fill the screen; some notebooks' frames do not. */
  get canFill(): boolean {
    return this.host.ownerDocument.fullscreenEnabled;
  }

  /** Takes the keys, unless something inside has them. */
  take(inside: HTMLElement): void {
    const active = (inside.getRootNode() as Document | ShadowRoot).activeElement;
    if (active === null || !inside.contains(active)) inside.focus({ preventScroll: true });
  }

  close(): void {
    this.host.ownerDocument.removeEventListener("fullscreenchange", this.follow);
    this.host.ownerDocument.removeEventListener("pointerdown", this.leave, true);
  }

  async toggleFull(): Promise<void> {
    if (this.full.value) await this.host.ownerDocument.exitFullscreen();
    else await this.host.requestFullscreen();
  }

  /** In a shadow root of the notebook the document itself knows only the outermost host. */
  private root(): DocumentOrShadowRoot {
    const root = this.host.getRootNode();
    return root instanceof ShadowRoot ? root : this.host.ownerDocument;
  }
}
