import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SchedulerBook } from '#schemas/scheduler-book.ts'
import type { SchedulerJob } from '#schemas/scheduler-job.ts'
import { jobBodies, jobsChange, NOTHING_TOLD, TOLD_EVERY_MS } from './told-jobs.ts'

const NOW = Date.UTC(2026, 10, 23)
const job = (holder: string, more: Partial<SchedulerJob> = {}): SchedulerJob => ({
  holder,
  job: `${holder} train`,
  account: 'atlas',
  queue: 'large',
  devices: 64,
  tasks: 1,
  submitted_ms: NOW - 7_200_000,
  started_ms: NOW - 3_600_000,
  limit_ms: 86_400_000,
  ...more,
})
const look = (jobs: readonly SchedulerJob[], unread: readonly string[] = []) => ({
  jobs,
  unread: new Set(unread),
})

describe('what a scheduler has told', () => {
  it('is told once, and again when it changes or a quarter of an hour has passed', () => {
    const first = jobsChange(NOTHING_TOLD, look([job('1'), job('2')]), NOW)
    expect(first.jobs.map(({ holder }) => holder)).toEqual(['1', '2'])
    const told = first.told ?? NOTHING_TOLD
    expect(jobsChange(told, look([job('1'), job('2')]), NOW + 30_000).told).toBeNull()
    const later = jobsChange(told, look([job('1', { limit_ms: null })], ['2']), NOW + 30_000)
    expect(later.jobs).toEqual([job('1', { limit_ms: null })])
    expect(later.gone).toEqual([])
    expect(later.told?.jobs.map(({ holder }) => holder)).toEqual(['1', '2'])
    expect(jobsChange(told, look([job('1')]), NOW + 30_000).gone).toEqual(['2'])
    const quiet = jobsChange(told, look([job('1'), job('2')]), NOW + TOLD_EVERY_MS)
    expect(jobBodies('basalt', quiet)).toEqual([
      { kind: 'scheduler_jobs', cluster: 'basalt', jobs: [], gone: [] },
    ])
  })

  it('told piece by piece, the book holds what the last look showed, whatever came before', () => {
    const jobs = fc.uniqueArray(
      fc.record({
        holder: fc.constantFrom('1', '2', '3', '4', '5'),
        devices: fc.integer({ min: 1, max: 9 }),
        started_ms: fc.constantFrom(null, NOW, NOW + 1000),
      }),
      { selector: ({ holder }) => holder },
    )
    fc.assert(
      fc.property(fc.array(jobs, { maxLength: 8 }), (looks) => {
        const book = new SchedulerBook()
        let told = NOTHING_TOLD
        let sequence = 0
        for (const [at, seen] of looks.entries()) {
          const change = jobsChange(told, look(seen.map((one) => job(one.holder, one))), NOW + at)
          told = change.told ?? told
          for (const body of jobBodies('basalt', change))
            book.take({ sequence: ++sequence, at_ms: NOW + at, who: 'test', body })
        }
        const held = [...(book.clusters.get('basalt')?.jobs.values() ?? [])]
        const last = (looks.at(-1) ?? []).map((one) => job(one.holder, one))
        const byHolder = (a: SchedulerJob, b: SchedulerJob) => (a.holder < b.holder ? -1 : 1)
        expect(held.toSorted(byHolder)).toEqual(last.toSorted(byHolder))
      }),
    )
  })

  it('runs that begin and end are kept to learn from, once each', () => {
    const book = new SchedulerBook()
    const take = (sequence: number, jobs: SchedulerJob[], gone: string[]) =>
      book.take({
        sequence,
        at_ms: NOW + sequence,
        who: 'test',
        body: { kind: 'scheduler_jobs', cluster: 'basalt', jobs, gone },
      })
    take(1, [job('1', { started_ms: null })], [])
    take(2, [job('1')], [])
    take(2, [job('1')], [])
    // Requeued: the same id runs again from another start.
    take(3, [job('1', { started_ms: NOW })], [])
    take(4, [], ['1'])
    expect(book.begun.map(({ startedMs }) => startedMs)).toEqual([NOW - 3_600_000, NOW])
    expect(book.ended.map(({ startedMs, endedMs }) => [startedMs, endedMs])).toEqual([
      [NOW - 3_600_000, NOW + 3],
      [NOW, NOW + 4],
    ])
    expect(book.clusters.get('basalt')).toEqual({ toldMs: NOW + 4, jobs: new Map() })
  })
})
