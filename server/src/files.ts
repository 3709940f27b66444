import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const pathOf = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** The installed package has a folder `name` beside its program. A checkout has the same files elsewhere. */
function folder(name: string, inCheckout: () => string): string {
  const installed = pathOf(`../${name}`);
  return existsSync(installed) ? installed : inCheckout();
}

/** Pages and SDKs that the hub serves, as the client's build leaves them. */
export const WEB_FOLDER = folder('web', () => pathOf('../../client/dist/web'));

/** Swagger UI's script and style. */
export const SWAGGER_UI_FOLDER = folder('swagger-ui', () =>
  dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json')),
);
