import type { Window } from '#lib/api.ts'

/** A group's key by field, as answers have it. */
export type MeasuredField =
  | 'cluster'
  | 'hall'
  | 'rack'
  | 'pool'
  | 'node'
  | 'vendor'
  | 'model'
  | 'tenant'
  | 'job'
  | 'class'

/** The page that says how a group's utilization was measured; without a window over the last day. */
export function measuredHref(
  key: Readonly<Partial<Record<MeasuredField, string>>>,
  window: Window | null = null,
): string {
  const params = new URLSearchParams(Object.entries(key))
  if (window !== null) {
    params.set('from', String(window.fromMs))
    params.set('to', String(window.toMs))
  }
  return `/measured?${params}`
}
