import { neutral } from '@auralis/shared/neutral';
/** Title and icon show the worst state, because often only the tab is visible. */

import calmIcon from '../icon.svg';
import alertIcon from '../icon-alert.svg';
import awayIcon from '../icon-away.svg';
import troubleIcon from '../icon-trouble.svg';
import { countedText, worstOf } from '../model/alerts.js';
import type { Dashboard } from '../model/dashboard.js';
import { linkText } from './link-state.js';
import { SEVERITY_GLYPHS } from './mark.js';

/** The state first, for a tab among many has room for no more. */
export function titleOf(dashboard: Dashboard): string {
  const { feed, place } = dashboard;
  const state = feed.state === 'live' ? stateOf(dashboard) : `◌ ${linkText(dashboard)}`;
  return neutral([state, place.stream, 'Auralis'].filter((part) => part !== null).join(' · '));
}

function stateOf({ alerts, stream }: Dashboard): string {
  const worst = worstOf(alerts);
  if (worst !== null) return `${SEVERITY_GLYPHS[worst.severity]} ${countedText(worst.severity, worst.count)}`;
  const unwell = (stream?.get('listeners_critical') ?? 0) + (stream?.get('listeners_warning') ?? 0);
  return unwell > 0 ? `● ${unwell} not well` : '●';
}

function iconOf({ alerts, isCurrent }: Dashboard): string {
  if (!isCurrent) return awayIcon;
  const severity = worstOf(alerts)?.severity;
  if (severity === 'critical' || severity === 'error') return alertIcon;
  return severity === undefined ? calmIcon : troubleIcon;
}

export function showInTab(dashboard: Dashboard): void {
  const title = titleOf(dashboard);
  if (document.title !== title) document.title = title;
  const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  const href = iconOf(dashboard);
  if (icon !== null && icon.getAttribute('href') !== href) icon.setAttribute('href', href);
}
