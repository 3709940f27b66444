/** The kernel's monotonic clock, ms: the same in every process of a machine, whatever is done to its wall clock. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
