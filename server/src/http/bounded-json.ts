import { DecodeError, MAX_ALERT_BODY_BYTES, MAX_DEPTH, MAX_RECORD_NODES, readJson } from '@auralis/shared';
import type { MiddlewareHandler } from 'hono';
import { Problem } from './problem.js';

/** Bounds a JSON body in bytes, depth and values before its schema sees it. @throws Problem */
export const boundedJson: MiddlewareHandler = async (c, next) => {
  const { byteLength } = await c.req.arrayBuffer();
  if (byteLength > MAX_ALERT_BODY_BYTES)
    throw new Problem(413, `the body: at most ${MAX_ALERT_BODY_BYTES} bytes, not ${byteLength}`);
  try {
    readJson(await c.req.text(), MAX_DEPTH, MAX_RECORD_NODES);
  } catch (error) {
    if (error instanceof DecodeError) throw new Problem(400, error.message);
    throw error;
  }
  await next();
};
