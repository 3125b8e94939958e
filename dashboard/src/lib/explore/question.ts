import { EXPLORE_STATS } from '#schemas/explore-names.ts'
import type { ExploreMetric, ExploreStat } from '#schemas/api-explore.ts'
import { apiUrl, type Filter } from '#lib/api.ts'
import { readRange, writeRange, type Range } from '#lib/range.ts'

/** What the Explore page asks, kept in its address so that a link is the whole view. */

export interface Question {
  readonly metric: string
  readonly stat: ExploreStat
  /** Empty = one line. */
  readonly groupBy: string
  readonly filters: readonly Filter[]
  readonly range: Range
  /** Beside it the same time a week before. */
  readonly week: boolean
  /** Groups whose lines are not drawn. */
  readonly hidden: readonly string[]
}

export const METRIC_DEFAULT = 'fleet.utilization'
export const WEEK_MS = 7 * 86_400_000
const FILTERS_MAX = 8
export const FILTER_OPS = ['eq', 'prefix', 'in'] as const satisfies readonly Filter['op'][]

interface ReadableParams {
  get(name: string): string | null
  getAll(name: string): string[]
}

export function readQuestion(params: ReadableParams): Question {
  const stat = EXPLORE_STATS.find((known) => known === params.get('stat')) ?? 'avg'
  return {
    metric: params.get('metric') ?? METRIC_DEFAULT,
    stat,
    groupBy: params.get('by') ?? '',
    filters: params.getAll('filter').flatMap(readFilter).slice(0, FILTERS_MAX),
    range: readRange(params),
    week: params.get('week') === '1',
    hidden: params.getAll('hide'),
  }
}

function readFilter(text: string): Filter[] {
  const [field = '', word = '', ...rest] = text.split(':')
  const op = FILTER_OPS.find((known) => known === word)
  return op === undefined || rest.length === 0 ? [] : [{ field, op, value: rest.join(':') }]
}

/** The address of a question; what is as it is by itself is left out. */
export function writeQuestion(question: Question): URLSearchParams {
  const params = writeRange(new URLSearchParams(), question.range)
  if (question.metric !== METRIC_DEFAULT) params.set('metric', question.metric)
  if (question.stat !== 'avg') params.set('stat', question.stat)
  if (question.groupBy !== '') params.set('by', question.groupBy)
  for (const { field, op, value } of question.filters) {
    params.append('filter', `${field}:${op}:${value}`)
  }
  if (question.week) params.set('week', '1')
  for (const key of question.hidden) params.append('hide', key)
  return params
}

/** The same question of another metric: what that one does not have is left out. */
export function ofMetric(question: Question, metric: ExploreMetric): Question {
  const { stats, fields } = metric
  return {
    ...question,
    metric: metric.name,
    stat: stats.includes(question.stat) ? question.stat : (stats[0] ?? 'avg'),
    groupBy: fields.includes(question.groupBy) ? question.groupBy : '',
    filters: question.filters.filter(({ field }) => fields.includes(field)),
    hidden: [],
  }
}

export interface Asked {
  readonly fromMs: number
  readonly toMs: number
  readonly points: number
}

export function seriesUrl(question: Question, { fromMs, toMs, points }: Asked): string {
  const { metric, stat, groupBy, filters } = question
  return apiUrl(
    'explore/series',
    { metric, stat, group_by: groupBy, from: fromMs, to: toMs, points },
    filters,
  )
}

/**
 * The same lines a week before: only the groups that are told now. Where one of their names holds a comma no list can say
 * them, and the highest of that week are asked for.
 */
export function weekBeforeUrl(question: Question, asked: Asked, keys: readonly string[]): string {
  const { groupBy, filters } = question
  const shifted = { ...asked, fromMs: asked.fromMs - WEEK_MS, toMs: asked.toMs - WEEK_MS }
  const isListable = groupBy !== '' && groupBy !== 'device' && keys.length > 0
  if (!isListable || keys.some((key) => key.includes(','))) return seriesUrl(question, shifted)
  const others = filters.filter(({ field, op }) => field !== groupBy || op === 'prefix')
  const only: Filter = { field: groupBy, op: 'in', value: keys.join(',') }
  return seriesUrl({ ...question, filters: [...others, only] }, shifted)
}

/** The command that asks the same; the token is a placeholder, never the one in use. */
export function curlOf(origin: string, url: string): string {
  const quoted = `${origin}${url}`.replaceAll("'", "'\\''")
  return `curl -s -H 'Authorization: Bearer <TOKEN>' \\\n  '${quoted}'`
}
