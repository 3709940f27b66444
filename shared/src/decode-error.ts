/** A stranger's bytes or text are not one value within the limits. `message` says what is wrong and where. */
export class DecodeError extends Error {
  override readonly name: string = 'DecodeError';
}
