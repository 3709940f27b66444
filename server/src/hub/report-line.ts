/** Figures of a line of the reporter; NaN if nothing was reported. */
export interface ExternalFigures {
  readonly clients: number;
  readonly bufferMs: number;
  readonly cpuPercent: number;
  readonly memoryMb: number;
  readonly chunksSent: number;
  readonly chunksDropped: number;
}

/** Return the specification's line. Unknown figures read `unknown`, because 0 would be a figure. */
export function reportLine(figures: ExternalFigures): string {
  const { clients, bufferMs, cpuPercent, memoryMb, chunksSent, chunksDropped } = figures;
  const words = [
    `clients=${clients}`,
    `buffer=${whole(bufferMs, 'ms')}`,
    `cpu=${whole(cpuPercent, '%')}`,
    `mem=${whole(memoryMb, 'MB')}`,
    `chunks_sent=${chunksSent}`,
    `dropped=${chunksDropped}`,
  ];
  return `Metrics: ${words.join(', ')}`;
}

function whole(value: number, unit: string): string {
  return Number.isNaN(value) ? 'unknown' : `${value.toFixed(0)}${unit}`;
}
