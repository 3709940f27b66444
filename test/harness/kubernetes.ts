import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { IStatefulSet } from 'kubernetes-models/apps/v1';
import { StatefulSet } from 'kubernetes-models/apps/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { Service } from 'kubernetes-models/v1';
import { parse } from 'yaml';
import { ROOT } from './hub.js';

/** Kinds of the manifests, with their schemas. */
const KINDS = {
  'apps/v1/StatefulSet': StatefulSet,
  'policy/v1/PodDisruptionBudget': PodDisruptionBudget,
  'v1/Service': Service,
} as const;

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

export type { IStatefulSet };

export const FOLDER = `${ROOT}deploy/kubernetes/`;

export function readManifests(): readonly Manifest[] {
  return readdirSync(FOLDER).map((name) => parse(readFileSync(FOLDER + name, 'utf8')) as Manifest);
}

/** Return what Kubernetes' schema of the kind finds wrong; empty if nothing. Fields without a schema pass. */
export function faultOf(manifest: Manifest): string {
  const Kind = KINDS[`${manifest.apiVersion}/${manifest.kind}` as keyof typeof KINDS];
  if (Kind === undefined) return `no schema for ${manifest.apiVersion} ${manifest.kind}`;
  try {
    new Kind(manifest as never).validate();
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

/** Return what TypeScript finds wrong with the manifests as literals of their kinds: above all, unknown fields. */
export function unknownFields(manifests: readonly Manifest[]): string {
  // In here, the compiler finds the packages.
  const folder = mkdtempSync(`${ROOT}test/dist/manifests-`);
  const literals = manifests.map((manifest, at) => {
    const { apiVersion, kind } = manifest;
    const type = `import('kubernetes-models/${apiVersion}').I${kind}`;
    return `export const manifest${at}: ${type} = ${JSON.stringify(manifest)};`;
  });
  writeFileSync(join(folder, 'manifests.ts'), literals.join('\n'));
  const compiler = join(createRequire(`${ROOT}package.json`).resolve('typescript/package.json'), '../bin/tsc');
  const settings = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--ignoreConfig'];
  const { stdout } = spawnSync(process.execPath, [compiler, ...settings, join(folder, 'manifests.ts')], {
    encoding: 'utf8',
  });
  rmSync(folder, { recursive: true });
  return stdout;
}
