/** Thrown by reading a request's body that the transport does not take: too long, too slow, or one too many. */
export class RefusedBody extends Error {
  override readonly name = 'RefusedBody';
  readonly status: 400 | 408 | 413 | 503;

  constructor(status: RefusedBody['status'], message: string) {
    super(message);
    this.status = status;
  }
}
