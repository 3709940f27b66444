/** Samples of a page by series: `name{labels}`, as they stand there. Throws where one stands there twice. */
export function samplesOf(page: string): Map<string, number> {
  const samples = new Map<string, number>();
  for (const line of page.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const at = line.lastIndexOf(' ');
    const series = line.slice(0, at);
    if (samples.has(series)) throw new Error(`${series} stands there twice`);
    samples.set(series, Number(line.slice(at + 1)));
  }
  return samples;
}
