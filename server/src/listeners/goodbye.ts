/** Whether a peer closed in good order: it left, and does not come back by itself. */
export const isGoodbye = (code: number) => code === 1000 || code === 1001;
