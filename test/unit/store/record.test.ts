import { decodeRecord, encodeRecord, HEADER_BYTES, readRecords } from '@auralis/server/store/record';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

const read = (bytes: Buffer) => {
  const texts: string[] = [];
  const places: number[] = [];
  const reading = readRecords(bytes, (payload, at) => {
    texts.push(payload.toString('latin1'));
    places.push(at);
  });
  return { texts, places, ...reading };
};

const fileOf = (texts: readonly string[]) =>
  Buffer.concat(texts.map((text, number) => encodeRecord(number, Buffer.from(text, 'latin1'))));

const TEXTS = ['first', 'second', '', 'fourth', 'fifth'];
const FILE = fileOf(TEXTS);
const STARTS = read(FILE).places;

describe('a file of records', () => {
  test('gives back what was put into it', () => {
    expect(read(FILE)).toMatchObject({ texts: TEXTS, damaged: [], end: FILE.length, next: 5, isTorn: false });
    const parts = encodeRecord(7, Buffer.from('a'), Buffer.from('bc'));
    expect(decodeRecord(parts)?.toString()).toBe('abc');
    expect(read(Buffer.alloc(0))).toMatchObject({ texts: [], damaged: [], isTorn: false });
  });

  test('is torn wherever the last record is cut, and damaged nowhere', () => {
    const last = STARTS[4] as number;
    for (let length = last + 1; length < FILE.length; length++) {
      const found = read(FILE.subarray(0, length));
      expect([length, found.texts, found.damaged, found.isTorn]).toEqual([length, TEXTS.slice(0, 4), [], true]);
      expect(found.end).toBe(last);
    }
    const neverWritten = Buffer.concat([FILE, Buffer.alloc(100)]);
    expect(read(neverWritten)).toMatchObject({ texts: TEXTS, damaged: [], isTorn: true, end: FILE.length });
  });

  test('loses one record to any flipped bit, and says which', () => {
    for (let at = 0; at < FILE.length; at++) {
      const bytes = Buffer.from(FILE);
      bytes[at] = (bytes[at] as number) ^ (1 << (at % 8));
      const hit = STARTS.findLastIndex((start) => start <= at);
      const found = read(bytes);
      expect([at, found.texts]).toEqual([at, TEXTS.filter((_, number) => number !== hit)]);
      expect(found.damaged).toEqual([
        { at: STARTS[hit], bytes: (STARTS[hit + 1] ?? FILE.length) - (STARTS[hit] as number), records: 1 },
      ]);
    }
  });

  test('says how many records are missing where a piece was taken out, and takes a repeated piece once', () => {
    const [, second = 0, third = 0, , fifth = 0] = STARTS;
    const without = Buffer.concat([FILE.subarray(0, second), FILE.subarray(fifth)]);
    expect(read(without)).toMatchObject({
      texts: ['first', 'fifth'],
      damaged: [{ at: second, bytes: 0, records: 3 }],
    });
    const twice = Buffer.concat([FILE.subarray(0, third), FILE.subarray(second)]);
    expect(read(twice).texts).toEqual(TEXTS);
    expect(read(twice).damaged).toHaveLength(1);
  });

  test('takes no record that a stranger put into a payload, even if that one is damaged', () => {
    const forged = encodeRecord(1, Buffer.from('forged')).toString('latin1');
    const bytes = fileOf(['first', `text ${forged} text`, 'third']);
    const at = bytes.indexOf('text') + 1;
    bytes[at] = 0;
    expect(read(bytes).texts).toEqual(['first', 'third']);
  });

  test('is read to its end, whatever is in it, and reads as good nothing that was not put there', () => {
    const change = fc.record({ at: fc.nat(4000), bytes: fc.uint8Array({ minLength: 1, maxLength: 60 }) });
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 80 }), { maxLength: 30 }), fc.array(change), (given, changes) => {
        const texts = given.map((text, number) => `${number} ${Buffer.from(text).toString('latin1')}`);
        const bytes = fileOf(texts);
        const touched = new Set<number>();
        for (const { at, bytes: written } of changes) {
          for (const [offset, byte] of written.entries()) {
            const place = at + offset;
            if (place >= bytes.length || bytes[place] === byte) continue;
            bytes[place] = byte;
            touched.add(place);
          }
        }
        let start = 0;
        const whole = texts.filter((text) => {
          const from = start;
          start += HEADER_BYTES + text.length;
          for (let place = from; place < start; place++) if (touched.has(place)) return false;
          return true;
        });
        const found = read(bytes);
        // Bytes that were changed back are good again.
        expect(found.texts.filter((text) => !whole.includes(text)).every((text) => texts.includes(text))).toBe(true);
        expect(whole.filter((text) => !found.texts.includes(text))).toEqual([]);
        const lost = found.texts.length < texts.length;
        expect(found.damaged.length > 0 || found.isTorn).toBe(lost);
      }),
    );
  });
});
