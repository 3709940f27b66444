import { CLIENT_ID, STREAM_NAME } from '@auralis/shared/limits';
import { render } from 'preact';
import '../dashboard/style/tokens.css';
import './listen.css';
import '../dashboard/style/token-form.css';
import { Painter } from '../dashboard/painter.js';
import { Session } from './session.js';
import { ListenPage } from './view.js';

/** "For 12 s" moves on although nothing comes. */
const TICK_MS = 1_000;

const query = new URLSearchParams(location.search);
const stream = query.get('stream') ?? 'main';
const client = query.get('client');
const root = document.getElementById('app');
if (root === null) throw new Error('index.html has no #app');

if (STREAM_NAME.test(stream)) listen(root);
else {
  root.textContent = `“${stream.slice(0, 80)}” is no name of a stream: 1 to 64 of A–Z a–z 0–9 . _ -`;
  root.className = 'listen';
}

function listen(host: HTMLElement): void {
  const painter = new Painter(() => {
    render(<ListenPage session={session} />, host);
    const title = `${GLYPHS[session.state === 'open' ? session.player.state : 'away']} ${stream} · Auralis`;
    if (document.title !== title) document.title = title;
  });
  // Beside the page, so that a hub behind a path prefix is found too.
  const url = new URL(`api/v1/streams/${stream}/listen`, location.href).href;
  const session = new Session(url, stream, client !== null && CLIENT_ID.test(client) ? client : null, painter.request);
  window.setInterval(painter.request, TICK_MS);
  painter.request();
  // Where the browser allows it, sound begins by itself; a kiosk that says so may have any key or touch unlock it.
  if (query.get('autoplay') !== '0') void session.player.play();
  if (query.has('autoplay')) unlockByAnything(session);
}

function unlockByAnything(session: Session): void {
  const unlock = () => {
    if (session.player.isBlocked) void session.player.play();
  };
  document.addEventListener('pointerdown', unlock, { capture: true });
  document.addEventListener('keydown', unlock, { capture: true });
}

const GLYPHS = { idle: '○', starting: '…', playing: '▶', paused: '❚❚', stalled: '◇', ended: '■', away: '◌' } as const;
