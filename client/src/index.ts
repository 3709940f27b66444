export * from './audio/client-metrics.js';
export * from './audio/types.js';
export * from './engine/alert-manager.js';
export * from './engine/hub-sender.js';
export * from './engine/metrics-collector.js';
export * from './live/live-client.js';
export * from './live/types.js';
export type { Runtime, Socket, SocketConstructor } from './runtime.js';
export type { Token } from './token.js';
