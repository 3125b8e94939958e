import type { MeasuredAnswer } from '#schemas/api-measured.ts'
import { apiUrl, type Filter, get, type Window } from '#lib/api.ts'

/** From which counters a group's utilization was taken over a window. */
export const measured = (
  { fromMs, toMs }: Window,
  filters: readonly Filter[],
  signal: AbortSignal,
) => get<MeasuredAnswer>(apiUrl('utilization/sources', { from: fromMs, to: toMs }, filters), signal)
