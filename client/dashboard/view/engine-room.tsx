import type { Level } from '@auralis/shared';
import type { Dashboard } from '../model/dashboard.js';
import { type Card, engineRoom, type Figure } from '../model/engine-room.js';
import { boundsText, MISSING, reading, unitName } from '../model/format.js';
import { LevelMark, Mark } from './mark.js';

/** Engine, node, GPUs and network of what the page is about, each with its figures and the worst of them. */
export function EngineRoom({ dashboard }: { readonly dashboard: Dashboard }) {
  const hub = dashboard.feed.hub?.hub.split('@')[0] ?? '';
  // The last known state stays, dimmed, while the hub is away.
  if (!dashboard.knowsStreams && dashboard.streams.size === 0) return null;
  return (
    <section class="room" aria-label="Engine, node and network">
      {engineRoom(dashboard.tables, dashboard.place.stream, hub).map((card) => (
        <CardView key={card.key} card={card} />
      ))}
    </section>
  );
}

const WORDS: Readonly<Record<Level, string>> = {
  ok: 'ok',
  'off-target': 'outside target',
  alert: 'past an alert threshold',
};

function CardView({ card }: { readonly card: Card }) {
  const { title, of, level, trouble, figures } = card;
  return (
    <article class={`card ${level ?? 'unknown'}`} data-card={card.key} tabIndex={-1}>
      <h3>
        <bdi>{title}</bdi>{' '}
        <small>
          <bdi>{of}</bdi>
        </small>
        <span class={`verdict ${level ?? ''}`}>
          <LevelMark level={level} />
          {trouble ?? (level === null ? 'no readings' : WORDS[level])}
        </span>
      </h3>
      <dl>
        {figures.map((figure) => (
          <FigureView key={figure.label} figure={figure} />
        ))}
      </dl>
    </article>
  );
}

function FigureView({ figure }: { readonly figure: Figure }) {
  const { label, spec, value, verdict } = figure;
  const text = reading(spec, value);
  const unit = unitName(spec.unit);
  return (
    <div class={verdict?.level ?? ''} data-tip={`${spec.help}. ${boundsText(spec)}`.trim()}>
      <dt>{label}</dt>
      <dd class={value === null ? 'missing' : ''}>
        <Mark verdict={verdict} />
        {text}
        {text !== MISSING && unit !== '' && <small>{unit}</small>}
      </dd>
    </div>
  );
}
