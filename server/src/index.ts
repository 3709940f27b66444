export { ConfigError } from './hub/config.js';
export { createHub, type Hub } from './hub/hub.js';
export type { HubOptions } from './hub/options.js';
export { DataDirError } from './store/data-dir-error.js';
export { ListenError } from './transport/transport.js';
