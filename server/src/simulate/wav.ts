/** Sound as the hub's engines publish it: interleaved signed 16-bit little-endian samples. */
export interface PcmAudio {
  readonly sampleRate: number;
  readonly channels: number;
  /** Whole frames: `channels` samples of two bytes each. */
  readonly samples: Uint8Array;
}

/** A file that cannot be played: the message says what was found and what is allowed. */
export class WavError extends Error {
  override readonly name = 'WavError';
}

/** Bounds of the hub's `/publish?sampleRate=&channels=`. */
const SAMPLE_RATES = { min: 8_000, max: 384_000 };
const MAX_CHANNELS = 32;

const PCM = 1;
const EXTENSIBLE = 0xfffe;
const FORMAT_NAMES: Readonly<Record<number, string>> = {
  3: 'floating-point samples',
  6: 'A-law',
  7: 'µ-law',
  85: 'MP3',
};

/** Reads a RIFF WAVE file of 16-bit PCM. The samples are a view into `file`. @throws WavError */
export function parseWav(file: Uint8Array): PcmAudio {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const tag = (at: number) => String.fromCharCode(...file.subarray(at, at + 4));
  if (file.length < 12 || tag(0) !== 'RIFF' || tag(8) !== 'WAVE') {
    throw new WavError(`not a WAV file: it begins with ${JSON.stringify(tag(0))}, a WAV file with "RIFF" and "WAVE"`);
  }
  let format: Omit<PcmAudio, 'samples'> | null = null;
  for (let at = 12; at + 8 <= file.length; ) {
    const size = view.getUint32(at + 4, true);
    const start = at + 8;
    if (tag(at) === 'fmt ') format = readFormat(view, start, size);
    else if (tag(at) === 'data') {
      if (format === null) throw new WavError('its samples come before its format');
      return { ...format, samples: wholeFrames(file.subarray(start, start + size), format.channels) };
    }
    // Chunks are padded to an even length.
    at = start + size + (size & 1);
  }
  throw new WavError(format === null ? 'it has no format ("fmt " chunk)' : 'it has no samples ("data" chunk)');
}

function readFormat(view: DataView, at: number, size: number): Omit<PcmAudio, 'samples'> {
  if (size < 16 || at + size > view.byteLength) throw new WavError('its format ("fmt " chunk) is cut off');
  const declared = view.getUint16(at, true);
  // An extensible format names the real one in the first two bytes of a GUID.
  const code = declared === EXTENSIBLE && size >= 26 ? view.getUint16(at + 24, true) : declared;
  const channels = view.getUint16(at + 2, true);
  const sampleRate = view.getUint32(at + 4, true);
  const bits = view.getUint16(at + 14, true);
  if (code !== PCM) throw new WavError(`its format is ${FORMAT_NAMES[code] ?? `number ${code}`}; only PCM is played`);
  if (bits !== 16) throw new WavError(`its samples have ${bits} bits; only 16-bit PCM is played`);
  if (channels < 1 || channels > MAX_CHANNELS)
    throw new WavError(`it has ${channels} channels; 1 to ${MAX_CHANNELS} can be played`);
  if (sampleRate < SAMPLE_RATES.min || sampleRate > SAMPLE_RATES.max) {
    throw new WavError(`its sample rate is ${sampleRate} Hz; ${SAMPLE_RATES.min} to ${SAMPLE_RATES.max} can be played`);
  }
  return { sampleRate, channels };
}

/** A file that was cut off, or still being written, says more than it holds: what is there is played. */
function wholeFrames(bytes: Uint8Array, channels: number): Uint8Array {
  const frames = Math.floor(bytes.length / (channels * 2));
  if (frames === 0) throw new WavError('it has no samples');
  return bytes.subarray(0, frames * channels * 2);
}
