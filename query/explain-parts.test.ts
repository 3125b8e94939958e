import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ExplainCause } from '#schemas/api-explain.ts'
import type { Parts } from './explain-parts.ts'
import { explainToys, type ToyDevice, toyFleet } from './explain.testing.ts'

const Device = fc.record({
  id: fc.constant(0),
  node: fc.constantFrom('n1', 'n2', 'n3', 'n4'),
  rack: fc.constantFrom('r1'),
  job: fc.constantFrom('', 'j1', 'j2', 'j3'),
  state: fc.constantFrom(
    ...(['active', 'idle', 'free', 'failed', 'drained', 'verification', 'silent'] as const),
  ),
  busy: fc.integer({ min: 0, max: 1000 }).map((value) => value / 1000),
  source: fc.integer({ min: 1, max: 3 }),
  throttled: fc.integer({ min: 0, max: 400 }).map((value) => value / 1000),
})
const Fleet = fc.array(Device, { minLength: 1, maxLength: 40 })
const Length = fc.integer({ min: 1, max: 240 }).map((minutes) => minutes * 60_000)

const ppmOf = ({ parts }: Parts, ...causes: readonly ExplainCause[]) =>
  parts.reduce((sum, part) => sum + (causes.includes(part.cause) ? part.change_ppm : 0), 0)

describe('any two ledgers', () => {
  test('parts and residual sum to the change, contributors and others to their part', () => {
    fc.assert(
      fc.property(Fleet, Fleet, Length, Length, (a, b, aMs, bMs) => {
        const found = explainToys(a, b, { aMs, bMs })
        if (found.changePpm === null) {
          expect([found.parts, found.residualPpm]).toEqual([[], 0])
          return
        }
        const sum = found.parts.reduce((total, part) => total + part.change_ppm, 0)
        expect(sum + found.residualPpm).toBe(found.changePpm)
        for (const part of found.parts) {
          const told = part.contributors.reduce((total, one) => total + one.change_ppm, 0)
          expect(told + part.others.change_ppm).toBe(part.change_ppm)
          expect(part.contributors.length).toBeLessThanOrEqual(10)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('exchanged, they change in the opposite direction, cause by cause', () => {
    fc.assert(
      fc.property(Fleet, Fleet, Length, Length, (a, b, aMs, bMs) => {
        const there = explainToys(a, b, { aMs, bMs })
        const back = explainToys(b, a, { aMs: bMs, bMs: aMs })
        if (there.changePpm === null) {
          expect(back.changePpm).toBeNull()
          return
        }
        expect((back.changePpm ?? 0) + there.changePpm).toBe(0)
        for (const cause of [
          'drained',
          'failed',
          'verification',
          'telemetry_lost',
          'capacity_changed',
          'measurement_changed',
          'jobs_stalled',
          'throttled',
        ] as const)
          expect([cause, ppmOf(there, cause) + ppmOf(back, cause)]).toEqual([cause, 0])
        // What ends one way round starts the other way; each of the three is rounded by itself.
        const turnover = ['jobs_ended', 'jobs_failed', 'jobs_started'] as const
        expect(Math.abs(ppmOf(there, ...turnover) + ppmOf(back, ...turnover))).toBeLessThanOrEqual(
          3,
        )
        const more = ppmOf(there, 'same_jobs_more_efficient')
        expect(ppmOf(back, 'same_jobs_less_efficient') + more).toBe(0)
      }),
      { numRuns: 500 },
    )
  })

  test('an unchanged ledger has no causes, however long its windows', () => {
    fc.assert(
      fc.property(Fleet, Length, Length, (fleet, aMs, bMs) => {
        const { changePpm, parts, residualPpm } = explainToys(fleet, fleet, { aMs, bMs })
        expect([changePpm ?? 0, parts, residualPpm]).toEqual([0, [], 0])
      }),
    )
  })

  test('what is left over is rounding and time without a job', () => {
    fc.assert(
      fc.property(Fleet, Fleet, (a, b) => {
        // Of quiet time the toy fleet is busy for 0.004 at most.
        expect(Math.abs(explainToys(a, b).residualPpm)).toBeLessThanOrEqual(4000)
      }),
      { numRuns: 500 },
    )
  })
})

describe('one cause put into a fleet is named with at least 95 % of the change', () => {
  const fleet = toyFleet(64)
  const change = (
    touch: (device: ToyDevice) => boolean,
    to: (device: ToyDevice) => Partial<ToyDevice>,
  ) => fleet.map((device) => (touch(device) ? { ...device, ...to(device) } : device))
  const rack = (device: ToyDevice) => device.rack === 'r3'
  const job = ({ job: name }: ToyDevice) => name === 'job-5'

  const cases: readonly [string, ExplainCause, ToyDevice[], string][] = [
    ['a job ends', 'jobs_ended', change(job, () => ({ state: 'free', job: '' })), 'job-5'],
    ['a job stalls', 'jobs_stalled', change(job, () => ({ state: 'idle' })), 'job-5'],
    ['a rack is drained', 'drained', change(rack, () => ({ state: 'drained', job: '' })), 'r3'],
    ['a rack fails with its jobs held', 'failed', change(rack, () => ({ state: 'failed' })), 'r3'],
    ['a collector is lost', 'telemetry_lost', change(rack, () => ({ state: 'silent' })), 'r3'],
    ['a rack is burned in', 'verification', change(rack, () => ({ state: 'verification' })), 'r3'],
    [
      'half of the fleet reads another counter',
      'measurement_changed',
      change(
        ({ id }) => id % 2 === 0,
        ({ busy }) => ({ source: 2, busy: busy - 0.25 }),
      ),
      'gr_engine_active -> gpu_util',
    ],
    [
      'a job does less',
      'same_jobs_less_efficient',
      change(job, ({ busy }) => ({ busy: busy - 0.3 })),
      'job-5',
    ],
    [
      'a job does more',
      'same_jobs_more_efficient',
      change(job, ({ busy }) => ({ busy: busy + 0.05 })),
      'job-5',
    ],
    [
      'a rack throttles and its work slows by as much',
      'throttled',
      change(rack, ({ busy }) => ({ busy: busy - 0.2, throttled: 0.25 })),
      'r3',
    ],
    [
      'a free node gets work',
      'jobs_started',
      change(
        ({ node }) => node === 'n007',
        () => ({ state: 'active', job: 'new', busy: 0.9 }),
      ),
      'new',
    ],
    ['a rack goes away', 'capacity_changed', fleet.filter((device) => !rack(device)), 'r3'],
  ]
  for (const [name, cause, after, who] of cases) {
    test(name, () => {
      const { changePpm, parts, residualPpm } = explainToys(fleet, after)
      const part = parts.find((one) => one.cause === cause)
      expect(changePpm).not.toBe(0)
      expect((part?.change_ppm ?? 0) / (changePpm ?? 1)).toBeGreaterThanOrEqual(0.95)
      expect(part?.contributors[0]?.name).toBe(who)
      expect(Math.abs(residualPpm)).toBeLessThanOrEqual(10)
    })
  }

  test('a job dies because one of its nodes failed: the rest of its devices is told of the failure', () => {
    const after = fleet.map((device): ToyDevice => {
      if (device.job !== 'job-5') return device
      return { ...device, job: '', state: device.node === 'n010' ? 'failed' : 'free' }
    })
    const found = explainToys(fleet, after)
    expect(ppmOf(found, 'failed', 'jobs_failed') / (found.changePpm ?? 1)).toBeGreaterThan(0.95)
    expect(found.parts.map(({ cause }) => cause).sort()).toEqual(['failed', 'jobs_failed'])
    const told = found.parts.find(({ cause }) => cause === 'jobs_failed')?.contributors[0]
    expect(told).toMatchObject({ name: 'job-5', nodes: 'n011', devices: 8, devices_still_held: 0 })
  })

  test('one job after another on the same devices is told as one of both, with the difference', () => {
    const next = (busy: number) => change(job, () => ({ job: 'next', busy }))
    expect(explainToys(fleet, next(0.2)).parts.map(({ cause }) => cause)).toEqual(['jobs_ended'])
    expect(explainToys(fleet, next(0.99)).parts.map(({ cause }) => cause)).toEqual(['jobs_started'])
  })

  test('in a question about holders, devices that leave it were given back', () => {
    const own = fleet.filter(({ state }) => state === 'active')
    const after = own.filter((device) => !job(device))
    const { parts } = explainToys(own, after, { isHolderScope: true })
    expect(parts.map(({ cause, contributors }) => [cause, contributors[0]?.name])).toEqual([
      ['jobs_ended', 'job-5'],
    ])
  })

  test('throttling that utilization does not show is told with its hours', () => {
    const { changePpm, parts } = explainToys(
      fleet,
      change(rack, () => ({ throttled: 0.25 })),
    )
    expect(changePpm).toBe(0)
    expect(parts).toMatchObject([{ cause: 'throttled', change_ppm: 0, device_hours: 6 }])
  })
})

test('the example of docs/explain.md', () => {
  const device = (id: number, state: ToyDevice['state']): ToyDevice => ({
    id,
    node: id < 6 ? 'n1' : 'n2',
    rack: 'r1',
    job: id < 6 ? 'j' : '',
    state,
    busy: 0.9,
    source: 1,
  })
  const states = (...all: readonly ToyDevice['state'][]) =>
    all.map((state, id) => device(id, state))
  const a = states(
    ...(['active', 'active', 'active', 'active', 'active', 'active'] as const),
    ...(['free', 'free', 'free', 'free'] as const),
  )
  const b = states(
    ...(['active', 'active', 'drained', 'drained', 'drained', 'drained'] as const),
    ...(['free', 'free', 'silent', 'silent'] as const),
  )
  const found = explainToys(a, b)
  expect(found).toMatchObject({ changePpm: -315_000, residualPpm: 0 })
  expect([ppmOf(found, 'drained'), ppmOf(found, 'telemetry_lost')]).toEqual([-400_000, 85_000])
})
