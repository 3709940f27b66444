import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { PAGE_POLICY } from './security-headers.js';

/** A file that is read and compressed once, and kept. */
export interface StaticFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly gzipped: Uint8Array<ArrayBuffer>;
  readonly type: string;
  readonly etag: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.ts': 'text/plain; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/** `name`: its ending says of what type it is. */
export function staticFile(name: string, bytes: Uint8Array<ArrayBuffer>, gzipped: Uint8Array<ArrayBuffer>): StaticFile {
  const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
  return { bytes, gzipped, type: TYPES[extname(name)] ?? 'application/octet-stream', etag };
}

/** Answer with a file. `cache`: a Cache-Control value. Pages get the policy of pages. */
export function serveFile({ bytes, gzipped, type, etag }: StaticFile, request: Request, cache: string): Response {
  const headers = new Headers({ 'content-type': type, 'cache-control': cache, etag, vary: 'accept-encoding' });
  if (type.startsWith('text/html')) headers.set('content-security-policy', PAGE_POLICY);
  if (request.headers.get('if-none-match') === etag) return new Response(null, { status: 304, headers });
  if (!/\bgzip\b/.test(request.headers.get('accept-encoding') ?? '')) return new Response(bytes, { headers });
  headers.set('content-encoding', 'gzip');
  return new Response(gzipped, { headers });
}

/** The pages and SDKs, read once at start from the built `root`: there are a dozen and they are small. */
export class StaticFiles {
  readonly #files = new Map<string, StaticFile>();

  constructor(root: string) {
    if (existsSync(root)) this.#read(root, '');
  }

  get isEmpty(): boolean {
    return this.#files.size === 0;
  }

  /** Answer with the file at `path` (no leading slash), or null if there is none. */
  serve(path: string, request: Request, cache: string): Response | null {
    const file = this.#files.get(path);
    return file === undefined ? null : serveFile(file, request, cache);
  }

  #read(root: string, below: string): void {
    for (const entry of readdirSync(join(root, below), { withFileTypes: true })) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) this.#read(root, path);
      else {
        const bytes = new Uint8Array(readFileSync(join(root, path)));
        this.#files.set(path, staticFile(path, bytes, new Uint8Array(gzipSync(bytes))));
      }
    }
  }
}
