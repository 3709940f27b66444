import { CHORD_SAMPLE_RATE, synthesiseChords } from '@auralis/server/simulate/chord';
import { opaqueSource, PcmSource } from '@auralis/server/simulate/chunk-source';
import { parseWav, WavError } from '@auralis/server/simulate/wav';
import { describe, expect, test } from '@jest/globals';

interface Wav {
  readonly format?: number;
  readonly channels?: number;
  readonly sampleRate?: number;
  readonly bits?: number;
  /** Chunks between the format and the samples. */
  readonly between?: Buffer;
  readonly extensible?: boolean;
  readonly samples?: Buffer;
  /** Sample length that the file declares. */
  readonly declaredBytes?: number;
}

function wav(parts: Wav = {}): Buffer {
  const { format = 1, channels = 2, sampleRate = 48_000, bits = 16, extensible = false } = parts;
  const samples = parts.samples ?? Buffer.from([1, 0, 2, 0, 3, 0, 4, 0]);
  const fmt = Buffer.alloc(extensible ? 40 : 16);
  fmt.writeUInt16LE(extensible ? 0xfffe : format, 0);
  fmt.writeUInt16LE(channels, 2);
  fmt.writeUInt32LE(sampleRate, 4);
  fmt.writeUInt16LE(bits, 14);
  if (extensible) fmt.writeUInt16LE(format, 24);
  const body = Buffer.concat([
    Buffer.from('WAVE'),
    chunk('fmt ', fmt),
    parts.between ?? Buffer.alloc(0),
    chunk('data', samples, parts.declaredBytes),
  ]);
  return chunk('RIFF', body);
}

function chunk(name: string, body: Buffer, declared = body.length): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(declared);
  return Buffer.concat([Buffer.from(name), size, body, Buffer.alloc(body.length & 1)]);
}

describe('a WAV file', () => {
  test('of 16-bit PCM is read', () => {
    expect(parseWav(wav())).toEqual({
      sampleRate: 48_000,
      channels: 2,
      samples: Buffer.from([1, 0, 2, 0, 3, 0, 4, 0]),
    });
    expect(parseWav(wav({ channels: 1, sampleRate: 44_100 }))).toMatchObject({ channels: 1, sampleRate: 44_100 });
  });

  test('may be extensible, hold other chunks of odd length, and be a view into something larger', () => {
    const file = wav({ extensible: true, between: chunk('LIST', Buffer.from('abc')) });
    const larger = Buffer.concat([Buffer.alloc(7), file, Buffer.alloc(3)]);
    expect(parseWav(larger.subarray(7, 7 + file.length)).samples).toHaveLength(8);
  });

  test('that is cut off, or says too much, is played as far as it goes, in whole frames', () => {
    expect(parseWav(wav({ declaredBytes: 0xffff_ffff })).samples).toHaveLength(8);
    expect(parseWav(wav().subarray(0, -1)).samples).toHaveLength(4);
  });

  test.each([
    ['no WAV at all', Buffer.from('ID3 and something more'), 'not a WAV file: it begins with "ID3 "'],
    ['nothing', Buffer.alloc(0), 'not a WAV file'],
    ['24 bits', wav({ bits: 24 }), 'its samples have 24 bits; only 16-bit PCM is played'],
    ['floating point', wav({ format: 3, bits: 32 }), 'its format is floating-point samples; only PCM is played'],
    ['MP3 inside', wav({ format: 85 }), 'its format is MP3; only PCM is played'],
    ['an unknown format, extensible', wav({ format: 99, extensible: true }), 'its format is number 99'],
    ['no channels', wav({ channels: 0 }), 'it has 0 channels; 1 to 32 can be played'],
    ['a rate too low', wav({ sampleRate: 4000 }), 'its sample rate is 4000 Hz; 8000 to 384000 can be played'],
    ['no samples', wav({ samples: Buffer.alloc(0) }), 'it has no samples'],
    ['no data chunk', wav().subarray(0, 36), 'it has no samples ("data" chunk)'],
    ['no format', chunk('RIFF', Buffer.from('WAVE')), 'it has no format ("fmt " chunk)'],
    [
      'samples first',
      chunk('RIFF', Buffer.concat([Buffer.from('WAVE'), chunk('data', Buffer.alloc(4))])),
      'before its format',
    ],
    ['half a format', wav().subarray(0, 30), 'its format ("fmt " chunk) is cut off'],
  ])('with %s is refused, and it is said why', (_, file, message) => {
    expect(() => parseWav(file)).toThrow(WavError);
    expect(() => parseWav(file)).toThrow(message);
  });
});

describe('chunks', () => {
  test('of a recording are 100 ms each, and begin again at its end without a seam', () => {
    const frames = 7_000;
    const samples = Buffer.alloc(frames * 2);
    for (let frame = 0; frame < frames; frame++) samples.writeInt16LE(frame, frame * 2);
    const source = new PcmSource({ sampleRate: 48_000, channels: 1, samples }, 100);
    for (let index = 0, frame = 0; index < 10; index++) {
      const { durationMs, payload } = source.next();
      expect([durationMs, payload.length]).toEqual([100, 9_600]);
      const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
      for (let at = 0; at < payload.length; at += 2) expect(view.getInt16(at, true)).toBe(frame++ % frames);
    }
  });

  test('of a rate that 100 ms do not divide keep its time all the same', () => {
    const source = new PcmSource({ sampleRate: 11_025, channels: 2, samples: new Uint8Array(44_100) }, 100);
    let bytes = 0;
    let durationMs = 0;
    for (let index = 0; index < 100; index++) {
      const chunk = source.next();
      bytes += chunk.payload.length;
      durationMs += chunk.durationMs;
    }
    expect(bytes).toBe(11_025 * 10 * 4);
    expect(durationMs).toBeCloseTo(10_000, 6);
  });

  test('that would be too large for the hub are refused at the start', () => {
    const audio = { sampleRate: 384_000, channels: 32, samples: new Uint8Array(64) };
    expect(() => new PcmSource(audio, 200)).toThrow('a chunk is at most');
  });

  test('without sound are small', () => {
    const source = opaqueSource(100);
    expect([source.format.encoding, source.next().durationMs, source.next().payload.length]).toEqual([
      'opaque',
      100,
      64,
    ]);
  });
});

test('the chords are 8 s of stereo, never clipped, silent at every seam, and not silent between', () => {
  const { sampleRate, channels, samples } = synthesiseChords();
  expect([sampleRate, channels, samples.length]).toEqual([48_000, 2, 8 * 48_000 * 4]);
  const view = new DataView(samples.buffer, samples.byteOffset, samples.length);
  let peak = 0;
  for (let at = 0; at < samples.length; at += 2) peak = Math.max(peak, Math.abs(view.getInt16(at, true)));
  expect(peak).toBeGreaterThan(8_000);
  expect(peak).toBeLessThan(20_000);
  for (const second of [0, 2, 4, 6]) expect(Math.abs(view.getInt16(second * CHORD_SAMPLE_RATE * 4, true))).toBe(0);
  expect(Math.abs(view.getInt16(samples.length - 4, true))).toBeLessThan(50);
});
