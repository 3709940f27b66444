/** Whether a package is not installed. One that has no binary for this machine throws something else. */
export const isNotInstalled = (error: unknown) => (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
