import { type TemplatedApp, us_socket_local_port } from 'uWebSockets.js';

/** Limits as the hub has them, and no timers: what is compared is the way of a message. */
export const quietRoute = {
  idleTimeout: 0,
  sendPingsAutomatically: false,
  maxPayloadLength: 1024 * 1024,
  maxBackpressure: 4 * 1024 * 1024,
} as const;

/** Listens on a free port of loopback and returns it. */
export function listenAnywhere(app: TemplatedApp): Promise<number> {
  return new Promise((resolve, reject) => {
    app.listen('127.0.0.1', 0, (token) => {
      if (token) resolve(us_socket_local_port(token));
      else reject(new Error('cannot listen'));
    });
  });
}
