import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SchedulerFacts } from '#schemas/alerts/scheduler-facts.ts'
import { waitingWork } from './waiting.ts'

const told = (
  free: SchedulerFacts['free'],
  waiting: readonly (readonly [devices: number, queue?: string, tasks?: number])[],
): SchedulerFacts => ({
  running: [],
  free,
  waiting: waiting.map(([devices, queue = '', tasks = 1], at) => ({
    job: String(at),
    tenant: '',
    queue,
    devices,
    tasks,
    submittedMs: at,
  })),
  ended: [],
  begun: [],
})
const room = (hall: string, devices: number, pool = 'train') => ({ hall, pool, devices })

describe('waiting work that fits', () => {
  it('is not known without a scheduler, and none where nothing waits', () => {
    expect(waitingWork(null)).toBeNull()
    expect(waitingWork(told([room('h1', 512)], []))).toEqual({ devices: 0, fits: 0, where: '' })
  })

  it('fits into one hall or not at all, and names where most of it does', () => {
    const work = waitingWork(told([room('h1', 300), room('h2', 412)], [[500], [400], [200]]))
    expect(work).toEqual({ devices: 1100, fits: 600, where: 'h2' })
  })

  it('leaves large rooms to large jobs', () => {
    expect(waitingWork(told([room('h1', 512), room('h2', 64)], [[64], [512]]))?.fits).toBe(576)
  })

  it('asks for the pool that its queue is named after', () => {
    const rooms = [room('h1', 100, 'train'), room('h1', 100, 'serve')]
    expect(
      waitingWork(
        told(rooms, [
          [60, 'train'],
          [60, 'train'],
          [60, 'serve'],
        ]),
      )?.fits,
    ).toBe(120)
    expect(
      waitingWork(
        told(rooms, [
          [60, 'other'],
          [60, 'other'],
        ]),
      )?.fits,
    ).toBe(120)
  })

  it('counts the tasks of an array, in as many rooms as it takes', () => {
    const rooms = [room('h1', 20), room('h2', 36)]
    expect(waitingWork(told(rooms, [[8, '', 100]]))).toEqual({
      devices: 800,
      fits: 48,
      where: 'h2',
    })
    expect(waitingWork(told(rooms, [[8, '', 3]]))?.fits).toBe(24)
  })

  it('never fits more than waits or is free', () => {
    const devices = fc.integer({ min: 1, max: 600 })
    fc.assert(
      fc.property(
        fc.array(devices, { maxLength: 6 }),
        fc.array(devices, { maxLength: 12 }),
        (free, jobs) => {
          const work = waitingWork(
            told(
              free.map((size, at) => room(`h${at}`, size)),
              jobs.map((size) => [size]),
            ),
          )
          const sum = (all: readonly number[]) => all.reduce((a, b) => a + b, 0)
          expect(work?.fits).toBeLessThanOrEqual(Math.min(sum(free), sum(jobs)))
          expect(work?.devices).toBe(sum(jobs))
        },
      ),
    )
  })
})
