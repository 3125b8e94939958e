import type { DeviceLedgerState } from '#schemas/api.ts'
import type { Filter } from '#lib/api.ts'

/** The device list's filter, kept in its address, and what it asks of the API. */

export const FILTER_FIELDS = [
  'cluster',
  'hall',
  'pool',
  'model',
  'tenant',
  'rack',
  'job',
  'node',
] as const
export type FilterField = (typeof FILTER_FIELDS)[number]

/** States to choose from; `outside` = the ledger does not count them. */
export const LEDGER_CHOICES = [
  'held',
  'free',
  'untold',
  'failed',
  'drained',
  'verification',
  'outside',
] as const satisfies readonly (DeviceLedgerState | 'outside')[]
export type LedgerChoice = (typeof LEDGER_CHOICES)[number]

export interface DeviceQuestion {
  readonly fields: Readonly<Record<FilterField, string>>
  /** What the ledger counts them as; empty = whatever. */
  readonly state: LedgerChoice | ''
  readonly q: string
  readonly sort: Sort
  readonly cursor: string | null
  /** 0-based number of the page, for the "51 to 100" line; the cursor alone decides what is shown. */
  readonly page: number
}

export const PAGE_SIZE = 50

/** What the API can sort devices by, each upwards and downwards. */
export const SORT_COLUMNS = [
  'cluster',
  'node',
  'model',
  'busy_ratio',
  'power_watts',
  'temperature_celsius',
] as const
export type SortColumn = (typeof SORT_COLUMNS)[number]
export interface Sort {
  readonly column: SortColumn
  readonly descending: boolean
}
const DEFAULT_SORT: Sort = { column: 'cluster', descending: false }

function readSort(text: string): Sort {
  const column = SORT_COLUMNS.find((known) => known === text.replace(/^-/, ''))
  return column === undefined ? DEFAULT_SORT : { column, descending: text.startsWith('-') }
}

export const sortText = ({ column, descending }: Sort) => `${descending ? '-' : ''}${column}`

/** The next sort when a heading is chosen: figures start with the largest, names with the first. */
export function nextSort(sort: Sort, column: SortColumn): Sort {
  if (sort.column === column) return { column, descending: !sort.descending }
  return { column, descending: !['cluster', 'node', 'model'].includes(column) }
}

interface ReadableParams {
  get(name: string): string | null
}

export function readQuestion(params: ReadableParams): DeviceQuestion {
  const text = (name: string) => params.get(name)?.trim() ?? ''
  const page = Number(params.get('page') ?? 0)
  const cursor = params.get('cursor')
  return {
    fields: {
      cluster: text('cluster'),
      hall: text('hall'),
      pool: text('pool'),
      model: text('model'),
      tenant: text('tenant'),
      rack: text('rack'),
      job: text('job'),
      node: text('node'),
    },
    state: LEDGER_CHOICES.find((known) => known === text('state')) ?? '',
    q: text('q'),
    sort: readSort(text('sort')),
    cursor,
    page: cursor !== null && Number.isInteger(page) && page > 0 ? page : 0,
  }
}

/** The address of a question without empty parts; a changed filter starts at the first page. */
export function writeQuestion(question: DeviceQuestion): URLSearchParams {
  const params = new URLSearchParams()
  for (const field of FILTER_FIELDS) {
    if (question.fields[field] !== '') params.set(field, question.fields[field])
  }
  if (question.state !== '') params.set('state', question.state)
  if (question.q !== '') params.set('q', question.q)
  const sort = sortText(question.sort)
  if (sort !== sortText(DEFAULT_SORT)) params.set('sort', sort)
  if (question.cursor !== null) {
    params.set('cursor', question.cursor)
    params.set('page', String(question.page))
  }
  return params
}

/** Typed ones are beginnings (`h1-r02` means the whole rack); chosen ones are exact. */
const TYPED: ReadonlySet<FilterField> = new Set(['node', 'rack', 'job'])

export function filtersOf(question: DeviceQuestion): Filter[] {
  return FILTER_FIELDS.filter((field) => question.fields[field] !== '').map((field) => ({
    field,
    op: TYPED.has(field) ? 'prefix' : 'eq',
    value: question.fields[field],
  }))
}
