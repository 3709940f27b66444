/** Loaded before a server whose memory is measured (`--import`, with `--expose-gc`): collects garbage on SIGUSR2. */
const { gc } = globalThis as { gc?: () => void };

process.on('SIGUSR2', () => {
  // Twice: what the first run finalises the second one frees.
  gc?.();
  gc?.();
});
