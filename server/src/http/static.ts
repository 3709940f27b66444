import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** A built file, held in memory: there are a dozen and they are small. */
interface StaticFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly gzipped: Uint8Array<ArrayBuffer>;
  readonly type: string;
  readonly etag: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/** The pages and SDKs, read once at start from the built `root`. */
export class StaticFiles {
  readonly #files = new Map<string, StaticFile>();

  constructor(root: string) {
    if (existsSync(root)) this.#read(root, '');
  }

  get isEmpty(): boolean {
    return this.#files.size === 0;
  }

  /** Answers with the file at `path` (no leading slash), or null where there is none. `cache`: a Cache-Control value. */
  serve(path: string, request: Request, cache: string): Response | null {
    const file = this.#files.get(path);
    if (file === undefined) return null;
    const headers = new Headers({
      'content-type': file.type,
      'cache-control': cache,
      etag: file.etag,
      vary: 'accept-encoding',
      'x-content-type-options': 'nosniff',
    });
    if (request.headers.get('if-none-match') === file.etag) return new Response(null, { status: 304, headers });
    if (!/\bgzip\b/.test(request.headers.get('accept-encoding') ?? '')) return new Response(file.bytes, { headers });
    headers.set('content-encoding', 'gzip');
    return new Response(file.gzipped, { headers });
  }

  #read(root: string, below: string): void {
    for (const entry of readdirSync(join(root, below), { withFileTypes: true })) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) this.#read(root, path);
      else {
        const bytes = new Uint8Array(readFileSync(join(root, path)));
        this.#files.set(path, {
          bytes,
          gzipped: new Uint8Array(gzipSync(bytes)),
          type: TYPES[extname(path)] ?? 'application/octet-stream',
          etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
        });
      }
    }
  }
}
