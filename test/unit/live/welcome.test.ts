import { WelcomeWriter } from '@auralis/server/live/welcome';
import { decodeResponse, encodeResponse, type Response } from '@auralis/shared';
import { expect, test } from '@jest/globals';

const writer = new WelcomeWriter('hub@1f', '0.1.0');

test.each(['json', 'msgpack'] as const)('a WELCOME in %s is the one that is encoded whole', (form) => {
  for (const now of [0, 127, 1_700_000_000_000, 1_700_000_000_000.5]) {
    const wire = writer.write(now, form);
    const response = decodeResponse(wire) as Extract<Response, { kind: 'welcome' }>;
    expect(response.welcome).toMatchObject({ hub: 'hub@1f', version: '0.1.0', now });
    expect(response.welcome.catalogue.length).toBeGreaterThan(100);
    expect(Buffer.from(wire as string)).toEqual(Buffer.from(encodeResponse(response, form) as string));
  }
});
