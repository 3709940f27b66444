import sax from 'sax';

/** One GPU, as `nvidia-smi -q -x` describes it. A figure that is N/A, absent, or in an unknown unit is NaN. */
export interface GpuReading {
  /** `uuid`, or the bus id of a GPU that has none. Never an error text. */
  readonly id: string;
  /** Place on the bus, which a GPU keeps when it is lost; '' if unknown. */
  readonly busId: string;
  /** The driver cannot reach it: error texts replace its figures. */
  readonly isLost: boolean;
  /** '' if there is none. */
  readonly uuid: string;
  readonly name: string;
  /** MiB, which the whole hub calls MB. */
  readonly memoryUsedMb: number;
  readonly memoryTotalMb: number;
  readonly utilizationPercent: number;
  readonly decoderPercent: number;
  readonly temperatureC: number;
  readonly powerW: number;
  readonly clockMhz: number;
  readonly memoryClockMhz: number;
  readonly encoderSessions: number;
  /** Parts that it is split into; 0 if MIG is off, NaN if it cannot be split. */
  readonly migDevices: number;
}

/** Texts that replace a value once the driver cannot reach a GPU. */
const LOST = /GPU is lost|GPU requires reset|fallen off the bus|^\[?Unknown Error\]?$|^\[?ERR!\]?$/i;
const UUID = /^(GPU|MIG)-[0-9A-Za-z/-]+$/;
const BUS_ID = /^[0-9A-Fa-f]+(:[0-9A-Fa-f]+)+\.[0-9A-Fa-f]+$/;

/** The document is not one of nvidia-smi. */
export class LogError extends Error {
  override readonly name = 'LogError';
}

/**
 * Places of the power, the most reliable first. Up to driver 525 it is in `power_readings`, then in
 * `gpu_power_readings` (a module may have readings of its own, which include its CPU). Newer drivers give a mean and
 * an instant in place of `power_draw`, which was that mean.
 */
const POWER_PATHS = ['gpu_power_readings', 'power_readings'].flatMap((group) =>
  ['power_draw', 'average_power_draw', 'instant_power_draw'].map((element) => `${group}/${element}`),
);
const MIG_DEVICE = 'mig_devices/mig_device';
const PATHS: ReadonlySet<string> = new Set([
  'product_name',
  'uuid',
  'mig_mode/current_mig',
  'fb_memory_usage/used',
  'fb_memory_usage/total',
  'utilization/gpu_util',
  'utilization/decoder_util',
  'temperature/gpu_temp',
  'clocks/graphics_clock',
  'clocks/mem_clock',
  'encoder_stats/session_count',
  ...POWER_PATHS,
]);
/** Elements that are left out: most of the text and no figures. Names of processes are strangers' text. */
const LEFT_OUT = ['supported_clocks', 'processes', 'accounted_processes'];
const MAX_GPUS = 64;

/**
 * Return the GPUs of a document from `<nvidia_smi_log>` to `</nvidia_smi_log>`.
 * @throws LogError if it is not well-formed
 */
export function parseLog(log: string): GpuReading[] {
  const parser = sax.parser(true, { position: false });
  const readings: GpuReading[] = [];
  /** Names of the elements that are open within `gpu`. */
  let path: string[] | null = null;
  let gpu = new Element();
  parser.onopentag = ({ name, attributes }) => {
    if (path !== null) {
      path.push(name);
      if (path.join('/') === MIG_DEVICE) gpu.migDevices++;
    } else if (name === 'gpu') {
      path = [];
      gpu = new Element(String(attributes.id ?? ''));
    }
  };
  parser.ontext = (text) => {
    if (path !== null) gpu.add(path.join('/'), text);
  };
  parser.onclosetag = () => {
    if (path === null || path.pop() !== undefined) return;
    path = null;
    if (readings.length < MAX_GPUS) readings.push(gpu.reading());
  };
  parser.onerror = (error) => {
    throw new LogError(error.message.split('\n')[0]);
  };
  parser.write(LEFT_OUT.reduce(without, log)).close();
  return readings;
}

/** Content of one `gpu` element. */
class Element {
  migDevices = 0;
  readonly #busId: string;
  readonly #texts = new Map<string, string>();

  constructor(busId = '') {
    this.#busId = busId;
  }

  add(path: string, text: string): void {
    if (PATHS.has(path)) this.#texts.set(path, (this.#texts.get(path) ?? '') + text);
  }

  reading(): GpuReading {
    const uuid = known(UUID, this.#text('uuid'));
    const busId = known(BUS_ID, this.#busId);
    const power = POWER_PATHS.map((path) => this.#number(path, 'W')).find((value) => !Number.isNaN(value));
    return {
      id: uuid || busId || 'gpu',
      busId,
      // A healthy GPU may have an unreadable figure, but it has a uuid.
      isLost: /GPU is lost/i.test(this.#raw('fb_memory_usage/total')) || (uuid === '' && LOST.test(this.#raw('uuid'))),
      uuid,
      name: this.#text('product_name'),
      memoryUsedMb: this.#number('fb_memory_usage/used', 'MiB'),
      memoryTotalMb: this.#number('fb_memory_usage/total', 'MiB'),
      utilizationPercent: this.#number('utilization/gpu_util', '%'),
      decoderPercent: this.#number('utilization/decoder_util', '%'),
      temperatureC: this.#number('temperature/gpu_temp', 'C'),
      powerW: power ?? Number.NaN,
      clockMhz: this.#number('clocks/graphics_clock', 'MHz'),
      memoryClockMhz: this.#number('clocks/mem_clock', 'MHz'),
      encoderSessions: this.#number('encoder_stats/session_count', ''),
      migDevices: this.#text('mig_mode/current_mig') === '' ? Number.NaN : this.migDevices,
    };
  }

  /** Return the trimmed text; '' for texts that replace a value. */
  #text(path: string): string {
    const text = this.#raw(path);
    return LOST.test(text) || NOTHING.test(text) ? '' : text;
  }

  #raw(path: string): string {
    return (this.#texts.get(path) ?? '').trim();
  }

  #number(path: string, unit: string): number {
    const [, value, found] = /^(-?\d+(?:\.\d+)?)(?: +(\S+))?$/.exec(this.#text(path)) ?? [];
    return value !== undefined && (found ?? '') === unit ? Number(value) : Number.NaN;
  }
}

const NOTHING = /^(\[?N\/A\]?|\[?Not Supported\]?|\[?Requested functionality .*)$/;

const known = (form: RegExp, text: string) => (form.test(text) ? text : '');

/** Return the text without elements of this name. */
function without(text: string, element: string): string {
  const [open, close] = [`<${element}>`, `</${element}>`];
  let kept = '';
  let from = 0;
  for (;;) {
    const start = text.indexOf(open, from);
    const end = start < 0 ? -1 : text.indexOf(close, start);
    if (end < 0) return kept + text.slice(from);
    kept += text.slice(from, start);
    from = end + close.length;
  }
}
