import { readFastReport } from '@auralis/server/ingest/fast-report';
import { load } from '@auralis/server/ingest/message-bytes';
import { REPORT_FIELDS } from '@auralis/server/ingest/report';
import { MAX_LISTENER_MESSAGE_BYTES } from '@auralis/shared';
import { describe, expect, test } from '@jest/globals';
import { both, fast, message } from './world.js';

describe('numbers, four digits at a time', () => {
  const wholes = Array.from({ length: 17 }, (_, length) => '9876543210123456'.slice(0, length));
  const decimals = ['', ...wholes.map((digits) => `.${digits}`)];

  test('so many digits before and behind the dot: read, and as JSON.parse reads them', () => {
    for (const whole of ['0', '5', '10', '1000', '99999999', ...wholes.slice(1)]) {
      for (const part of decimals.filter((digits) => digits !== '.')) {
        for (const sign of ['', '-']) {
          const text = message(`"clockOffsetMs":${sign}${whole}${part},"jitterMs":${sign}${whole.slice(0, 7)}${part}`);
          const isExact = Number(whole + part.slice(1)) < 2 ** 53;
          const result = both(text);
          expect([text, result !== null]).toEqual([text, isExact]);
          expect(result?.quick).toEqual(result?.slow);
        }
      }
    }
  });

  test('what is no number: left to the general path', () => {
    const none = [
      '-',
      '--1',
      '1-',
      '-.5',
      '.5',
      '1.',
      '1234.',
      '12345678.',
      '1.2.3',
      '1.5.',
      '1..5',
      '-01',
      '01',
      '0123',
      '0999',
      '099',
      '09',
    ];
    const more = [
      '00',
      '00.5',
      '01234567',
      '00000000',
      '1x',
      '1234x',
      '12345678x',
      '1.5x',
      '1.5678x',
      '1e3',
      '1 ',
      '',
      '/',
      ':',
    ];
    for (const found of [...none, ...more]) {
      for (const after of ['', ',"hidden":true']) {
        const text = message(`"sentAt":${found}${after}`);
        expect([text, readFastReport(load(Buffer.from(text)), fast)]).toEqual([text, false]);
      }
    }
  });

  test('a byte that is no ASCII, beside digits and among them', () => {
    for (const found of ['1', '12', '1234', '12345678', '1.5', '12.3456', '1234.5678', '-9.9']) {
      const text = Buffer.from(message(`"avgLatencyMs":${found},"lastSeq":9`));
      const from = text.indexOf(found);
      for (let at = from; at <= from + found.length; at++) {
        for (const byte of [0x80, 0x8a, 0xb0, 0xb9, 0xc6, 0xff]) {
          const replaced = Buffer.from(text);
          replaced[at] = byte;
          const inserted = Buffer.concat([text.subarray(0, at), Buffer.of(byte), text.subarray(at)]);
          expect(readFastReport(load(replaced), fast)).toBe(false);
          expect(readFastReport(load(inserted), fast)).toBe(false);
        }
      }
    }
  });

  test('digits up to the end of the message, of the longest too, behind which those of another lie', () => {
    const digits = '1'.repeat(MAX_LISTENER_MESSAGE_BYTES);
    for (const length of [60, 61, 62, 63, 64, MAX_LISTENER_MESSAGE_BYTES - 1, MAX_LISTENER_MESSAGE_BYTES]) {
      for (const before of ['"sentAt":', '"sentAt":0.', '"sentAt":-']) {
        readFastReport(load(Buffer.from(message(`"sentAt":${digits}`).slice(0, MAX_LISTENER_MESSAGE_BYTES))), fast);
        const text = message(before).slice(0, -2) + digits;
        expect(readFastReport(load(Buffer.from(text.slice(0, length))), fast)).toBe(false);
      }
    }
    const whole = message('"lastSeq":12');
    expect(both(message('"lastSeq":1234567890'))).not.toBeNull();
    expect(both(whole)?.quick).toEqual(both(whole)?.slow);
    expect(readFastReport(load(Buffer.from(whole.slice(0, -2))), fast)).toBe(false);
  });
});

test('a name is compared to its last byte, also where its bytes would be no number as doubles', () => {
  for (const { name, kind } of REPORT_FIELDS) {
    const found = kind === 'flag' ? 'true' : kind === 'playback' ? '"starting"' : '7';
    const text = Buffer.from(message(`"${name}":${found}`));
    expect(readFastReport(load(text), fast)).toBe(true);
    const from = text.indexOf(name);
    for (let at = from - 1; at < from + name.length + 1; at++) {
      const changed = Buffer.from(text);
      changed[at] = (changed[at] as number) ^ 1;
      expect(readFastReport(load(changed), fast)).toBe(false);
      // Wherever eight bytes are taken for a double, of some their first or last two are 0xff: NaN.
      changed.fill(0xff, at, Math.min(at + 8, from + name.length));
      expect(readFastReport(load(changed), fast)).toBe(false);
    }
  }
});
