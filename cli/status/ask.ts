import { z } from 'zod'
import { AlertsAnswer } from '#schemas/api-alerts.ts'
import { PueAnswer } from '#schemas/api-facility.ts'
import { ForecastAnswer } from '#schemas/api-forecast.ts'
import { PipelineAnswer } from '#schemas/api-pipeline.ts'
import { ZonesAnswer } from '#schemas/api-zones.ts'
import { CollectionAnswer, FleetSummary, SessionInfo } from '#schemas/api.ts'
import { askServer } from '../server-request.ts'

/** One answer, or why there is none. */
export type Asked<T> = { readonly value: T } | { readonly missing: string }
export const valueOf = <T>(asked: Asked<T>): T | null => ('value' in asked ? asked.value : null)

/** All that `plimsoll status` tells, as the server answered. */
export interface Answers {
  readonly base: string
  readonly atMs: number
  /** `words`: why it is not ready; `warnings`: what will need a person. */
  readonly ready: {
    readonly ok: boolean
    readonly words: string
    readonly warnings: readonly string[]
  }
  readonly session: Asked<SessionInfo>
  readonly fleet: Asked<FleetSummary>
  readonly zones: Asked<ZonesAnswer>
  readonly alerts: Asked<AlertsAnswer>
  readonly forecast: Asked<ForecastAnswer>
  readonly pue: Asked<PueAnswer>
  readonly collection: Asked<CollectionAnswer>
  readonly pipeline: Asked<PipelineAnswer>
}

const SLICE_MS = 300_000
const Ready = z.object({ warnings: z.array(z.string()) })
const Problem = z.object({ error: z.object({ code: z.string(), message: z.string() }) })

/** Asks a running server. Throws E_STORE_AWAY when nobody is there; what it refuses is told in its place. */
export async function askAll(base: string, token: string | undefined): Promise<Answers> {
  const ready = await askServer(new URL('/readyz', base), { token })
  const said: unknown = await ready.json().catch(() => null)
  const problem = Problem.safeParse(said)
  const words = problem.success ? problem.data.error.message : 'no reason given'
  const warnings = Ready.safeParse(said).data?.warnings ?? []
  const ask = async <T>(path: string, schema: z.ZodType<T>): Promise<Asked<T>> => {
    const answer = await askServer(new URL(path, base), { token }).catch(() => null)
    const body: unknown = await answer?.json().catch(() => null)
    const read = schema.safeParse(body)
    if (answer?.ok === true && read.success) return { value: read.data }
    const refused = Problem.safeParse(body)
    if (!refused.success) return { missing: 'no answer' }
    const { code, message } = refused.data.error
    return { missing: `${code}: ${message}` }
  }
  const [session, zones, alerts, forecast, pue, collection, pipeline] = await Promise.all([
    ask('/api/v1/session', SessionInfo),
    ask('/api/v1/zones', ZonesAnswer),
    ask('/api/v1/alerts', AlertsAnswer),
    ask('/api/v1/forecast', ForecastAnswer),
    ask('/api/v1/pue', PueAnswer),
    ask('/api/v1/collection?limit=1', CollectionAnswer),
    ask('/api/v1/pipeline?limit=1', PipelineAnswer),
  ])
  const settled = valueOf(pipeline)?.settled_until ?? valueOf(collection)?.pipeline.settled_until
  const toMs = Date.parse(settled ?? '')
  const fleet: Answers['fleet'] = Number.isNaN(toMs)
    ? { missing: 'nothing is settled yet' }
    : await ask(
        `/api/v1/fleet/summary?include=ledger&from=${toMs - SLICE_MS}&to=${toMs}`,
        FleetSummary,
      )
  const atMs = Date.now()
  return {
    base,
    atMs,
    ready: { ok: ready.ok, words, warnings },
    session,
    fleet,
    zones,
    alerts,
    forecast,
    pue,
    collection,
    pipeline,
  }
}
