import { describe, expect, it } from 'vitest'
import {
  changesOf,
  endsOf,
  NOTHING_KNOWN,
  refillShare,
  type RunningJob,
  stepsOf,
  usesOf,
} from './known.ts'

const NOW = Date.UTC(2026, 0, 5, 12)
const HOUR_MS = 3_600_000
const job = (more: Partial<RunningJob>): RunningJob => ({
  name: '884213',
  tenant: 'videogen',
  queue: 'large',
  devices: 4096,
  utilization: 0.9,
  startedMs: NOW - 10 * HOUR_MS,
  endsMs: null,
  limitMs: 12 * HOUR_MS,
  ...more,
})
const uses = usesOf([
  { tenant: 'videogen', queue: 'large', ratios: [0.5, 0.9, 0.95, 1] },
  { tenant: 'chat', queue: 'large', ratios: [0.2, 0.3, 0.4] },
])

describe('known facts', () => {
  it('a limit is scaled by what jobs of tenant and queue used of theirs, as far as the job has not outlived them', () => {
    // At 10 of 12 hours the case of 0.5 is over: left are 0.9, 0.95 and 1.
    const end = endsOf(job({}), uses, NOW)
    expect(end(0.5)).toBeCloseTo(NOW - 10 * HOUR_MS + 0.95 * 12 * HOUR_MS, -1)
    expect(end(0)).toBeGreaterThanOrEqual(NOW)
  })

  it('a job that outlived all others of its tenant ends somewhere up to its limit', () => {
    const end = endsOf(job({ tenant: 'chat' }), uses, NOW)
    expect(end(0)).toBeCloseTo(NOW, -2)
    expect(end(0.999)).toBeLessThanOrEqual(NOW + 2 * HOUR_MS)
  })

  it('without a limit, or over it, a job never ends', () => {
    expect(endsOf(job({ limitMs: null }), uses, NOW)(0.1)).toBe(Number.POSITIVE_INFINITY)
    expect(endsOf(job({ limitMs: HOUR_MS }), uses, NOW)(0.1)).toBe(Number.POSITIVE_INFINITY)
  })

  it('an end that is known is the end', () => {
    expect(endsOf(job({ endsMs: NOW + 60_000 }), uses, NOW)(0.9)).toBe(NOW + 60_000)
  })

  it('small jobs are no steps', () => {
    const facts = { ...NOTHING_KNOWN, jobs: [job({}), job({ name: 'small', devices: 64 })] }
    expect(stepsOf(facts, 50_000).jobs.map(({ name }) => name)).toEqual(['884213'])
  })

  it('waiting work that fits takes what an ended job leaves, in its order, and what is too large does not block it', () => {
    const wait = (name: string, devices: number) => ({
      name,
      tenant: 'chat',
      devices,
      tasks: 1,
      utilization: 0.8,
    })
    const facts = {
      ...NOTHING_KNOWN,
      jobs: [job({})],
      waiting: [wait('too large', 5000), wait('fits', 4000), wait('no room left', 200)],
    }
    const changes = changesOf(facts, NOW, [{ atMs: NOW + HOUR_MS, isFollowed: false }])
    expect(changes.map(({ name, busyDevices, atMs }) => [name, busyDevices, atMs - NOW])).toEqual([
      ['884213', -3686.4, HOUR_MS],
      ['fits', 3200, HOUR_MS + 300_000],
    ])
  })

  it('drains take devices away and give them back', () => {
    const plan = {
      name: 'row 4',
      devices: 2000,
      utilization: 0.8,
      fromMs: NOW + HOUR_MS,
      toMs: NOW + 3 * HOUR_MS,
    }
    const changes = changesOf({ ...NOTHING_KNOWN, plans: [plan] }, NOW, [])
    expect(changes.map(({ busyDevices }) => busyDevices)).toEqual([-1600, 1600])
  })

  it('work that nobody sees yet follows as often as it did, more the further ahead', () => {
    const refills = [
      { aheadMs: HOUR_MS, share: 0.2 },
      { aheadMs: 3 * HOUR_MS, share: 0.6 },
    ]
    expect(refillShare(refills, HOUR_MS / 2)).toBeCloseTo(0.1)
    expect(refillShare(refills, 2 * HOUR_MS)).toBeCloseTo(0.4)
    expect(refillShare(refills, 9 * HOUR_MS)).toBe(0.6)
    expect(refillShare([], HOUR_MS)).toBe(0)
    const facts = { ...NOTHING_KNOWN, jobs: [job({})] }
    const changes = changesOf(facts, NOW, [{ atMs: NOW + HOUR_MS, isFollowed: true }])
    expect(changes.map(({ busyDevices }) => busyDevices)).toEqual([-3686.4, 3686.4])
  })
})
