export { ConfigError } from './config.js';
export { createHub, type Hub } from './hub.js';
export type { HubOptions } from './options.js';
export { DataDirError } from './store/data-dir-error.js';
export { ListenError } from './transport/transport.js';
