import { LOSS_ORDERS, type LossOrder, IDLE_ORDERS } from '#schemas/orders.ts'
import type { IdleOrder } from '#schemas/api-idle.ts'

/** What the tables of this page show, kept in its address. */

export const GROUP_DIMENSIONS = ['tenant', 'job', 'pool', 'hall', 'model', 'class'] as const
export type GroupDimension = (typeof GROUP_DIMENSIONS)[number]
export const IDLE_BYS = ['job', 'tenant', 'node', 'rack', 'model'] as const
export type IdleBy = (typeof IDLE_BYS)[number]

/** Ids of jobs repeat over clusters, halls and models have names of their own. */
export const GROUP_BY = {
  tenant: 'tenant',
  job: 'cluster,job,tenant',
  pool: 'cluster,pool',
  hall: 'cluster,hall',
  model: 'model',
  class: 'class',
} as const satisfies Record<GroupDimension, string>

export const GROUPS_SHOWN = 20
export const IDLE_PAGE = 25

export interface Order {
  readonly column: LossOrder
  readonly descending: boolean
}

export interface LossQuestion {
  readonly by: GroupDimension
  readonly order: Order
  readonly idleBy: IdleBy
  readonly idleSort: IdleOrder
  readonly tenant: string
  readonly class: string
  readonly cursor: string | null
  /** 0-based number of the page, for the "26 to 50" line; the cursor alone decides what is shown. */
  readonly page: number
}

interface ReadableParams {
  get(name: string): string | null
}

const DEFAULT_ORDER: Order = { column: 'usd', descending: true }

function readOrder(text: string | null): Order {
  const column = LOSS_ORDERS.find((known) => known === text?.replace(/^-/, ''))
  if (column === undefined || text === null) return DEFAULT_ORDER
  return { column, descending: text.startsWith('-') }
}

export const orderText = ({ column, descending }: Order) =>
  `${descending ? '-' : ''}${column}` as const

export function readQuestion(params: ReadableParams): LossQuestion {
  const of = <Choice extends string>(name: string, all: readonly Choice[], usual: Choice): Choice =>
    all.find((known) => known === params.get(name)) ?? usual
  const cursor = params.get('cursor')
  const page = Number(params.get('page') ?? 0)
  return {
    by: of('by', GROUP_DIMENSIONS, 'tenant'),
    order: readOrder(params.get('sort')),
    idleBy: of('line', IDLE_BYS, 'job'),
    idleSort: of('order', IDLE_ORDERS, 'usd_per_hour'),
    tenant: params.get('tenant') ?? '',
    class: params.get('class') ?? '',
    cursor,
    page: cursor !== null && Number.isInteger(page) && page > 0 ? page : 0,
  }
}

/** Changes parts of the address; what is usual leaves it clean, and a changed list begins anew. */
export function withParts(
  params: URLSearchParams,
  parts: Readonly<Record<string, string | null>>,
): string {
  const next = new URLSearchParams(params)
  if (!('cursor' in parts)) for (const name of ['cursor', 'page']) next.delete(name)
  for (const [name, value] of Object.entries(parts)) {
    if (value === null || value === '') next.delete(name)
    else next.set(name, value)
  }
  const text = next.toString()
  return text === '' ? '' : `?${text}`
}

/** A heading turns the order of its column, or starts it where it is most telling. */
export function nextOrder(order: Order, column: LossOrder): Order {
  if (order.column === column) return { column, descending: !order.descending }
  return { column, descending: column !== 'utilization' }
}
