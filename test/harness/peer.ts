import { type Peer, SEND } from '@auralis/server/transport/transport';

/** A peer that takes everything and says nothing. */
export const silentPeer: Peer = {
  send: () => SEND.SENT,
  backlog: () => 0,
  isClosing: false,
  ping: () => {},
  close: () => {},
  cork: (batch) => batch(),
};
