/** Does long work in slices, so that the event loop goes on. */
export interface Slicer {
  run<Result>(steps: Generator<void, Result>): Promise<Result>;
}
