import { JOB_ORDERS, type JobOrder } from '#schemas/orders.ts'
import type { Filter } from '#lib/api.ts'

/** What the list of jobs shows, kept in its address. */

export const JOBS_PAGE = 50
export const JOB_STATES = ['running', 'ended'] as const
export type JobState = (typeof JOB_STATES)[number]
export const JOB_FILTERS = ['tenant', 'class', 'pool', 'job'] as const
export type JobFilter = (typeof JOB_FILTERS)[number]
export const TABS = ['jobs', 'tenants'] as const
export type Tab = (typeof TABS)[number]

export interface Order {
  readonly column: JobOrder
  readonly descending: boolean
}

export interface JobsQuestion {
  readonly fields: Readonly<Record<JobFilter, string>>
  readonly state: JobState | ''
  readonly low: boolean
  readonly devicesMin: number
  readonly order: Order
  readonly cursor: string | null
  /** 0-based number of the page; the cursor alone decides what is shown. */
  readonly page: number
}

interface ReadableParams {
  get(name: string): string | null
}

const DEFAULT_ORDER: Order = { column: 'lost_usd', descending: true }
const DEVICES_MAX = 1_000_000

export const orderText = ({ column, descending }: Order) =>
  `${descending ? '-' : ''}${column}` as const

function readOrder(text: string | null): Order {
  const column = JOB_ORDERS.find((known) => known === text?.replace(/^-/, ''))
  if (column === undefined || text === null) return DEFAULT_ORDER
  return { column, descending: text.startsWith('-') }
}

/** Names start with the first, low tiers and late begins first; of all else the highest. */
const UPWARDS: ReadonlySet<JobOrder> = new Set<JobOrder>([
  'job',
  'tenant',
  'utilization',
  'active',
  'effective',
  'coverage',
])
export const nextOrder = (order: Order, column: JobOrder): Order =>
  order.column === column
    ? { column, descending: !order.descending }
    : { column, descending: !UPWARDS.has(column) }

export const readTab = (params: ReadableParams): Tab =>
  TABS.find((tab) => tab === params.get('tab')) ?? 'jobs'

export function readQuestion(params: ReadableParams): JobsQuestion {
  const text = (name: string) => params.get(name)?.trim() ?? ''
  const devices = Number(text('devices'))
  const cursor = params.get('cursor')
  const page = Number(params.get('page') ?? 0)
  return {
    fields: {
      tenant: text('tenant'),
      class: text('class'),
      pool: text('pool'),
      job: text('job'),
    },
    state: JOB_STATES.find((state) => state === text('state')) ?? '',
    low: text('low') === '1',
    devicesMin: Number.isInteger(devices) && devices > 1 ? Math.min(devices, DEVICES_MAX) : 1,
    order: readOrder(params.get('sort')),
    cursor,
    page: cursor !== null && Number.isInteger(page) && page > 0 ? page : 0,
  }
}

/** The parts of the address that a question is; what is usual is null and leaves it clean. */
export function partsOf(question: JobsQuestion): Record<string, string | null> {
  const sort = orderText(question.order)
  return {
    ...question.fields,
    state: question.state,
    low: question.low ? '1' : null,
    devices: question.devicesMin > 1 ? String(question.devicesMin) : null,
    sort: sort === orderText(DEFAULT_ORDER) ? null : sort,
    cursor: question.cursor,
    page: question.cursor === null ? null : String(question.page),
  }
}

/** Typed names are beginnings, chosen ones exact. */
export const filtersOf = ({ fields }: JobsQuestion): Filter[] =>
  JOB_FILTERS.filter((field) => fields[field] !== '').map((field) => ({
    field,
    op: field === 'job' ? 'prefix' : 'eq',
    value: fields[field],
  }))

export const isFiltered = (question: JobsQuestion): boolean =>
  question.state !== '' ||
  question.low ||
  question.devicesMin > 1 ||
  Object.values(question.fields).some((value) => value !== '')
