import type { FoundRows } from "../data/finding.js";
import { base64 } from "../data/knowing.js";
import type { ServerEvent } from "../data/types.js";
import type { KeptView, Viewing } from "../data/viewing.js";
import { RowSet } from "./row_set.js";
import { leftOut, restoreScene, sceneOf } from "./scene.js";
import { onChange, signal, type Signal } from "./signal.js";
import type { TakenFile } from "./taking.js";
import { decodeAddress, encodeAddress, type Address } from "./url.js";
import { readViewFile, VIEW_FORMAT, VIEW_VERSION, type ViewFile } from "./view_file.js";
import type { Viewer } from "./viewer.js";
import type { ViewerState } from "./viewer_state.js";

const THUMBNAIL_WIDTH = 240;

/** The camera, as the address knows it. */
export interface EyePort {
  readonly text: Signal<string>;
  wanted: string | undefined;
}

/** Views that are kept, linked to and saved as files, and opened again. */
export class Views {
  private readonly kept = signal<readonly KeptView[] | null>(null);
  private readonly trouble = signal<string | null>(null);
  private readonly remarks = signal<readonly string[]>([]);
  private readonly pictures = new Map<string, Promise<string | null>>();
  private readonly stop: () => void;
  private run: string | null = null;

  constructor(
    private readonly viewing: Viewing,
    { run }: Pick<ViewerState, "run">,
    private readonly viewer: () => Viewer,
    private readonly eye: EyePort,
    /** Does what is left to the address: look and hidden legend entries. */
    private readonly prepare: (address: Address) => void,
  ) {
    this.stop = onChange([run], () => this.changeRun(run.value?.name ?? null));
  }

  /** Oldest first; null until they were read. */
  get list(): Signal<readonly KeptView[] | null> {
    return this.kept;
  }

  get problem(): Signal<string | null> {
    return this.trouble;
  }

  /** What of the view that was opened last could not be restored. */
  get notes(): Signal<readonly string[]> {
    return this.remarks;
  }

  close(): void {
    this.stop();
    this.forgetPictures();
  }

  async load(): Promise<void> {
    await this.attempt(async (run) => this.show(await this.viewing.views(run)));
  }

  /** Keeps what is on screen under a name, in the place of another of that name. */
  async save(name: string): Promise<boolean> {
    const viewer = this.viewer();
    const { run, selection } = viewer.state;
    const rows = { bits: selection.rows.value.bits, order: run.value?.order ?? "" };
    return this.attempt(async (of) => {
      const picture = await viewer.taking.thumbnail(THUMBNAIL_WIDTH);
      this.show(await this.viewing.save(of, name, this.address(), rows, picture));
    });
  }

  async delete(name: string): Promise<void> {
    await this.attempt(async (run) => this.show(await this.viewing.delete(run, name)));
  }

  /** Opens a view that is kept. */
  async use(view: KeptView): Promise<void> {
    await this.attempt(async (run) => {
      const rows = view.count > 0 ? await this.viewing.rows(run, view.name) : null;
      await this.open({ ...decodeAddress(view.address), run }, rows);
    });
  }

  /** The view on screen as the text behind `#`. */
  address(): string {
    return encodeAddress(sceneOf(this.viewer(), this.eye.text.value));
  }

  /** What a link leaves out of the view on screen. */
  get leftOut(): string[] {
    return leftOut(this.viewer());
  }

  /** The view on screen as a file. */
  file(): TakenFile {
    const { state, taking } = this.viewer();
    const { selection, run } = state;
    const { bits } = selection.rows.value;
    const view: ViewFile = {
      format: VIEW_FORMAT,
      version: VIEW_VERSION,
      made: new Date().toISOString(),
      address: this.address(),
      selection:
        run.value !== null && selection.count.value > 0
          ? { order: run.value.order, bits: base64(bits) }
          : null,
    };
    const blob = new Blob([JSON.stringify(view, null, 1)], { type: "application/json" });
    return { name: taking.name("view.json"), blob, said: "Open it here or in another window." };
  }

  /** Opens the view that a file holds. */
  async openFile(text: string): Promise<boolean> {
    return this.attempt(async () => {
      const { file, address } = readViewFile(text);
      const names = this.viewer().state.runs.value?.map((run) => run.name) ?? [];
      if (address.run !== undefined && !names.includes(address.run)) {
        throw new Error(
          `The view is of run “${address.run.slice(0, 80)}”, which is not here. Open a page that shows that run.`,
        );
      }
      const rows =
        file.selection === null
          ? null
          : { order: file.selection.order, bits: bytesOf(file.selection.bits) };
      await this.open(address, rows);
    });
  }

  /** Shows an address and what else belongs to it. */
  async open(address: Address, rows: FoundRows | null = null): Promise<void> {
    const viewer = this.viewer();
    const { state, session } = viewer;
    this.prepare(address);
    this.eye.wanted = address.camera;
    await session.open(address.run ?? state.run.value?.name ?? "", address);
    const notes: string[] = [];
    const run = state.run.value;
    if (rows !== null && run !== null) {
      const whole = rows.bits.length === Math.ceil(run.n_items / 8);
      if (rows.order === run.order && whole) {
        state.selection.apply(new RowSet(run.n_items, rows.bits));
      } else {
        notes.push("The rows of this run have changed since, so what was selected is left out");
      }
    }
    await this.restore(address, notes);
  }

  /** Restores what opening the run has not. */
  async restore(address: Address, notes: readonly string[] = []): Promise<void> {
    const more = await restoreScene(this.viewer(), address);
    this.remarks.set([...new Set([...notes, ...more])]);
  }

  dismiss(): void {
    this.remarks.set([]);
  }

  /** Where an image element finds the small picture of a view; null without one. */
  picture(view: KeptView): Promise<string | null> {
    const key = `${view.name}\n${view.made}`;
    let found = this.pictures.get(key);
    if (found === undefined) {
      const run = this.run ?? "";
      found = view.picture
        ? this.viewing.picture(run, view.name).then(
            (bytes) => URL.createObjectURL(new Blob([bytes], { type: "image/png" })),
            () => null,
          )
        : Promise.resolve(null);
      this.pictures.set(key, found);
    }
    return found;
  }

  /** News from Python or from another page. */
  async hear(event: ServerEvent): Promise<void> {
    const mine = event.type === "selections" && event.run === this.run;
    if (mine && this.kept.value !== null) await this.load();
  }

  private show(views: readonly KeptView[]): void {
    // A view kept again has another picture under the same name.
    this.forgetPictures();
    this.kept.set(views);
  }

  private forgetPictures(): void {
    for (const url of this.pictures.values()) {
      void url.then((one) => one !== null && URL.revokeObjectURL(one));
    }
    this.pictures.clear();
  }

  private changeRun(name: string | null): void {
    if (name === this.run) return;
    this.run = name;
    this.kept.set(null);
    this.trouble.set(null);
    this.remarks.set([]);
    this.forgetPictures();
  }

  private async attempt(work: (run: string) => Promise<void>): Promise<boolean> {
    const run = this.viewer().state.run.value;
    if (run === null) return false;
    this.trouble.set(null);
    try {
      await work(run.name);
      return true;
    } catch (error) {
      this.trouble.set(error instanceof Error ? error.message : String(error));
      return false;
    }
  }
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
