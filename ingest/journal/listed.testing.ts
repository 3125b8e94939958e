import type { InventoryDevice } from '#schemas/journal.ts'

/** A row of an inventory that says only what is given. */
export const listed = (more: Partial<InventoryDevice>): InventoryDevice => ({
  key: '',
  node: '',
  index: null,
  bus: '',
  site: '',
  cluster: '',
  hall: '',
  rack: '',
  pool: '',
  vendor: '',
  model: '',
  delivered_ms: null,
  accepted_ms: null,
  retired_ms: null,
  ...more,
})
