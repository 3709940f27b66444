import { SCHEMAS, VALUES } from '@auralis/shared';
import type { Tables } from '../state/tables.js';
import type { GpuReading } from './nvidia-smi-parser/parse.js';

const GPU = SCHEMAS.gpus.index;
const STATE = VALUES.gpus.state;

/** Rows of `gpus` of this host. */
export class GpuRows {
  readonly #gpus: Tables['gpus'];
  readonly #slots = new Map<string, number>();
  /** Ids by place on the bus: a lost GPU has no other name. */
  readonly #ids = new Map<string, string>();

  constructor(gpus: Tables['gpus']) {
    this.#gpus = gpus;
  }

  /**
   * Take a whole document. A GPU that is missing in it, or has error texts only, is lost, and its row says so until
   * it is back.
   */
  write(readings: readonly GpuReading[]): void {
    const present = new Set(readings.filter(({ isLost }) => !isLost).map(({ id }) => id));
    for (const [id, slot] of this.#slots) if (!present.has(id)) this.#lose(slot);
    for (const reading of readings) {
      if (!reading.isLost) this.#writeRow(reading);
      else if (!this.#ids.has(reading.busId)) this.#lose(this.#slotOf(reading));
    }
  }

  /** No readings are known now: rows of GPUs stay, their cells become missing. Lost ones stay lost. */
  clear(): void {
    for (const slot of this.#slots.values()) {
      if (this.#gpus.get(slot, GPU.state) === STATE.lost) continue;
      for (const column of Object.values(GPU)) this.#gpus.clear(slot, column);
    }
  }

  #lose(slot: number): void {
    for (const column of Object.values(GPU)) this.#gpus.clear(slot, column);
    this.#gpus.set(slot, GPU.state, STATE.lost);
  }

  #slotOf({ id, busId, name, uuid }: GpuReading): number {
    const known = this.#slots.get(id);
    if (known !== undefined) return known;
    const slot = this.#gpus.open(id, [name, uuid]);
    this.#slots.set(id, slot);
    if (busId !== '') this.#ids.set(busId, id);
    return slot;
  }

  #writeRow(reading: GpuReading): void {
    const gpus = this.#gpus;
    this.#forgetNameless(reading);
    const slot = this.#slotOf(reading);
    gpus.set(slot, GPU.state, STATE.ok);
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

  /** A GPU that was lost before its first reading has a row under its place on the bus. */
  #forgetNameless({ id, busId }: GpuReading): void {
    const nameless = this.#slots.get(busId);
    if (nameless === undefined || id === busId) return;
    this.#gpus.close(nameless);
    this.#slots.delete(busId);
    this.#ids.delete(busId);
  }
}
