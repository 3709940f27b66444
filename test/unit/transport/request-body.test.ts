import { AddressBudget } from '@auralis/server/limits/address-budget';
import { HTTP_LIMITS } from '@auralis/server/transport/http-limits';
import { RequestBody } from '@auralis/server/transport/request-body';
import { expect, test } from '@jest/globals';

const bytesOf = async ({ stream }: RequestBody) => Buffer.from(await new Response(stream).arrayBuffer());

test('what is held for a body is at most twice its bytes, however small its pieces, and nothing once it is closed', async () => {
  const budget = new AddressBudget({ total: 1e9, perAddress: 1e9 });
  const body = new RequestBody({ ...HTTP_LIMITS, maxBodyPieces: 200_000 }, budget, 'a');
  const tooMuch: number[] = [];
  for (let at = 0; at < 100_000; at++) {
    body.push(Uint8Array.of(at & 255));
    if (budget.total > Math.max(4_096, 2 * (at + 1))) tooMuch.push(at);
  }
  expect(tooMuch).toEqual([]);
  body.end();
  const bytes = await bytesOf(body);
  expect([bytes.length, bytes[77_777]]).toEqual([100_000, 77_777 & 255]);
  body.close();
  expect(budget.total).toBe(0);
});

test('a piece may be used again after it was pushed', async () => {
  const body = new RequestBody(HTTP_LIMITS, new AddressBudget({ total: 1e9, perAddress: 1e9 }), 'a');
  const piece = Buffer.from('abc');
  body.push(piece);
  piece.fill('x');
  body.push(piece);
  body.end();
  expect((await bytesOf(body)).toString()).toBe('abcxxx');
});

test('twice as many pieces as are taken end the connection, whether or not the body was refused', () => {
  const budget = new AddressBudget({ total: 1e9, perAddress: 1e9 });
  let floods = 0;
  const body = new RequestBody({ ...HTTP_LIMITS, maxBodyPieces: 10 }, budget, 'a', () => floods++);
  for (let at = 0; at < 19; at++) body.push(Uint8Array.of(1));
  expect([body.refusal?.status, floods]).toEqual([413, 0]);
  body.close();
  for (let at = 0; at < 19; at++) body.push(Uint8Array.of(1));
  expect(floods).toBe(1);
});

test('a refused body gives back what it held, and takes no more', () => {
  const budget = new AddressBudget({ total: 10_000, perAddress: 10_000 });
  const body = new RequestBody(HTTP_LIMITS, budget, 'a');
  body.push(new Uint8Array(6_000));
  body.push(new Uint8Array(6_000));
  expect([body.refusal?.status, budget.total]).toEqual([503, 0]);
  body.push(new Uint8Array(10));
  body.end();
  expect([body.refusal?.status, budget.total]).toEqual([503, 0]);
});
