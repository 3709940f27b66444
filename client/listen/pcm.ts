/**
 * Signed 16-bit little-endian PCM as floats from −1 up to 1, channels interleaved as they came.
 * @throws RangeError where the bytes are no whole number of frames
 */
export function decodePcm16(bytes: Uint8Array, channels: number): Float32Array {
  if (bytes.length % (2 * channels) !== 0) {
    throw new RangeError(`a chunk of ${bytes.length} bytes is no whole number of ${channels}-channel 16-bit frames`);
  }
  // A DataView, because a view into a message may begin at an odd byte, and a machine may be big-endian.
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const samples = new Float32Array(bytes.length / 2);
  for (let index = 0; index < samples.length; index++) samples[index] = view.getInt16(index * 2, true) / 0x8000;
  return samples;
}
