import { type GpuReading, LogError, parseLog } from '@auralis/server/host/nvidia-smi-parser/parse';
import { describe, expect, test } from '@jest/globals';
import { logOf } from './fixtures.js';

const { NaN: missing } = Number;
const T4: GpuReading = {
  id: 'GPU-5f1c2a90-7b3d-41e8-9c06-2d84aa10f3b7',
  busId: '00000000:00:1E.0',
  isLost: false,
  uuid: 'GPU-5f1c2a90-7b3d-41e8-9c06-2d84aa10f3b7',
  name: 'Tesla T4',
  memoryUsedMb: 4327,
  memoryTotalMb: 15_109,
  utilizationPercent: 43,
  decoderPercent: 7,
  temperatureC: 61,
  powerW: 38.42,
  clockMhz: 1590,
  memoryClockMhz: 5000,
  encoderSessions: 2,
  migDevices: missing,
};

test('every figure of a T4', () => expect(parseLog(logOf('t4-driver-450'))).toEqual([T4]));

describe('what differs from driver to driver', () => {
  test.each<[string, Partial<GpuReading>[]]>([
    [
      'rtx-3090-pair-driver-470',
      [
        { id: 'GPU-a1370f5e-22c4-4b0a-8f19-6b9f0c7d5511', memoryUsedMb: 7810, utilizationPercent: 97, powerW: 318.09 },
        { id: 'GPU-c9f1e7d2-05ab-47f3-b64e-18a2de903c20', memoryUsedMb: 412, utilizationPercent: 0, powerW: 24.71 },
      ],
    ],
    [
      'a100-mig-driver-510',
      [
        {
          migDevices: 2,
          memoryUsedMb: 6040,
          memoryTotalMb: 40_960,
          utilizationPercent: missing,
          decoderPercent: missing,
        },
      ],
    ],
    ['h100-driver-550', [{ powerW: 412.77, migDevices: 0, utilizationPercent: 88 }]],
    ['h100-driver-575', [{ powerW: 409.15, migDevices: 0, clockMhz: 1980, memoryClockMhz: 2619 }]],
    [
      'laptop-driver-535',
      [
        {
          name: 'NVIDIA GeForce MX150',
          memoryUsedMb: 3,
          temperatureC: 44,
          utilizationPercent: missing,
          powerW: missing,
          clockMhz: missing,
          memoryClockMhz: missing,
          encoderSessions: missing,
          decoderPercent: missing,
          migDevices: missing,
        },
      ],
    ],
  ])('%s', (name, expected) => {
    const readings = parseLog(logOf(name));
    expect(readings).toHaveLength(expected.length);
    for (const [at, reading] of readings.entries()) expect(reading).toMatchObject(expected[at] as object);
  });
});

describe('a GPU that is lost', () => {
  test.each(['GPU is lost', 'Unknown Error', '[Unknown Error]', 'GPU requires reset', 'ERR!'])('%s', (text) => {
    const log = logOf('t4-driver-450').replace(/>(GPU-5f1c[^<]*|Tesla T4|\d+ MiB)</g, `>${text}<`);
    expect(parseLog(log)).toMatchObject([
      { id: '00000000:00:1E.0', busId: '00000000:00:1E.0', isLost: true, uuid: '', name: '', memoryUsedMb: missing },
    ]);
  });

  test('has a bus id that is no error text either', () => {
    const log = '<nvidia_smi_log><gpu id="GPU is lost"><uuid>GPU is lost</uuid></gpu></nvidia_smi_log>';
    expect(parseLog(log)).toMatchObject([{ id: 'gpu', busId: '', isLost: true }]);
  });

  test('one figure that cannot be read is no loss', () => {
    const log = logOf('t4-driver-450').replace('<gpu_temp>61 C<', '<gpu_temp>Unknown Error<');
    expect(parseLog(log)).toEqual([{ ...T4, temperatureC: missing }]);
  });
});

describe('power', () => {
  const power = (readings: string) => parseLog(`<nvidia_smi_log><gpu>${readings}</gpu></nvidia_smi_log>`)[0]?.powerW;

  test.each<[string, string, number]>([
    [
      'deprecated power_draw: the mean',
      '<gpu_power_readings><power_draw>Requested functionality has been deprecated</power_draw><average_power_draw>12.50 W</average_power_draw></gpu_power_readings>',
      12.5,
    ],
    [
      'no mean on an older GPU: the instant',
      '<gpu_power_readings><average_power_draw>N/A</average_power_draw><instant_power_draw>9.00 W</instant_power_draw></gpu_power_readings>',
      9,
    ],
    [
      'the module is not the GPU',
      '<module_power_readings><power_draw>900.00 W</power_draw></module_power_readings>',
      missing,
    ],
    ['[N/A]', '<power_readings><power_draw>[N/A]</power_draw></power_readings>', missing],
    ['Unknown Error', '<power_readings><power_draw>[Unknown Error]</power_draw></power_readings>', missing],
    ['another unit is no figure', '<power_readings><power_draw>38420 mW</power_draw></power_readings>', missing],
    ['no unit', '<power_readings><power_draw>38.42</power_draw></power_readings>', missing],
  ])('%s', (_, readings, expected) => expect(power(readings)).toBe(expected));
});

describe('identity', () => {
  const gpus = (inner: string) => parseLog(`<nvidia_smi_log>${inner}</nvidia_smi_log>`);

  test('a GPU without a uuid goes by its bus', () => {
    expect(gpus('<gpu id="00000000:01:00.0"><uuid>N/A</uuid></gpu>')[0]).toMatchObject({
      id: '00000000:01:00.0',
      uuid: '',
      name: '',
    });
  });

  test('no GPU at all', () => expect(gpus('<attached_gpus>0</attached_gpus>')).toEqual([]));

  test('a thousand GPUs are too many to be true', () => {
    expect(gpus('<gpu id="x"></gpu>'.repeat(1000)).length).toBe(64);
  });
});

describe('text of strangers', () => {
  test('a process may be called what XML cannot carry', () => {
    const named = logOf('t4-driver-450').replace('>python3<', '>a & b < c --x="&#1;"<');
    expect(parseLog(named)).toEqual([T4]);
  });

  test.each<[string, string]>([
    ['cut short', logOf('t4-driver-450').slice(0, 2000)],
    ['closed in the wrong order', '<nvidia_smi_log><gpu><uuid></gpu></uuid></nvidia_smi_log>'],
    ['not XML', 'NVIDIA-SMI has failed'],
  ])('%s is refused', (_, log) => expect(() => parseLog(log)).toThrow(LogError));
});
