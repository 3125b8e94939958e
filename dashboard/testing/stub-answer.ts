import * as api from '#schemas/api.ts'
import { DEFINITION_SET } from '#schemas/zones.ts'
import { MINUTE_MS } from './stub-fleet.ts'

/** What the stub's answers have in common. */

export interface Answer {
  readonly body: unknown
  readonly status?: number
}

export function frame(fromMs: number, toMs: number, nowMs: number) {
  const settled = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS - 2 * MINUTE_MS
  return {
    definition: DEFINITION_SET,
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
    resolution: '1m_group' as const,
    settled_until: new Date(settled).toISOString(),
    provisional: toMs > settled,
    simulated: true,
  }
}

export function windowOf(query: URLSearchParams, nowMs: number) {
  const toMs = Number(query.get('to') ?? nowMs)
  return { toMs, fromMs: Number(query.get('from') ?? toMs - 86_400_000) }
}

/** Series of metrics by one-minute steps or coarser. */
export function seriesOf(
  query: URLSearchParams,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  valueAt: (metric: string, ms: number) => number | null,
) {
  const step = Math.max(
    MINUTE_MS,
    Math.ceil((toMs - fromMs) / Number(query.get('points') ?? 300) / MINUTE_MS) * MINUTE_MS,
  )
  const t0 = Math.floor(fromMs / step) * step
  const times = Array.from(
    { length: Math.ceil((toMs - t0) / step) },
    (_bucket, at) => t0 + at * step,
  )
  return (query.get('metrics') ?? '').split(',').map((metric) => {
    const values = times.map((ms) => valueAt(metric, ms))
    return {
      key: {},
      metric,
      unit: 'any',
      t0,
      step_ms: step,
      values,
      coverage: values.map((value) => (value === null ? 0 : 1)),
    }
  })
}

export const refusal = (
  status: number,
  code: string,
  message: string,
): Answer & { readonly status: number } => ({
  status,
  body: api.ApiError.parse({
    error: { code, message, docs: `docs/errors.md#${code.toLowerCase()}` },
  }),
})
