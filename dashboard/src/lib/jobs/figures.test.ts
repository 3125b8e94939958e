import { expect, it } from 'vitest'
import type { JobDevice } from '#schemas/api-jobs.ts'
import { FleetSummary } from '#schemas/api.ts'
import { JobsAnswer } from '#schemas/api-jobs.ts'
import { OwnersAnswer } from '#schemas/api-ledger.ts'
import { ownersAt } from '../../../testing/stub-energy.ts'
import { groupedByTenant, jobsAt } from '../../../testing/stub-jobs.ts'
import { deviceSheet, jobSheet, tenantSheet } from './csv.ts'
import { behindOf, medianOf, stripsInOrder, trendOf } from './figures.ts'
import { filtersOf, isFiltered, nextOrder, partsOf, readQuestion, readTab } from './question.ts'

const device = (id: number, node: string, utilization: number | null): JobDevice => ({
  device_id: String(id),
  node,
  rack: 'r1',
  index: id % 8,
  gpu_hours: 1,
  utilization,
  coverage: 1,
  active: null,
  effective: null,
  idle_hours: 0,
  power_watts: null,
})

it('the slowest rank stands out of its job, and its node comes first', () => {
  const devices = [
    device(1, 'n1', 0.9),
    device(2, 'n1', 0.86),
    device(3, 'n2', 0.5),
    device(4, 'n2', null),
  ]
  expect(medianOf(devices.map(({ utilization }) => utilization))).toBe(0.86)
  expect(behindOf(devices).map(({ device_id }) => device_id)).toEqual(['3'])
  expect(stripsInOrder(devices).map(({ node, devices: own }) => [node, own.length])).toEqual([
    ['n2', 2],
    ['n1', 2],
  ])
  expect(behindOf([device(1, 'n1', null)])).toEqual([])
  expect(medianOf([0.2, null, 0.4])).toBeCloseTo(0.3)
})

it('four weeks of a tenant are its days, and weeks as the server sums them', () => {
  const values = Array.from({ length: 28 }, (_day, at) => (at === 3 ? null : 0.6))
  const frame = {
    definition: '2026.1',
    from: '',
    to: '',
    resolution: '1d' as const,
    settled_until: null,
    provisional: false,
    simulated: true,
  }
  const series = {
    key: { tenant: 'a' },
    metric: 'utilization',
    unit: 'ratio',
    t0: 0,
    step_ms: 86_400_000,
    values,
    coverage: values.map(() => 1),
  }
  const nothing = { ...frame, groups: [], pending_devices: 0 }
  const week = FleetSummary.parse(groupedByTenant(0.5, Date.parse('2026-11-23T15:00:30Z')))
  const [group] = week.groups
  const tenant = group?.key['tenant'] ?? ''
  const days = { ...frame, groups: [{ ...series, key: { tenant } }] }
  expect(trendOf({ days, lately: week, before: nothing }, tenant)).toEqual({
    values,
    lately: 0.5,
    before: null,
  })
  expect(trendOf({ days, lately: week, before: week }, 'b')).toBeNull()
  expect(trendOf(null, tenant)).toBeNull()
})

it('a question is its address and back; typed names are beginnings', () => {
  const text = 'tenant=a&job=88&state=ended&low=1&devices=8&sort=utilization&cursor=c&page=1'
  const question = readQuestion(new URLSearchParams(text))
  const parts = Object.entries(partsOf(question)).filter(
    ([, value]) => value !== null && value !== '',
  )
  expect(new URLSearchParams(parts.map(([name, value]) => [name, value ?? ''])).toString()).toBe(
    new URLSearchParams(
      'tenant=a&job=88&state=ended&low=1&devices=8&sort=utilization&cursor=c&page=1',
    ).toString(),
  )
  expect(filtersOf(question)).toEqual([
    { field: 'tenant', op: 'eq', value: 'a' },
    { field: 'job', op: 'prefix', value: '88' },
  ])
  const plain = readQuestion(new URLSearchParams('devices=-3&sort=size&page=4'))
  expect(isFiltered(plain)).toBe(false)
  expect(plain).toMatchObject({
    devicesMin: 1,
    page: 0,
    order: { column: 'lost_usd', descending: true },
  })
  expect(nextOrder(plain.order, 'utilization')).toEqual({
    column: 'utilization',
    descending: false,
  })
  expect(readTab(new URLSearchParams('tab=owners'))).toBe('jobs')
})

it('what is saved has a cell for every heading, and nothing where nothing is known', () => {
  const now = Date.parse('2026-11-23T15:00:30Z')
  const { jobs } = JobsAnswer.parse(jobsAt(new URLSearchParams(), now))
  const { owners } = OwnersAnswer.parse(ownersAt(new URLSearchParams(), now))
  for (const { header, rows } of [
    jobSheet(jobs),
    tenantSheet(owners, null),
    deviceSheet([device(1, 'n1', null)]),
  ]) {
    expect(rows.length).toBeGreaterThan(0)
    expect(rows.every((row) => row.length === header.length)).toBe(true)
  }
  const { header, rows } = jobSheet(jobs)
  expect(rows[0]?.[header.indexOf('effective')]).toBeNull()
})
