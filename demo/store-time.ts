/** Epoch ms as the text of the store's DateTime64(3, 'UTC'). */
export const storeTime = (ms: number) =>
  new Date(ms).toISOString().replace('T', ' ').replace('Z', '')
