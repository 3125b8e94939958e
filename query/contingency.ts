import type { z } from 'zod'
import type { ContingencyAnswer, ContingencyStep, ZoneName } from '#schemas/api-explain.ts'
import { PlimsollError } from '#schemas/errors.ts'
import { DEFAULT_ZONE_LEVELS, DEFINITION_SET } from '#schemas/zones.ts'
import { fewestJobs } from './contingency-jobs.ts'
import { parseFilters } from './filters.ts'
import type { FleetDeps } from './fleet.ts'
import { contingencyJobs } from './queries/explain.ts'
import { ratioOf } from './sums.ts'
import { iso, MINUTE_MS } from './window.ts'

/** The slice of DEFINITIONS section 9. */
export const SLICE_MS = 5 * MINUTE_MS
const STEPS_MAX = 100
const PPM = 1_000_000

export interface ContingencyQuestion {
  readonly zone?: z.infer<typeof ZoneName> | undefined
  /** A ratio in plain digits, instead of a zone. */
  readonly level?: string | undefined
  readonly filters: readonly string[]
}

/**
 * GET /api/v1/contingency, over the last settled five minutes. Throws E_RANGE_INVALID while no such slice is settled,
 * E_BAD_REQUEST for a zone and a level, E_FILTER_INVALID and the reader's errors.
 */
export async function contingency(
  deps: FleetDeps,
  { zone, level, filters }: ContingencyQuestion,
): Promise<ContingencyAnswer> {
  if (zone !== undefined && level !== undefined)
    throw new PlimsollError('E_BAD_REQUEST', 'give a zone or a level, not both')
  const bound = parseFilters(filters)
  const asked = zone ?? (level === undefined ? 'danger' : null)
  const ratio = asked === null ? Number(level) : DEFAULT_ZONE_LEVELS[asked]
  const { settledUntilMs, firstMinuteMs } = await deps.published()
  const toMs = Math.floor((settledUntilMs ?? 0) / SLICE_MS) * SLICE_MS
  if (settledUntilMs === null || firstMinuteMs === null || toMs - SLICE_MS < firstMinuteMs)
    throw new PlimsollError(
      'E_RANGE_INVALID',
      'no five-minute slice is settled yet: ask again in some minutes',
    )
  const fromMs = toMs - SLICE_MS
  const rows = await contingencyJobs.run(deps.reader, {
    ...bound.params,
    from_s: fromMs / 1000,
    to_s: toMs / 1000,
  })
  const total = (read: (row: (typeof rows)[number]) => number) =>
    rows.reduce((sum, row) => sum + BigInt(read(row)), 0n)
  const scope = {
    knownMs: total((row) => row.known_ms),
    busyX1000: total((row) => row.busy_ms_x1000),
    levelPpm: BigInt(Math.round(ratio * PPM)),
  }
  const jobs = rows
    .filter(({ job, busy_ms_x1000 }) => job !== '' && busy_ms_x1000 > 0)
    .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
    .map((row) => ({ ...row, busyX1000: BigInt(row.busy_ms_x1000) }))
  const fewest = scope.knownMs > 0n ? fewestJobs(jobs, scope) : null
  const outcome = outcomeOf(scope.knownMs, fewest)
  let left = scope.busyX1000
  const steps = (fewest ?? []).slice(0, STEPS_MAX).map((row): ContingencyStep => {
    left -= row.busyX1000
    const { job, tenant, cluster } = row
    return {
      job,
      tenant,
      cluster,
      devices: Math.round(row.capacity_ms / SLICE_MS),
      busy_devices: row.busy_ms_x1000 / 1000 / SLICE_MS,
      utilization_after: ratioOf(left, scope.knownMs * 1000n) ?? 0,
    }
  })
  const figures = {
    level: ratio,
    utilization: ratioOf(scope.busyX1000, scope.knownMs * 1000n),
    outcome,
    jobs: outcome === 'reachable' ? (fewest?.length ?? null) : null,
    running_jobs: jobs.length,
    steps,
  }
  return {
    definition: DEFINITION_SET,
    simulated: deps.simulated,
    settled_until: iso(settledUntilMs),
    from: iso(fromMs),
    to: iso(toMs),
    zone: asked,
    coverage: ratioOf(
      scope.knownMs,
      total((row) => row.capacity_ms - row.verification_ms),
    ),
    ...figures,
    sentence: contingencySentence(figures),
  }
}

const nameOf = (row: { readonly cluster: string; readonly tenant: string; readonly job: string }) =>
  JSON.stringify([row.cluster, row.tenant, row.job])

function outcomeOf(
  knownMs: bigint,
  fewest: readonly unknown[] | null,
): ContingencyAnswer['outcome'] {
  if (knownMs <= 0n) return 'unknown'
  if (fewest === null) return 'unreachable'
  return fewest.length === 0 ? 'already_below' : 'reachable'
}

type Figures = Pick<
  ContingencyAnswer,
  'level' | 'utilization' | 'outcome' | 'jobs' | 'running_jobs' | 'steps'
>

/** Jobs a sentence names. */
const NAMED_MAX = 5
const percent = (ratio: number | null) => `${((ratio ?? 0) * 100).toFixed(1)} %`

function contingencySentence(figures: Figures): ContingencyAnswer['sentence'] {
  const { outcome, jobs, running_jobs, steps } = figures
  const [level, now] = [percent(figures.level), percent(figures.utilization)]
  if (outcome === 'unknown')
    return { en: 'Nothing is known of the last five minutes.', zh: '最近五分钟没有已知数据。' }
  if (outcome === 'already_below') {
    return {
      en: `Utilization is ${now}, already below ${level}.`,
      zh: `利用率为 ${now}，已低于 ${level}。`,
    }
  }
  if (outcome === 'unreachable') {
    return {
      en: `Utilization is ${now}; the end of all ${running_jobs} running jobs leaves it at or above ${level}.`,
      zh: `利用率为 ${now}；即使全部 ${running_jobs} 个运行中的任务结束，仍不低于 ${level}。`,
    }
  }
  const named = steps.slice(0, NAMED_MAX).map(({ job, devices }) => `${job} (${devices})`)
  const more = (jobs ?? 0) - named.length
  const isCut = (jobs ?? 0) > steps.length
  const left = isCut ? `< ${level}` : percent(steps.at(-1)?.utilization_after ?? null)
  const count = jobs === 1 ? '1 job' : `${jobs} jobs`
  const others =
    more > 0 ? { en: ` and ${more} more`, zh: `，另有 ${more} 个` } : { en: '', zh: '' }
  return {
    en: `Utilization is ${now}. The end of ${count} takes it below ${level} (${left}): ${named.join(', ')}${others.en}.`,
    zh: `利用率为 ${now}。${jobs} 个任务结束即低于 ${level}（${left}）：${named.join('、')}${others.zh}。`,
  }
}
