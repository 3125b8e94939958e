import type { AlertItem } from '#schemas/api-alerts.ts'

/** The page that people were told of last, of those that are open; null where none is. */
export function newestPage(alerts: readonly AlertItem[]): AlertItem | null {
  const open = alerts.filter(
    ({ severity, state, mode, suppressed }) =>
      severity === 'page' &&
      (state === 'firing' || state === 'held') &&
      mode === 'paging' &&
      suppressed === undefined,
  )
  const toldMs = ({ fired_ms, since_ms }: AlertItem) => fired_ms ?? since_ms
  return open.toSorted((a, b) => toldMs(b) - toldMs(a))[0] ?? null
}
