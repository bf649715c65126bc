import type { Cluster, ClusterData, Knowing } from "../data/knowing.js";
import { signal, type Signal } from "./signal.js";
import type { ViewerState } from "./viewer_state.js";

/** The crowds of the map on screen, their names, and the words that made them. */
export class Clusters {
  private readonly found = signal<readonly Cluster[]>([]);
  private readonly failed = signal<string | null>(null);
  private readonly renamed = signal(0);

  constructor(
    private readonly knowing: Knowing,
    private readonly state: ViewerState,
  ) {}

  /** What was read last, largest first. */
  get list(): Signal<readonly Cluster[]> {
    return this.found;
  }

  /** Why a name could not be kept. */
  get failure(): Signal<string | null> {
    return this.failed;
  }

  /** Grows with every name that is given. */
  get version(): Signal<number> {
    return this.renamed;
  }

  /** Crowds of the map on screen. */
  async read(): Promise<ClusterData> {
    const { run, projection, timeline } = this.state;
    const step = timeline.step.value;
    const key = projection.value?.key ?? null;
    if (run.value === null || key === null || step === null) {
      throw new Error("There is no map to find clusters in yet.");
    }
    const data = await this.knowing.clusters(run.value.name, key, step);
    this.found.set(data.clusters);
    return data;
  }

  /** Calls a cluster otherwise; an empty name gives the automatic one back. */
  async rename(number: number, name: string): Promise<void> {
    const { run, projection, timeline } = this.state;
    const step = timeline.step.value;
    const key = projection.value?.key ?? null;
    if (run.value === null || key === null || step === null) return;
    try {
      await this.knowing.nameCluster(run.value.name, key, step, number, name);
      this.failed.set(null);
      this.renamed.set(this.renamed.value + 1);
    } catch (error) {
      this.failed.set(error instanceof Error ? error.message : String(error));
    }
  }
}
