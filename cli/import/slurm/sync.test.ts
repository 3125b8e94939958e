import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Allocation } from '#schemas/journal.ts'
import type { Change } from './known-runs.ts'
import type { Run } from './run.ts'
import { closeBooks, diffAllocations, forgetOld, REMEMBER_MS } from './sync.ts'

const T0 = 1_795_050_000_000
const NOBODY: ReadonlySet<string> = new Set()

const run = (holder: string, over: Partial<Run> = {}): Run => {
  const startMs = over.job_start_ms ?? T0
  return {
    holder,
    job: holder,
    account: 'tenant-a',
    queue: 'train',
    class: 'training',
    job_start_ms: startMs,
    from_ms: startMs,
    to_ms: null,
    closed: false,
    held: [{ node: 'n1', indices: [0, 1], keys: [], share: null, confidence: 'derived' }],
    ...over,
  }
}
const byNode: Run['held'] = [
  { node: 'n1', indices: null, keys: [], share: 0.25, confidence: 'unresolved' },
]
const look = (runs: readonly Run[], unread = NOBODY) => ({ runs, unread })
const spans = (rows: readonly Allocation[]) =>
  rows.map(({ node, index, holder, from_ms, to_ms }) => {
    const end = to_ms === null ? '' : String((to_ms - T0) / 1000)
    return `${holder} ${node}/${index ?? '*'} ${(from_ms - T0) / 1000}-${end}`
  })

describe('a snapshot after another', () => {
  it('opens what is new, and says nothing of what is as it was', () => {
    const first = diffAllocations([], look([run('1')]), T0 + 5000)
    expect(spans(first.rows)).toEqual(['1 n1/0 0-', '1 n1/1 0-'])
    const second = diffAllocations(first.runs, look([run('1')]), T0 + 35_000)
    expect([second.rows, second.takenBack, second.runs]).toEqual([[], [], first.runs])
  })

  it('ends what vanished now, and opens it again when it was only missing', () => {
    const gone = diffAllocations([run('1')], look([]), T0 + 60_000)
    expect(spans(gone.rows)).toEqual(['1 n1/0 0-60', '1 n1/1 0-60'])
    const back = diffAllocations(gone.runs, look([run('1')]), T0 + 90_000)
    expect(spans(back.rows)).toEqual(['1 n1/0 0-', '1 n1/1 0-'])
  })

  it('a job that is there but was not understood keeps what it holds', () => {
    const change = diffAllocations([run('1')], look([], new Set(['1'])), T0 + 60_000)
    expect([change.rows, change.runs]).toEqual([[], [run('1')]])
  })

  it('a finished job ends at its own end, although its devices are not listed any more', () => {
    const ended = run('1', { to_ms: T0 + 42_000, held: [] })
    const change = diffAllocations([run('1')], look([ended]), T0 + 60_000)
    expect(spans(change.rows)).toEqual(['1 n1/0 0-42', '1 n1/1 0-42'])
    expect(diffAllocations(change.runs, look([ended]), T0 + 90_000).rows).toEqual([])
    expect(diffAllocations(change.runs, look([]), T0 + 90_000).rows).toEqual([])
  })

  it('a requeued job ends one run and begins another', () => {
    const again = run('1', { job_start_ms: T0 + 50_000, from_ms: T0 + 50_000 })
    const change = diffAllocations([run('1')], look([again]), T0 + 60_000)
    expect(spans(change.rows)).toEqual(['1 n1/0 0-50', '1 n1/1 0-50', '1 n1/0 50-', '1 n1/1 50-'])
  })

  it('a start that is corrected to an earlier one takes the old interval back', () => {
    const late = run('1', { job_start_ms: T0 + 50_000, from_ms: T0 + 50_000 })
    const change = diffAllocations([late], look([run('1')]), T0 + 60_000)
    expect(spans(change.takenBack)).toEqual(['1 n1/0 50-50', '1 n1/1 50-50'])
    expect(spans(change.rows)).toEqual(['1 n1/0 0-', '1 n1/1 0-'])
  })

  it('devices that become known replace the node; what was known is not unlearned', () => {
    const better = diffAllocations([run('1', { held: byNode })], look([run('1')]), T0 + 30_000)
    expect(spans(better.takenBack)).toEqual(['1 n1/* 0-0'])
    expect(spans(better.rows)).toEqual(['1 n1/0 0-', '1 n1/1 0-'])
    const worse = diffAllocations([run('1')], look([run('1', { held: byNode })]), T0 + 30_000)
    expect([worse.rows, worse.takenBack]).toEqual([[], []])
  })

  it('a resized job gives back and takes devices when that is seen, not before', () => {
    const held: Run['held'] = [
      { node: 'n1', indices: [1, 2], keys: [], share: null, confidence: 'derived' },
    ]
    const change = diffAllocations([run('1')], look([run('1', { held })]), T0 + 30_000)
    expect(spans(change.rows)).toEqual(['1 n1/0 0-30', '1 n1/1 0-30', '1 n1/1 30-', '1 n1/2 30-'])
    expect(diffAllocations(change.runs, look([run('1', { held })]), T0 + 60_000).rows).toEqual([])
    const closed = closeBooks(change.runs, look([run('1', { to_ms: T0 + 50_000 })]), 0)
    expect(spans(closed.rows)).toEqual(['1 n1/1 30-50', '1 n1/2 30-50'])
  })

  it('a class or account that is told later replaces the rows of the run', () => {
    const change = diffAllocations([run('1')], look([run('1', { class: 'serving' })]), T0 + 30_000)
    expect(change.rows.map(({ class: workload }) => workload)).toEqual(['serving', 'serving'])
  })
})

describe('closing the books', () => {
  it('replaces an estimated end by the exact one, once', () => {
    const books = look([run('1', { to_ms: T0 + 47_000, held: byNode })])
    const closed = closeBooks([run('1', { to_ms: T0 + 60_000 })], books, 0)
    expect(spans(closed.rows)).toEqual(['1 n1/0 0-47', '1 n1/1 0-47'])
    expect(closeBooks(closed.runs, books, 0).rows).toEqual([])
    const stale = diffAllocations(closed.runs, look([run('1')]), T0 + 70_000)
    expect([stale.rows, stale.runs]).toEqual([[], closed.runs])
  })

  it('enters a job that no snapshot saw by node', () => {
    const books = look([run('2', { to_ms: T0 + 9000, held: byNode })])
    expect(spans(closeBooks([], books, 0).rows)).toEqual(['2 n1/* 0-9'])
  })

  it('a start that differs is corrected, with the devices that were seen', () => {
    const books = look([run('1', { job_start_ms: T0 - 5000, to_ms: T0 + 9000, held: byNode })])
    const closed = closeBooks([run('1', { to_ms: T0 + 30_000 })], books, 0)
    expect(spans(closed.takenBack)).toEqual(['1 n1/0 0-0', '1 n1/1 0-0'])
    expect(spans(closed.rows)).toEqual(['1 n1/0 -5-9', '1 n1/1 -5-9'])
  })

  it('a start that differs by whole hours, where none matches, tells of a wrong zone', () => {
    const books = (starts: readonly [string, number][]) =>
      look(
        starts.map(([holder, hours]) =>
          run(holder, { job_start_ms: T0 + hours * 3_600_000, to_ms: T0 + 30_000_000 }),
        ),
      )
    const known = [run('1'), run('2')]
    expect(closeBooks(known, books([['1', 8]]), 0).shiftedHours).toBe(8)
    const requeued = closeBooks(
      known,
      books([
        ['1', 8],
        ['2', 0],
      ]),
      0,
    )
    expect(requeued).toMatchObject({ shiftedHours: null, matched: 1 })
  })

  it('leaves a running job open, and passes over what was closed and forgotten', () => {
    expect(closeBooks([run('1')], look([run('1', { held: byNode })]), 0).rows).toEqual([])
    const old = look([run('3', { to_ms: T0 + 1000, held: byNode })])
    expect(closeBooks([], old, T0 + 2000)).toMatchObject({ rows: [], passedOver: 1 })
  })

  it('forgets runs three days after their end, and remembers that it did', () => {
    const [old, open] = [run('1', { to_ms: T0 }), run('2')]
    const kept = forgetOld([old, open], 0, T0 + REMEMBER_MS + 1)
    expect(kept).toEqual({ runs: [open], forgottenMs: T0 })
    expect(forgetOld([old, open], 0, T0 + REMEMBER_MS)).toEqual({
      runs: [old, open],
      forgottenMs: 0,
    })
  })
})

/** Rows as the store keeps them: of one interval the last word counts, an empty one for nothing. */
class Store {
  #rows = new Map<string, Allocation>()

  take({ takenBack, rows }: Change): void {
    for (const part of [takenBack, rows]) {
      const keys = part.map(({ node, index, holder, from_ms }) =>
        [node, index, holder, from_ms].join(' '),
      )
      // Two rows of one interval in one entry would have no order.
      expect(new Set(keys).size).toBe(keys.length)
      for (const [at, row] of part.entries()) this.#rows.set(keys[at] ?? '', row)
    }
  }

  intervals(): string[] {
    const real = [...this.#rows.values()].filter(
      ({ from_ms, to_ms }) => to_ms === null || to_ms > from_ms,
    )
    return spans(real).toSorted()
  }
}

describe('for any schedule', () => {
  const SECOND = 1000
  const job = fc.record({
    id: fc.integer({ min: 1, max: 12 }),
    start: fc.integer({ min: 0, max: 600 }),
    length: fc.integer({ min: 1, max: 300 }),
    node: fc.constantFrom('n1', 'n2'),
    first: fc.integer({ min: 0, max: 6 }),
  })
  /** One job id runs again only after it has ended: that is a requeue. */
  const schedule = fc.array(job, { maxLength: 20 }).map((jobs) => {
    const free = new Map<number, number>()
    return jobs
      .toSorted((a, b) => a.start - b.start)
      .filter(({ id, start, length }) => {
        if (start <= (free.get(id) ?? -1)) return false
        free.set(id, start + length)
        return true
      })
  })
  type Job = { id: number; start: number; length: number; node: string; first: number }
  const runAt = (one: Job, held: Run['held'], toMs: number | null) =>
    run(String(one.id), { job_start_ms: T0 + one.start * SECOND, to_ms: toMs, held })
  const devices = ({ node, first }: Job): Run['held'] => [
    { node, indices: [first, first + 1], keys: [], share: null, confidence: 'derived' },
  ]
  const wholeNode = ({ node }: Job): Run['held'] => byNode.map((one) => ({ ...one, node }))
  const endOf = ({ start, length }: Job) => T0 + (start + length) * SECOND

  it('snapshots at any moments, then accounting, give exactly the schedule, and again nothing', () => {
    const moments = fc.uniqueArray(fc.integer({ min: 0, max: 1000 }), { maxLength: 30 })
    fc.assert(
      fc.property(schedule, moments, (jobs, at) => {
        const store = new Store()
        let known: readonly Run[] = []
        const seen = new Set<Job>()
        const running = (second: number) =>
          jobs.filter(({ start, length }) => start <= second && second < start + length)
        for (const second of at.toSorted((a, b) => a - b)) {
          const now = look(running(second).map((one) => runAt(one, devices(one), null)))
          for (const one of running(second)) seen.add(one)
          for (const turn of [1, 2]) {
            const change = diffAllocations(known, now, T0 + second * SECOND)
            if (turn === 2) expect([change.rows, change.takenBack]).toEqual([[], []])
            store.take(change)
            known = change.runs
          }
          expect(store.intervals().filter((span) => span.endsWith('-'))).toEqual(
            running(second)
              .flatMap((one) => spans(rowsOf(runAt(one, devices(one), null))))
              .toSorted(),
          )
        }
        const books = look(jobs.map((one) => runAt(one, wholeNode(one), endOf(one))))
        for (const turn of [1, 2]) {
          const closing = closeBooks(known, books, 0)
          if (turn === 2) expect([closing.rows, closing.takenBack]).toEqual([[], []])
          store.take(closing)
          known = closing.runs
        }
        const expected = jobs.flatMap((one) =>
          spans(rowsOf(runAt(one, seen.has(one) ? devices(one) : wholeNode(one), endOf(one)))),
        )
        expect(store.intervals()).toEqual(expected.toSorted())
      }),
    )
  })
})

const rowsOf = (one: Run): readonly Allocation[] =>
  diffAllocations([], look([one]), one.to_ms ?? 0).rows
