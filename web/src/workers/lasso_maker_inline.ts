import InlineWorker from "./lasso.worker.ts?worker&inline";

/** Makes the worker from a text inside the page: a page on disk has no files beside it. */
export function createLassoWorker(): Worker {
  return new InlineWorker();
}
