import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { readImage } from '../../harness/dockerfile.js';
import { ROOT } from '../../harness/hub.js';
import { faultOf, type IStatefulSet, readManifests, unknownFields } from '../../harness/kubernetes.js';

const manifests = readManifests();
const named = <Kind>(kind: string) => {
  const found = manifests.filter((each) => each.kind === kind);
  if (found.length !== 1) throw new Error(`${found.length} of kind ${kind}`);
  return found[0] as unknown as Kind;
};
const image = readImage();
const set = named<IStatefulSet>('StatefulSet');
const pod = set.spec?.template.spec;
const [container] = pod?.containers ?? [];
const labels = set.spec?.template.metadata?.labels ?? {};

test('each manifest is what Kubernetes’ schema of its kind asks for', () => {
  expect(manifests.map(faultOf)).toEqual(manifests.map(() => ''));
  expect(faultOf({ ...manifests[0], spec: { selector: 'hub' } } as never)).not.toBe('');
});

test('no manifest has a field that Kubernetes does not know', () => {
  expect(unknownFields(manifests)).toBe('');
  const misspelt = JSON.parse(JSON.stringify(manifests).replace('"periodSeconds"', '"periodSecond"'));
  expect(unknownFields(misspelt)).toContain('periodSecond');
});

test('one hub of this version runs without root, with a root file system that is read-only', () => {
  const { version } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as { version: string };
  expect(set.spec?.replicas).toBe(1);
  expect(pod?.containers).toHaveLength(1);
  expect(container?.image).toBe(`auralis-hub:${version}`);
  const { runAsUser, runAsGroup } = pod?.securityContext ?? {};
  expect(`${runAsUser}:${runAsGroup}`).toBe(image.last('USER'));
  expect(pod?.securityContext).toMatchObject({ runAsNonRoot: true, fsGroup: runAsGroup });
  expect(container?.securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  });
});

test('ready is not alive, and a hub that drains has the time for it', () => {
  expect(container?.readinessProbe?.httpGet?.path).toBe('/readyz');
  expect(container?.livenessProbe?.httpGet?.path).toBe('/healthz');
  expect(container?.startupProbe?.httpGet?.path).toBe('/readyz');
  const sleep = container?.lifecycle?.preStop?.exec?.command ?? [];
  expect(sleep[0]).toBe('sleep');
  // Readiness is asked often enough that newcomers go elsewhere before SIGTERM.
  expect(Number(sleep[1])).toBeGreaterThan(container?.readinessProbe?.periodSeconds ?? Number.NaN);
  expect((pod?.terminationGracePeriodSeconds ?? 0) - Number(sleep[1])).toBeGreaterThanOrEqual(30);
});

test('ports, volumes and places are those of the image', () => {
  const ports = container?.ports ?? [];
  expect(ports).toEqual([{ name: 'http', containerPort: Number(image.env.AURALIS_PORT) }]);
  for (const probe of [container?.readinessProbe, container?.livenessProbe, container?.startupProbe]) {
    expect(probe?.httpGet?.port).toBe('http');
  }
  const places = Object.fromEntries((container?.volumeMounts ?? []).map(({ name, mountPath }) => [name, mountPath]));
  expect(places).toEqual({
    data: image.env.AURALIS_DATA_DIR,
    auth: image.env.AURALIS_AUTH_FILE?.replace(/\/[^/]+$/, ''),
  });
  const claims = (set.spec?.volumeClaimTemplates ?? []).map(({ metadata }) => metadata?.name);
  const volumes = (pod?.volumes ?? []).map(({ name }) => name);
  expect([...claims, ...volumes].sort()).toEqual(Object.keys(places).sort());
});

test('the auth file comes from a Secret that docs/operating.md makes, and none is shipped', () => {
  const secret = pod?.volumes?.find(({ name }) => name === 'auth')?.secret?.secretName;
  const file = image.env.AURALIS_AUTH_FILE?.split('/').at(-1);
  const page = readFileSync(`${ROOT}docs/operating.md`, 'utf8');
  expect(page).toContain(`kubectl create secret generic ${secret} --from-file=${file}`);
  expect(manifests.map(({ kind }) => kind)).not.toContain('Secret');
  expect(JSON.stringify(manifests)).not.toMatch(/sha256/i);
});

test('Service and PodDisruptionBudget choose the pod', () => {
  type Service = {
    metadata: { name: string };
    spec: { selector: object; ports: { targetPort: string; port: number }[] };
  };
  type Budget = { spec: { selector: { matchLabels: object }; maxUnavailable: number } };
  const service = named<Service>('Service');
  expect(service.metadata.name).toBe(set.spec?.serviceName);
  expect(service.spec.ports).toMatchObject([{ port: Number(image.env.AURALIS_PORT), targetPort: 'http' }]);
  for (const chosen of [
    service.spec.selector,
    named<Budget>('PodDisruptionBudget').spec.selector.matchLabels,
    set.spec?.selector.matchLabels,
  ]) {
    expect(chosen).toEqual(labels);
  }
});
