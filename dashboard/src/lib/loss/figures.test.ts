import { expect, it } from 'vitest'
import { LedgerAnswer, LossAnswer } from '#schemas/api-ledger.ts'
import { ledgerAt, lossAt } from '../../../testing/stub-loss.ts'
import { fallSheet, groupSheet } from './csv.ts'
import { fallOf } from './figures.ts'
import { groupHref, groupName, othersOf } from './group-name.ts'
import { lineName, mailOf } from './idle.ts'
import { nextOrder, orderText, readQuestion, withParts } from './question.ts'

const NOW = Date.parse('2026-11-23T15:00:30Z')
const [ledger] = LedgerAnswer.parse(ledgerAt(new URLSearchParams(), NOW)).groups
const [loss] = LossAnswer.parse(lossAt(new URLSearchParams(), NOW)).groups
if (ledger === undefined || loss === undefined) throw new Error('the stub has a fleet')
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)

it('hours sum as printed from capacity to busy, dollars by column, payers apart', () => {
  const fall = fallOf(ledger, loss)
  expect(fall.busyPrinted + sum(fall.steps.map(({ printed }) => printed))).toBe(
    Math.round(fall.capacity),
  )
  expect(fall.busy).toBeCloseTo(fall.capacity - sum(fall.steps.map(({ hours }) => hours)), 6)
  for (const payer of ['ours', 'customer'] as const) {
    const lines = [...fall.steps, ...fall.work].map((line) => line[payer] ?? 0)
    expect(sum(lines)).toBe(fall.total[payer])
    expect(fall.total[payer]).toBe(Math.round(loss.payers[payer].usd ?? -1))
  }
})

it('reserve is told apart from idle in hours and in money, and unknown has no price', () => {
  const { steps } = fallOf(ledger, loss)
  const of = (name: string) => steps.find(({ step }) => step === name)
  const idle = (of('idle_held')?.hours ?? 0) + (of('reserve')?.hours ?? 0)
  expect(idle).toBeCloseTo(loss.by_state.idle_held.gpu_hours, 6)
  expect(of('unknown')).not.toHaveProperty('ours')
  expect(of('sold')).not.toHaveProperty('ours')
})

it('without a price there are no dollars, not $0', () => {
  const unpriced = { gpu_hours: 5, usd: null }
  const [line] = fallOf(ledger, {
    ...loss,
    by_state: { ...loss.by_state, failed: unpriced },
  }).steps
  expect(line).toMatchObject({ step: 'failed', ours: null })
})

it('lines have names and lead on; what is not shown is what is left of the whole', () => {
  expect(groupName({ cluster: 'east', hall: 'h1' }, 'hall', {})).toBe('east / h1')
  expect(groupName({ tenant: 'v' }, 'tenant', { v: 'VideoGen' })).toBe('VideoGen')
  expect(groupHref({ tenant: '' }, 'tenant')).toBeNull()
  expect(groupHref({ cluster: 'e', job: 'a/b', tenant: 'v' }, 'job')).toBe('/jobs/a%2Fb?cluster=e')
  const answer = LossAnswer.parse(lossAt(new URLSearchParams('group_by=tenant'), NOW))
  const others = othersOf(answer, loss)
  expect(others?.count).toBe(4)
  expect(
    (others?.hours ?? 0) + sum(answer.groups.map((group) => group.lost_gpu_hours)),
  ).toBeCloseTo(loss.lost_gpu_hours, 6)
  expect(mailOf('team@example.com')).toBe('mailto:team@example.com')
  expect(mailOf('phone 555')).toBeNull()
  expect(lineName({ key: { tenant: 'v' } }, 'tenant', { v: 'VideoGen' })).toBe('VideoGen')
})

it('what the tables show is in the address, and what is usual leaves it clean', () => {
  const question = readQuestion(
    new URLSearchParams('by=job&sort=gpu_hours&line=node&cursor=c&page=2'),
  )
  expect(question).toMatchObject({ by: 'job', idleBy: 'node', idleSort: 'usd_per_hour', page: 2 })
  expect(orderText(nextOrder(question.order, 'gpu_hours'))).toBe('-gpu_hours')
  expect(orderText(nextOrder(question.order, 'utilization'))).toBe('utilization')
  const params = new URLSearchParams('by=job&cursor=c&page=2')
  expect(withParts(params, { by: null })).toBe('')
  expect(withParts(params, { cursor: 'd', page: '3' })).toBe('?by=job&cursor=d&page=3')
})

it('what is saved sums as what is shown, a column of one width, dollars of nobody empty', () => {
  const { header, rows } = fallSheet(fallOf(ledger, loss))
  const hours = new Map(rows.map(([step, value]) => [step, Number(value)]))
  const steps = rows.slice(
    1,
    rows.findIndex(([step]) => step === 'busy'),
  )
  const left = steps.reduce((all, [, value]) => all + Number(value), hours.get('capacity') ?? 0)
  expect(left).toBeCloseTo(hours.get('busy') ?? -1, 6)
  expect(rows.every((row) => row.length === header.length)).toBe(true)
  expect(rows.find(([step]) => step === 'unknown')?.slice(2)).toEqual([null, null])
  const grouped = LossAnswer.parse(lossAt(new URLSearchParams('group_by=cluster,job,tenant'), NOW))
  const sheet = groupSheet(grouped)
  expect(sheet.header.slice(0, 3)).toEqual(['cluster', 'job', 'tenant'])
  expect(sheet.rows.every((row) => row.length === sheet.header.length)).toBe(true)
})
