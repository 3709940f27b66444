import { neutral } from '@auralis/shared/neutral';
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Alert, type Alerts, countedText, SEVERITIES, worstOf } from '../model/alerts.js';
import type { Dashboard } from '../model/dashboard.js';
import { number, span, timeOfDay } from '../model/format.js';
import { SEVERITY_GLYPHS } from './mark.js';

/** More than anybody reads; the rest is counted. */
const MAX_SHOWN = 50;
const MAX_RESOLVED = 5;
/** A resolved alert fades until the hub forgets it, and can be read to the last. */
const FADE_MS = 300_000;
const FAINTEST = 0.6;

/** One line when no alert fires. Otherwise each alert with its age and its blame. */
export function AlertPanel({ dashboard }: { readonly dashboard: Dashboard }) {
  const { alerts } = dashboard;
  const { firing, resolved } = alerts;
  const now = dashboard.feed.now();
  if (!dashboard.tables.isReady('alerts') && firing.length === 0) return null;
  const worst = worstOf(alerts)?.severity ?? 'none';
  return (
    <section class={`alerts ${worst} ${dashboard.isCurrent ? '' : 'stale'}`} aria-label="Alerts">
      <Announcer alerts={alerts} />
      <Summary alerts={alerts} />
      {firing.length + resolved.length > 0 && (
        <ul>
          {firing.slice(0, MAX_SHOWN).map((alert) => (
            <AlertRow key={alert.key} alert={alert} dashboard={dashboard} now={now} />
          ))}
          {firing.length > MAX_SHOWN && <li class="more">and {number(firing.length - MAX_SHOWN)} more</li>}
          {resolved.slice(0, MAX_RESOLVED).map((alert) => (
            <AlertRow key={alert.key} alert={alert} dashboard={dashboard} now={now} />
          ))}
        </ul>
      )}
    </section>
  );
}

/**
 * How many of which severity: all that is to be said when there is none, and what may be scrolled away when there are
 * many.
 */
function Summary({ alerts: { firing, pending } }: { readonly alerts: Alerts }) {
  const silenced = firing.filter(({ quiet }) => quiet === 'silenced').length;
  const following = firing.filter(({ quiet }) => quiet === 'consequence').length;
  const counts = [...SEVERITIES].reverse().map((severity) => {
    const count = firing.filter((alert) => alert.severity === severity && alert.quiet === null).length;
    return [severity, count] as const;
  });
  return (
    <p class="summary">
      {firing.length === silenced + following && (
        <span>
          <span class="on" aria-hidden="true">
            ✓
          </span>{' '}
          No alert
        </span>
      )}
      {counts.map(([severity, count]) =>
        count === 0 ? null : (
          <b key={severity} class={`severity ${severity}`}>
            {SEVERITY_GLYPHS[severity]} {countedText(severity, count)}
          </b>
        ),
      )}
      {silenced > 0 && <span>{number(silenced)} silenced</span>}
      {following > 0 && <span>{number(following)} that follow from another</span>}
      {pending > 0 && <span>{number(pending)} pending: past a threshold, too briefly to fire</span>}
    </p>
  );
}

const BLAMED: Readonly<Record<string, string>> = {
  engine: 'the engine',
  node: 'this node',
  network: "the listener's network",
  unknown: 'not known',
};

const QUIET_TIPS = {
  silenced: 'Notifiers are not told of it; who silenced it, and why: /api/v1/alerts/silences',
  consequence: 'It follows from another alert. Notifiers are told of it only if it goes on after that one is over',
};

function AlertRow({
  alert,
  dashboard,
  now,
}: {
  readonly alert: Alert;
  readonly dashboard: Dashboard;
  readonly now: number;
}) {
  const { severity, title, where, message, count, since, resolvedAt, blame, evidence, quiet } = alert;
  const isOver = resolvedAt !== null;
  const age = isOver ? now - resolvedAt : now - since;
  return (
    <li
      class={`alert-row ${severity} ${isOver ? 'over' : quiet === null ? 'loud' : 'silenced'}`}
      style={isOver ? { opacity: Math.max(FAINTEST, 1 - (1 - FAINTEST) * (age / FADE_MS)).toFixed(2) } : undefined}
    >
      <button type="button" onClick={() => show(alert, dashboard)}>
        <b class={`severity ${severity}`}>{isOver ? '✓ resolved' : `${SEVERITY_GLYPHS[severity]} ${severity}`}</b>
        <span class="what" data-tip={neutral(message)}>
          <b>
            <bdi>{title}</bdi>
          </b>
          {where !== '' && <span>({where})</span>}
          {count !== null && count > 1 && <b class="count">×{number(count)}</b>}
          {message !== '' && <bdi class="message">{message}</bdi>}
        </span>
        <span class="since" data-tip={`Since ${timeOfDay(since)}${isOver ? `, until ${timeOfDay(resolvedAt)}` : ''}`}>
          {isOver ? `${span(age)} ago` : `for ${span(age)}`}
        </span>
        {(blame !== '' || quiet !== null) && !isOver && (
          <span class="why" data-tip={neutral(evidence)}>
            {blame !== '' && (
              <>
                Fault: <b>{BLAMED[blame] ?? blame}</b>
                {evidence !== '' && (
                  <>
                    {' · '}
                    <bdi>{evidence}</bdi>
                  </>
                )}
              </>
            )}
            {quiet !== null && <i data-tip={QUIET_TIPS[quiet]}>{quiet}</i>}
          </span>
        )}
      </button>
    </li>
  );
}

/**
 * Goes to what an alert is about: the listener, the stream with its worst listeners first, or the card of node or
 * GPU.
 */
function show({ labels }: Alert, dashboard: Dashboard): void {
  const stream = labels.get('stream') ?? null;
  if (stream !== null) dashboard.lookAt({ stream, connection: labels.get('connection') ?? null });
  const card = labels.get('gpu') ?? (labels.has('engine') ? 'engine' : stream === null ? 'node' : null);
  const target = card === null ? '#connections-title' : `[data-card="${CSS.escape(card)}"]`;
  const element = document.querySelector<HTMLElement>(target);
  element?.scrollIntoView({ block: 'nearest' });
  element?.focus({ preventScroll: true });
}

/** Reads out each alert that begins to fire; those that were there before the page, only in number. */
function Announcer({ alerts }: { readonly alerts: Alerts }) {
  const known = useRef<ReadonlySet<string> | null>(null);
  const [text, setText] = useState('');
  const { firing } = alerts;
  useEffect(() => {
    const before = known.current;
    known.current = new Set(firing.map(({ key }) => key));
    const fresh = firing.filter(({ key, quiet }) => quiet === null && before?.has(key) === false);
    const [first] = fresh;
    if (before === null && firing.length > 0) setText(`${firing.length} alerts`);
    if (first !== undefined) {
      const more = fresh.length > 1 ? `, and ${fresh.length - 1} more` : '';
      setText(`${first.severity}: ${neutral(first.title)}${more}`);
    }
  }, [firing]);
  return (
    <p class="unseen" role="alert">
      {text}
    </p>
  );
}
