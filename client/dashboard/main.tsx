import { render } from 'preact';
import { LiveClient } from '../src/live/live-client.js';
import 'uplot/dist/uPlot.min.css';
import './style/tokens.css';
import './style/page.css';
import './style/header.css';
import './style/alerts.css';
import './style/table.css';
import './style/trends.css';
import './style/room.css';
import './style/token-form.css';
import { address } from './address.js';
import { Dashboard } from './model/dashboard.js';
import { Painter } from './painter.js';
import { givenToken } from './token.js';
import { App } from './view/app.js';
import { showInTab } from './view/page-head.js';
import { onThemeChange } from './view/theme.js';
import { installTooltip } from './view/tooltip.js';

/** Ages and "since" move on although nothing comes from the hub. */
const TICK_MS = 1_000;

const root = document.getElementById('app');
if (root === null) throw new Error('index.html has no #app');

let version: string | null = null;

const painter = new Painter(() => {
  render(<App dashboard={dashboard} repaint={painter.request} />, root);
  showInTab(dashboard);
});

// Beside the page, so that a hub behind a path prefix is found too.
const live = new LiveClient(new URL('api/v1/live', location.href).href.replace(/^http/, 'ws'), { token: givenToken });
const dashboard = new Dashboard(live, address, painter.request);

// A hub of another version has another page: a wall display, which nobody reloads for weeks, follows it.
live.onState(() => {
  if (live.loss !== null && live.loss.reason !== '') console.info(`Auralis: ${live.loss.reason}`);
  version ??= live.hub?.version ?? null;
  if (live.hub !== null && live.hub.version !== version) location.reload();
});

installTooltip();
onThemeChange(painter.request);
window.addEventListener('hashchange', () => dashboard.followAddress());
window.setInterval(painter.request, TICK_MS);
painter.request();
