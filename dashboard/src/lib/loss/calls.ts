import type { IdleGroupsAnswer } from '#schemas/api-idle.ts'
import type { IdleHeldAnswer, LedgerAnswer, LossAnswer } from '#schemas/api-ledger.ts'
import { apiUrl, type Filter, get } from '#lib/api.ts'
import { GROUP_BY, GROUPS_SHOWN, IDLE_PAGE, type LossQuestion, orderText } from './question.ts'

/** What the page of loss asks of the API. */

export interface Asked {
  readonly from: number | null
  readonly to: number | null
}

/** The fleet's loss and ledger over one window: the second asks for exactly what the first answered. */
export async function fleetLoss(asked: Asked, signal: AbortSignal) {
  const loss = await get<LossAnswer>(apiUrl('loss', { ...asked }), signal)
  const window = { from: loss.from, to: loss.to }
  const ledger = await get<LedgerAnswer>(apiUrl('ledger', window), signal)
  return { loss, ledger }
}

export const groupLoss = (
  asked: Asked,
  { by, order }: Pick<LossQuestion, 'by' | 'order'>,
  signal: AbortSignal,
) =>
  get<LossAnswer>(
    apiUrl('loss', {
      ...asked,
      group_by: GROUP_BY[by],
      sort: orderText(order),
      limit: GROUPS_SHOWN,
    }),
    signal,
  )

/** How far the beginning of idle time is looked for. */
const IDLE_HOURS = 24

const filtersOf = (question: Pick<LossQuestion, 'tenant' | 'class'>): Filter[] =>
  (['tenant', 'class'] as const).flatMap((field) =>
    question[field] === '' ? [] : [{ field, op: 'eq' as const, value: question[field] }],
  )

type IdleQuestion = Pick<LossQuestion, 'idleBy' | 'idleSort' | 'tenant' | 'class' | 'cursor'>

export const idleGroups = (question: IdleQuestion, signal: AbortSignal, limit = IDLE_PAGE) =>
  get<IdleGroupsAnswer>(
    apiUrl(
      'idle-held/groups',
      {
        by: question.idleBy,
        sort: question.idleSort,
        hours: IDLE_HOURS,
        limit,
        cursor: question.cursor,
      },
      filtersOf(question),
    ),
    signal,
  )

/** The devices of one line; all of its fields must fit. */
export function idleDevices(
  key: Readonly<Record<string, string>>,
  question: Pick<LossQuestion, 'tenant' | 'class'>,
  limit: number,
  signal: AbortSignal,
) {
  const own = Object.entries(key).map(([field, value]): Filter => ({ field, op: 'eq', value }))
  const filters = [...own, ...filtersOf(question).filter(({ field }) => !(field in key))]
  return get<IdleHeldAnswer>(apiUrl('idle-held', { hours: IDLE_HOURS, limit }, filters), signal)
}
