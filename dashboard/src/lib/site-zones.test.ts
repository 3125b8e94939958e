import { expect, it } from 'vitest'
import type { ZonesAnswer } from '#schemas/api-zones.ts'
import { FLEET, levelsAt, stepsOf } from './site-zones.ts'
import { LEVELS, standing } from './zones.ts'

const levels = (from_ms: number, ticket: number, danger = 0.4) => ({
  from_ms,
  ticket,
  watch: 0.5,
  warn: 0.45,
  danger,
})
type Set = ZonesAnswer['sets'][number]
const set = (over: Partial<Set>): Set => ({
  name: 'fleet',
  scope: 'fleet',
  value: '',
  tier: 'busy',
  owner: '',
  in_force: null,
  levels: [levels(1_000, 0.55), levels(5_000, 0.75)],
  ...over,
})
const answer = (...sets: Set[]): ZonesAnswer => ({
  definition: '2026.1',
  simulated: false,
  at: '2026-05-04T08:00:00Z',
  is_default: false,
  sets,
})
const ticketOf = (told: ZonesAnswer | null, scope: string, value: string, atMs: number) =>
  levelsAt(told, { scope, value }, atMs).find(({ zone }) => zone === 'ticket')?.below

it('lines of a moment are those that began last, and the default before any did', () => {
  const told = answer(set({}))
  expect(ticketOf(told, 'fleet', '', 4_999)).toBe(0.55)
  expect(ticketOf(told, 'fleet', '', 5_000)).toBe(0.75)
  expect(levelsAt(told, { scope: 'fleet', value: '' }, 999)).toEqual(LEVELS)
  expect(levelsAt(null, { scope: 'hall', value: 'h1' }, 9_000)).toEqual(LEVELS)
})

it('a group has its own lines before those of its kind, and these before the fleet’s', () => {
  const told = answer(
    set({}),
    set({ name: 'halls', scope: 'hall', value: '*', levels: [levels(0, 0.6)] }),
    set({ name: 'h1', scope: 'hall', value: 'h1', levels: [levels(0, 0.5)] }),
    set({
      name: 'work',
      scope: 'model',
      value: 'H100',
      tier: 'effective',
      levels: [levels(0, 0.3)],
    }),
  )
  expect(ticketOf(told, 'hall', 'h1', 9_000)).toBe(0.5)
  expect(ticketOf(told, 'hall', 'h2', 9_000)).toBe(0.6)
  expect(ticketOf(told, 'hall', '', 9_000)).toBe(0.75)
  // A line of another tier says nothing about busy.
  expect(ticketOf(told, 'model', 'H100', 9_000)).toBe(0.75)
})

it('a chart over a change has a step, and none where a line stayed', () => {
  const told = answer(set({}))
  const steps = (fromMs: number, toMs: number) =>
    stepsOf(told, FLEET, { fromMs, toMs }).map(({ zone, steps: found }) => [
      zone,
      ...found.map(({ atMs, below }) => [atMs, below]),
    ])
  expect(steps(2_000, 9_000)).toEqual([
    ['ticket', [1_000, 0.55], [5_000, 0.75]],
    ['watch', [1_000, 0.5]],
    ['warn', [1_000, 0.45]],
    ['danger', [1_000, 0.4]],
  ])
  expect(steps(6_000, 9_000)[0]).toEqual(['ticket', [5_000, 0.75]])
  expect(steps(0, 500)[0]).toEqual(['ticket'])
  expect(stepsOf(null, FLEET, { fromMs: 0, toMs: 1 })[3]?.steps).toEqual([{ atMs: 0, below: 0.6 }])
})

it('a ramping site stands by its own lines', () => {
  const reading = { utilization: 0.58, util_lo: 0.58, util_hi: 0.58, coverage: 1 }
  const own = levelsAt(answer(set({})), { scope: 'fleet', value: '' }, 2_000)
  expect(standing(reading)).toMatchObject({ zone: 'danger' })
  expect(standing(reading, own)).toMatchObject({ zone: 'ok' })
})
