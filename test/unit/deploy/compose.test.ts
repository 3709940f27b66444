import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { readImage } from '../../harness/dockerfile.js';
import { ROOT } from '../../harness/hub.js';

interface Service {
  readonly image: string;
  readonly ports?: readonly string[];
  readonly volumes: readonly string[];
  readonly secrets?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly networks: readonly string[] | { readonly auralis: { readonly ipv4_address: string } };
}

interface Compose {
  readonly services: Readonly<Record<'hub' | 'proxy' | 'prometheus' | 'alertmanager' | 'grafana', Service>>;
  readonly networks: {
    readonly auralis: { readonly ipam: { readonly config: readonly { readonly subnet: string }[] } };
  };
  readonly volumes: Readonly<Record<string, null>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

interface Scraper {
  readonly rule_files: readonly string[];
  readonly scrape_configs: readonly {
    readonly authorization: { readonly credentials_file: string };
    readonly static_configs: readonly { readonly targets: readonly string[] }[];
  }[];
  readonly alerting: {
    readonly alertmanagers: readonly { readonly static_configs: readonly { targets: string[] }[] }[];
  };
}

const read = (name: string) => readFileSync(`${ROOT}deploy/${name}`, 'utf8');
const { services, networks, volumes, secrets } = parse(read('compose.yaml')) as Compose;
const { version } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as { version: string };
const { env } = readImage();
const mounts = Object.entries(services).flatMap(([service, each]) =>
  each.volumes.map((volume) => {
    const [source = '', target = ''] = volume.split(':');
    return { service, source, target };
  }),
);
const targetsOf = (service: string) => mounts.filter((mount) => mount.service === service).map(({ target }) => target);

test('images have versions, and the hub has that of the project', () => {
  expect(services.hub.image).toBe(`auralis-hub:${version}`);
  for (const { image } of Object.values(services)) expect(image).toMatch(/^[\w./-]+:v?\d[\d.]+$/);
});

test('each mounted file is in deploy/, or a secret that deploy/ does not have', () => {
  const files = mounts.map(({ source }) => source).filter((source) => source.startsWith('./'));
  const shipped = files.filter((source) => !source.startsWith('./secrets/'));
  expect(shipped.filter((source) => !existsSync(`${ROOT}deploy/${source}`))).toEqual([]);
  expect(shipped.length).toBeGreaterThan(5);
  const given = [...files, ...Object.values(secrets).map(({ file }) => file)].filter((file) => !shipped.includes(file));
  expect(given.sort()).toEqual([
    './secrets/grafana.password',
    './secrets/hub',
    './secrets/prometheus.token',
    './secrets/tls',
  ]);
});

test('each volume and secret is declared and used', () => {
  const named = mounts.map(({ source }) => source).filter((source) => !source.startsWith('./'));
  expect(named.sort()).toEqual(Object.keys(volumes).sort());
  expect(
    Object.values(services)
      .flatMap((each) => each.secrets ?? [])
      .sort(),
  ).toEqual(Object.keys(secrets).sort());
});

test('the hub finds its auth file and its data where the image looks for them', () => {
  expect(targetsOf('hub')).toEqual([env.AURALIS_DATA_DIR, env.AURALIS_AUTH_FILE?.replace(/\/[^/]+$/, '')]);
});

test('only nginx is reached from outside', () => {
  const published = Object.entries(services).flatMap(([name, { ports = [] }]) => ports.map((port) => [name, port]));
  expect(published.filter(([, port]) => !port?.startsWith('127.0.0.1:'))).toEqual([['proxy', '443:8443']]);
  const nginx = read('nginx/nginx.conf');
  expect(nginx).toContain('listen 8443 ssl http2;');
  expect(nginx).toContain(`proxy_pass http://hub:${env.AURALIS_PORT}/;`);
  expect(new URL(/:-(.*)\}/.exec(services.hub.environment?.AURALIS_PUBLIC_URL ?? '')?.[1] ?? '').pathname).toBe(
    '/auralis/',
  );
  expect(targetsOf('proxy')).toEqual(['/etc/nginx/nginx.conf', '/etc/nginx/tls']);
  for (const [, path = ''] of nginx.matchAll(/ssl_certificate(?:_key)? (.*);/g))
    expect(path).toMatch(/^\/etc\/nginx\/tls\//);
});

test('Prometheus finds hub, token, rules and Alertmanager; the hub trusts the network of nginx', () => {
  const { rule_files, scrape_configs, alerting } = parse(read('compose/prometheus.yml')) as Scraper;
  const { subnet = '' } = networks.auralis.ipam.config[0] ?? {};
  const { ipv4_address } = (services.hub.networks as { auralis: { ipv4_address: string } }).auralis;
  expect(subnet).toBe(ipv4_address.replace(/\d+$/, '0/24'));
  expect(services.hub.environment?.AURALIS_TRUST_PROXY).toBe(subnet);
  expect(scrape_configs).toHaveLength(1);
  expect(scrape_configs[0]?.static_configs[0]?.targets).toEqual([`${ipv4_address}:${env.AURALIS_PORT}`]);
  expect(scrape_configs[0]?.authorization.credentials_file).toBe(`/run/secrets/${services.prometheus.secrets?.[0]}`);
  expect(targetsOf('prometheus')).toEqual(expect.arrayContaining([...rule_files]));
  expect(alerting.alertmanagers[0]?.static_configs[0]?.targets).toEqual(['alertmanager:9093']);
});

test('Grafana finds Prometheus, its password and the dashboard', () => {
  const source = parse(read('compose/grafana-datasource.yaml')) as {
    datasources: { url: string; isDefault: boolean }[];
  };
  expect(source.datasources).toMatchObject([{ url: 'http://prometheus:9090', isDefault: true }]);
  const { providers } = parse(read('compose/grafana-dashboards.yaml')) as {
    providers: { options: { path: string } }[];
  };
  const dashboard = mounts.find(({ source: file }) => file === './grafana-dashboard.json');
  expect(dashboard?.target.startsWith(`${providers[0]?.options.path}/`)).toBe(true);
  expect(services.grafana.environment?.GF_SECURITY_ADMIN_PASSWORD__FILE).toBe('/run/secrets/grafana-password');
});
