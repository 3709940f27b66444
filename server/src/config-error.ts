/** A setting is refused: the message names the place, what was found, and what is allowed. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}
