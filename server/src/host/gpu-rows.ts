import { SCHEMAS } from '@auralis/shared';
import type { Tables } from '../state/tables.js';
import type { GpuReading } from './nvidia-smi-parser/parse.js';

const GPU = SCHEMAS.gpus.index;

/** The rows of `gpus` that belong to this host. */
export class GpuRows {
  readonly #gpus: Tables['gpus'];
  readonly #slots = new Map<string, number>();

  constructor(gpus: Tables['gpus']) {
    this.#gpus = gpus;
  }

  /** One whole reading: a GPU that is not in it has gone. */
  write(readings: readonly GpuReading[]): void {
    const present = new Set(readings.map(({ id }) => id));
    for (const [id, slot] of this.#slots) {
      if (present.has(id)) continue;
      this.#gpus.close(slot);
      this.#slots.delete(id);
    }
    for (const reading of readings) this.#writeRow(reading);
  }

  /** Nothing is known now: the GPUs stay, their readings do not. */
  clear(): void {
    for (const slot of this.#slots.values()) {
      for (const column of Object.values(GPU)) this.#gpus.clear(slot, column);
    }
  }

  #writeRow(reading: GpuReading): void {
    const gpus = this.#gpus;
    let slot = this.#slots.get(reading.id);
    if (slot === undefined) {
      slot = gpus.open(reading.id, [reading.name, reading.uuid]);
      this.#slots.set(reading.id, slot);
    }
    gpus.set(slot, GPU.memory_used_mb, reading.memoryUsedMb);
    gpus.set(slot, GPU.memory_total_mb, reading.memoryTotalMb);
    gpus.set(slot, GPU.utilization_percent, reading.utilizationPercent);
    gpus.set(slot, GPU.temperature_c, reading.temperatureC);
    gpus.set(slot, GPU.power_w, reading.powerW);
    gpus.set(slot, GPU.clock_mhz, reading.clockMhz);
    gpus.set(slot, GPU.memory_clock_mhz, reading.memoryClockMhz);
    gpus.set(slot, GPU.encoder_sessions, reading.encoderSessions);
    gpus.set(slot, GPU.decoder_percent, reading.decoderPercent);
    gpus.set(slot, GPU.mig_devices, reading.migDevices);
  }
}
