import type { PcmAudio } from './wav.js';

/** Four chords, two seconds each: enough to hear a gap or a repeated chunk by ear. Frequencies in Hz. */
const CHORDS = [
  [130.81, 261.63, 329.63, 392.0],
  [110.0, 220.0, 261.63, 329.63],
  [87.31, 174.61, 220.0, 261.63],
  [98.0, 196.0, 246.94, 293.66],
] as const;
const CHORD_S = 2;
/** Fade in and out of each chord: without it every change clicks, and so does the loop's seam. */
const FADE_S = 0.03;
/** Peak of one voice: four of them stay 6 dB under full scale. */
const VOICE_PEAK = 0.5 / 4;
const CHANNELS = 2;
export const CHORD_SAMPLE_RATE = 48_000;

/** Eight seconds of sound that can be repeated without a seam: 48 kHz stereo. */
export function synthesiseChords(): PcmAudio {
  const framesPerChord = CHORD_SAMPLE_RATE * CHORD_S;
  const samples = new Int16Array(CHORDS.length * framesPerChord * CHANNELS);
  for (const [index, chord] of CHORDS.entries()) {
    for (let frame = 0; frame < framesPerChord; frame++) {
      const [left, right] = voices(chord, frame / CHORD_SAMPLE_RATE);
      const at = (index * framesPerChord + frame) * CHANNELS;
      samples[at] = left * 32_767;
      samples[at + 1] = right * 32_767;
    }
  }
  return { sampleRate: CHORD_SAMPLE_RATE, channels: CHANNELS, samples: littleEndian(samples) };
}

/** The voices are spread from left to right. */
function voices(chord: readonly number[], seconds: number): [left: number, right: number] {
  const fade = Math.min(1, seconds / FADE_S, (CHORD_S - seconds) / FADE_S);
  let left = 0;
  let right = 0;
  for (const [voice, frequency] of chord.entries()) {
    const value = fade * VOICE_PEAK * Math.sin(2 * Math.PI * frequency * seconds);
    const pan = voice / (chord.length - 1);
    left += value * (1 - 0.6 * pan);
    right += value * (0.4 + 0.6 * pan);
  }
  return [left, right];
}

function littleEndian(samples: Int16Array): Uint8Array {
  const bytes = new Uint8Array(samples.length * 2);
  const view = new DataView(bytes.buffer);
  for (const [index, sample] of samples.entries()) view.setInt16(index * 2, sample, true);
  return bytes;
}
