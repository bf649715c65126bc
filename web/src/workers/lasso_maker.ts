/** Makes the worker; Vite turns this very expression into a file of its own. */
export function createLassoWorker(): Worker {
  return new Worker(new URL("./lasso.worker.ts", import.meta.url), { type: "module" });
}
