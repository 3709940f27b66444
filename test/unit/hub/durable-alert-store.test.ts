import { rmSync } from 'node:fs';
import type { StoredAlert } from '@auralis/server/alerts/alert-store';
import { byName } from '@auralis/server/config/place';
import { DurableAlertStore } from '@auralis/server/hub/durable-alert-store';
import { Notifications } from '@auralis/server/notify/notifications';
import { readNotifierSettings } from '@auralis/server/notify/settings';
import { createTables } from '@auralis/server/state/tables';
import { RecordFile } from '@auralis/server/store/record-file';
import { Store } from '@auralis/server/store/store';
import { Clock } from '@auralis/server/time/clock';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { newDataDir } from '../../harness/hub.js';
import { Receiver } from '../../harness/receiver.js';
import { alert, firing, resolved, START, TELLER } from '../notify/world.js';

let dir: string;
let store: Store;
let receiver: Receiver;
let notifications: Notifications;
let alerts: DurableAlertStore;

beforeEach(async () => {
  dir = newDataDir();
  receiver = await Receiver.start();
  await open();
});
afterEach(async () => {
  jest.restoreAllMocks();
  await close();
  await receiver.stop();
  rmSync(dir, { recursive: true });
});

async function open(): Promise<void> {
  store = await Store.open(dir);
  const { hubs } = createTables();
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const notifiers = readNotifierSettings({ hook: { type: 'webhook', url: receiver.url } }, byName, {});
  const hubSlot = hubs.open('hub', ['', '']);
  const clock = new Clock(
    () => START,
    () => START,
  );
  notifications = new Notifications({ store, notifiers, teller: TELLER, hubs, hubSlot, clock, log });
  alerts = new DurableAlertStore(store, notifications);
}

async function close(): Promise<void> {
  await alerts.flush();
  await notifications.drain(1000);
  await store.close();
}

const stored = (id: string): StoredAlert => ({
  alert: alert(id),
  group: id,
  firedAt: START,
  endsAt: null,
  mostCount: 1,
  isTold: true,
});
const told = () => receiver.requests.map(({ headers }) => headers['idempotency-key']);

test('an alert is there after the hub, and gone when it is over; what is to be told of it goes along', async () => {
  alerts.commit({ firing: [stored('x'), stored('y')], over: [], transitions: [firing('x'), firing('y')] });
  expect(await alerts.kept()).toBe(true);
  alerts.putSilence({
    id: 's',
    matchers: { rule: 'r' },
    author: 'a',
    reason: 'b',
    createdAt: START,
    endsAt: START + 1,
  });
  await close();
  await open();
  expect(alerts.load()).toMatchObject({ firing: [stored('x'), stored('y')], silences: [{ id: 's' }] });
  alerts.commit({ firing: [], over: ['x'], transitions: [resolved('x')] });
  alerts.removeSilence('s');
  await close();
  await open();
  expect(alerts.load()).toEqual({ firing: [stored('y')], silences: [] });
  await receiver.until((requests) => requests.length === 3);
  expect(told()).toEqual(['x:firing', 'y:firing', 'x:resolved']);
});

test('while the disk takes nothing, alerts are told from memory and said not to be kept; then they are', async () => {
  const full = jest.spyOn(RecordFile.prototype, 'append').mockRejectedValue(new Error('ENOSPC'));
  alerts.commit({ firing: [stored('x')], over: [], transitions: [firing('x')] });
  alerts.commit({ firing: [stored('y')], over: ['x'], transitions: [resolved('x')] });
  expect(await alerts.kept()).toBe(false);
  expect([store.failure?.message, store.failures > 0]).toEqual(['ENOSPC', true]);
  await receiver.until((requests) => requests.length === 2);
  expect(told()).toEqual(['x:firing', 'x:resolved']);
  full.mockRestore();
  await store.stored();
  expect([store.failure, await alerts.kept()]).toEqual([null, true]);
  await close();
  await open();
  expect(alerts.load().firing).toEqual([stored('y')]);
  expect(told()).toEqual(['x:firing', 'x:resolved']);
});
