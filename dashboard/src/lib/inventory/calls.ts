import type { InventoryAnswer } from '#schemas/api-inventory.ts'
import { apiUrl, get } from '#lib/api.ts'

export const inventory = (days: number, signal: AbortSignal) =>
  get<InventoryAnswer>(apiUrl('inventory', { days }), signal)
