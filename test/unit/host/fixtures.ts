import { readFileSync } from 'node:fs';
import { LogSplitter } from '@auralis/server/host/nvidia-smi-parser/splitter';
import { ROOT } from '../../harness/hub.js';

/** A document as nvidia-smi writes it, prolog and all; test/fixtures/nvidia-smi/README.md says where it is from. */
export const document = (name: string) => readFileSync(`${ROOT}test/fixtures/nvidia-smi/${name}.xml`, 'utf8');

/** The part of it that the parser takes. */
export const logOf = (name: string) => new LogSplitter().push(Buffer.from(document(name)))[0] as string;

export const DOCUMENTS = [
  't4-driver-450',
  'rtx-3090-pair-driver-470',
  'a100-mig-driver-510',
  'h100-driver-550',
  'h100-driver-575',
  'laptop-driver-535',
] as const;
