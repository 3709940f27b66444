/** The WebSocket subprotocols that an upgrade offers. `header`: its Sec-WebSocket-Protocol. */
export function offeredProtocols(header: string | null | undefined): readonly string[] {
  return (header ?? '').split(',').flatMap((name) => name.trim() || []);
}
