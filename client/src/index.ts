export * from './audio/client-metrics.js';
export * from './audio/types.js';
export * from './live/live-client.js';
export * from './live/types.js';
export type { Runtime, Socket, SocketConstructor } from './runtime.js';
