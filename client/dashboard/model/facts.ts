import type { Row } from './feed.js';
import { number, span, timeOfDay } from './format.js';
import { labelOf } from './judge.js';
import type { Catalogue } from './layout.js';

/** Unusual facts about one listener beside its readings, in few words. */
export function factsOf(row: Row, catalogue: Catalogue): readonly string[] {
  const health = labelOf(row, 'status', catalogue);
  const reason = labelOf(row, 'status_reason', catalogue)?.replace('_', ' ') ?? '';
  const since = row.get('not_ok_since');
  const isUnwell = health !== null && health !== 'ok';
  const trust = labelOf(row, 'trust', catalogue);
  const silentMs = row.get('underrun_duration_ms') ?? 0;
  const reconnects = row.get('reconnects') ?? 0;
  const facts = [
    isUnwell && `${reason}${since === null ? '' : ` since ${timeOfDay(since * 1000)}`}`,
    silentMs >= 1000 && `has heard ${span(silentMs)} of silence`,
    reconnects > 0 && `came back ${number(reconnects)} ×`,
    trust !== null && trust !== 'trusted' && `trust: ${trust}`,
    row.attribute('reason'),
    row.attribute('address'),
  ];
  return facts.filter((fact) => typeof fact === 'string' && fact !== '') as string[];
}
