import type { Dimension } from './dimension.ts'

/** The list of devices of a group; null where the list knows no such filter. */
export function groupHref(dimension: Dimension, name: string): string | null {
  if (dimension === 'class') return null
  if (dimension === 'tenant' && name === '') return '/devices?state=free'
  return `/devices?${new URLSearchParams({ [dimension]: name })}`
}
