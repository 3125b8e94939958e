import { expect, test } from 'vitest'
import type { ExploreAnswer } from '#schemas/api-explore.ts'
import { chartOf, csvHeader, csvRows, figuresOf, linesOf, lookOf, valueText } from './lines.ts'

const group = (key: string | null, values: (number | null)[]) => ({
  key,
  values,
  coverage: values.map((value) => (value === null ? 0 : 1)),
  mean: 1,
  mean_coverage: 0.5,
  sources: 8,
})
const answer: ExploreAnswer = {
  definition: '2026.1',
  simulated: true,
  settled_until: null,
  from: '2026-05-04T08:00:00.000Z',
  to: '2026-05-04T08:03:00.000Z',
  provisional: false,
  resolution: 'raw',
  per: 'reading',
  held_from: null,
  places: 'then',
  metric: {
    name: 'device.energy_joules_total',
    family: 'device',
    label: { en: 'Energy', zh: '能耗' },
    unit: 'joules',
    kind: 'counter',
    text: { en: 'x', zh: 'x' },
    stats: ['avg'],
    fields: ['tenant'],
  },
  stat: 'avg',
  group_by: 'tenant',
  t0: 1_777_881_600_000,
  step_ms: 60_000,
  groups: [group('t1', [1, null, 3]), group('t2', [5, 6, 7])],
  groups_total: 30,
  names: { tenant: { t1: 'Vision' } },
}

test('lines have names, hidden ones are not drawn, and a week before stands dashed beside its group', () => {
  const before = { ...answer, groups: [group('t2', [4, 4])] }
  const lines = linesOf(answer, before, ['t1'])
  expect(lines.map(({ name, isHidden }) => [name, isHidden])).toEqual([
    ['Vision', true],
    ['t2', false],
  ])
  const { spec, columns, times } = chartOf(answer, lines, {
    lang: 'en',
    timeZone: 'UTC',
    before: 'last week',
  })
  expect(spec.lines.map(({ label, colour }) => [label, colour])).toEqual([
    ['t2', '--line-2'],
    ['t2 last week', '--line-2'],
  ])
  expect(columns).toEqual([
    [5, 6, 7],
    [4, 4, null],
  ])
  expect(times).toHaveLength(3)
})

test('a counter is told as a rate: joules a second are watts', () => {
  expect(valueText(answer.metric, 250, 'en')).toMatch(/250.W/)
  expect(valueText(answer.metric, null, 'en')).toBe('—')
})

test('twenty lines look different from each other', () => {
  const looks = Array.from({ length: 20 }, (_, at) => JSON.stringify(lookOf(at)))
  expect(new Set(looks).size).toBe(20)
})

test('figures and the file are those of the lines, as they are', () => {
  const lines = linesOf(answer, null, [])
  expect(lines.map(figuresOf)[0]).toEqual({ last: 3, lowest: 1, highest: 3 })
  expect(csvHeader(answer)).toEqual([
    'from',
    'tenant',
    'device.energy_joules_total avg (joules per second)',
    'coverage',
  ])
  expect(csvRows(answer, lines)).toHaveLength(6)
  expect(csvRows(answer, lines)[1]).toEqual(['2026-05-04T08:01:00.000Z', 't1', null, 0])
})
