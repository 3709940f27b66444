import { isNotInstalled } from './not-installed.js';

type UwsModule = typeof import('uWebSockets.js');

/** Name of its package. npx installs a package under its own name, even if it was asked for under another. */
const PACKAGE: string = 'uws-pack';

async function load(): Promise<UwsModule> {
  try {
    return await import('uWebSockets.js');
  } catch (error) {
    if (!isNotInstalled(error)) throw error;
    return (await import(/* @vite-ignore */ PACKAGE)) as UwsModule;
  }
}

/** Parts of uWebSockets that the hub uses. Importing this module throws where no binary loads. */
export const { App, SSLApp, us_listen_socket_close } = await load();
