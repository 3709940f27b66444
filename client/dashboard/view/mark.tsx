import type { Level } from '@auralis/shared';
import type { Severity } from '../model/alerts.js';
import type { Verdict } from '../model/judge.js';

const GLYPHS = {
  alert: { over: '▲', under: '▼', none: '◆' },
  'off-target': { over: '△', under: '▽', none: '◇' },
} as const;

const WORDS = {
  alert: { over: 'above the alert threshold', under: 'below the alert threshold', none: 'past an alert threshold' },
  'off-target': { over: 'above target', under: 'below target', none: 'outside target' },
} as const;

/** Level as a glyph, so that nothing depends on colour alone: filled is an alert, hollow is above target. */
export function Mark({ verdict }: { readonly verdict: Verdict | null }) {
  if (verdict === null || verdict.level === 'ok') return null;
  const side = verdict.side ?? 'none';
  return (
    <span class="mark" role="img" aria-label={WORDS[verdict.level][side]}>
      {GLYPHS[verdict.level][side]}
    </span>
  );
}

/** A row's worst level. */
export function LevelMark({ level }: { readonly level: Level | null }) {
  return <Mark verdict={level === null ? null : { level, side: null }} />;
}

/** Filled is what somebody must see to, as for levels. */
export const SEVERITY_GLYPHS: Readonly<Record<Severity, string>> = {
  info: '○',
  warning: '◇',
  error: '◆',
  critical: '◆',
};
