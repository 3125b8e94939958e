import { describe, expect, it } from 'vitest'
import type { JournalEntry } from '#schemas/journal.ts'
import { SchedulerJob } from '#schemas/scheduler-job.ts'
import { memoryJournal } from '../../alerts/engine/engine.testing.ts'
import { entriesBetween, queueFigures } from './queue.ts'
import { waitsIn } from './waits.ts'

const T0 = Date.UTC(2026, 10, 15, 16)
const HOUR_MS = 3_600_000
const at = (hours: number) => T0 + hours * HOUR_MS
const WINDOW = { fromMs: T0, toMs: at(10) }
const NOBODY = { clusters: new Map(), ended: [], begun: [] }

const job = (holder: string, more: Partial<SchedulerJob> = {}) =>
  SchedulerJob.parse({
    holder,
    job: holder,
    queue: 'main',
    devices: 8,
    submitted_ms: at(0),
    started_ms: null,
    limit_ms: null,
    ...more,
  })
let sequence = 0
const told = (hours: number, jobs: SchedulerJob[], gone: string[] = []): JournalEntry => {
  sequence += 1
  const body = { kind: 'scheduler_jobs', cluster: 'east', jobs, gone } as const
  return { sequence, at_ms: at(hours), who: 'slurm', body }
}
/** Its word every half hour, so that it is always heard. */
const heartbeats = (...words: JournalEntry[]) =>
  [...Array.from({ length: 24 }, (_, half) => told(half / 2, [])), ...words].toSorted(
    (a, b) => a.at_ms - b.at_ms,
  )

describe('what waited in a window', () => {
  it('from when a job was submitted until it started, also where nobody saw it wait', () => {
    const { waits, heard } = waitsIn(
      heartbeats(
        told(1.25, [job('a', { submitted_ms: at(1) })]),
        told(4.25, [job('a', { submitted_ms: at(1), started_ms: at(4) })]),
        told(6.1, [job('b', { submitted_ms: at(6), started_ms: at(6.05) })]),
        // Its limit changed: the same run, told again.
        told(7, [job('b', { submitted_ms: at(6), started_ms: at(6.05), limit_ms: 9 })]),
      ),
      NOBODY,
      WINDOW,
    )
    expect(heard).toBe(1)
    expect(waits).toMatchObject([
      { fromMs: at(1), toMs: at(4), hasStarted: true },
      { fromMs: at(6), toMs: at(6.05), hasStarted: true },
    ])
  })

  it('until it is listed no more, and no longer than its scheduler was heard', () => {
    const { waits, heard } = waitsIn(
      [told(0, [job('gone'), job('stays')]), told(0.5, []), told(1, [], ['gone'])],
      NOBODY,
      WINDOW,
    )
    expect(waits).toMatchObject([
      { fromMs: T0, toMs: at(1), hasStarted: false },
      { fromMs: T0, toMs: at(1.75), hasStarted: false },
    ])
    expect(heard).toBeCloseTo(0.175, 9)
  })

  it('again from when it was put back, not from its first day', () => {
    const { waits } = waitsIn(
      heartbeats(
        told(2, [job('a', { submitted_ms: at(-50), started_ms: at(-40) })]),
        told(5, [job('a', { submitted_ms: at(-50) })]),
        told(7, [job('a', { submitted_ms: at(-50), started_ms: at(7) })]),
      ),
      NOBODY,
      WINDOW,
    )
    expect(waits).toMatchObject([{ fromMs: at(5), toMs: at(7) }])
  })

  it('sees who waits since long before the entries begin by who waits now', () => {
    const old = job('old', { submitted_ms: at(-900) })
    const now = {
      ...NOBODY,
      clusters: new Map([['east', { toldMs: at(12), jobs: new Map([['old', old]]) }]]),
    }
    const { waits } = waitsIn(heartbeats(), now, WINDOW)
    expect(waits).toMatchObject([{ fromMs: at(-900), toMs: at(12.75), devices: 8 }])
  })
})

describe('waiting beside free devices', () => {
  const { waits, heard } = waitsIn(
    heartbeats(
      told(0, [job('a'), job('b', { queue: 'debug', devices: 2 })]),
      told(2, [job('a', { started_ms: at(2) })], ['b']),
      told(3, [job('c', { submitted_ms: at(2.5), started_ms: at(3) })]),
    ),
    NOBODY,
    WINDOW,
  )
  const steps = (first: number, rest: number) =>
    Array.from({ length: 40 }, (_, slot) => (slot < 4 ? first : rest))
  const facts = queueFigures(
    { waits, heard },
    WINDOW,
    new Map([
      ['main', steps(3, 20)],
      ['gpu', steps(1, 0)],
    ]),
  )

  it('takes the smaller of both, step by step', () => {
    // Two hours of 8, then half an hour of 8; 3 were free in the first hour, 20 later.
    expect(facts.pools).toEqual([
      { pool: 'main', waiting_hours: 20, free_hours: 183, free_while_waiting_hours: 3 + 8 + 4 },
    ])
    expect(facts.fleet).toEqual({
      waiting_hours: 24,
      free_hours: 184,
      free_while_waiting_hours: 4 + 10 + 4,
    })
  })

  it('says by queue what was waited for, and how long those waited that started', () => {
    expect(facts.queues).toMatchObject([
      {
        queue: 'main',
        waiting_hours: 20,
        started: 2,
        wait_ms_p50: HOUR_MS / 2,
        wait_ms_p95: 2 * HOUR_MS,
      },
      { queue: 'debug', waiting_hours: 4, started: 0, wait_ms_p50: null },
    ])
  })
})

it('entries of a span are found without reading all that was written before', async () => {
  const journal = memoryJournal()
  for (let hour = 0; hour < 400; hour += 1) {
    const { sequence: _one, ...change } = told(hour, [])
    await journal.append(change)
  }
  let read = 0
  const counting = {
    ...journal,
    readFrom: (from: number, limit: number) => {
      read += limit
      return journal.readFrom(from, limit)
    },
  }
  const found = await entriesBetween(counting, { fromMs: at(300), toMs: at(310) })
  expect(found.map(({ at_ms }) => at_ms)).toEqual(
    Array.from({ length: 10 }, (_, one) => at(300 + one)),
  )
  expect(read).toBeLessThan(200)
})
