import { describe, expect, it } from 'vitest'
import { askedRepair, type Repair, type RepairQueue } from '../ingest/settle/repair.ts'
import { ask, reportOf, requestOf } from './commands/repair.ts'

const T0 = Date.UTC(2026, 4, 1, 10)
const HOUR = 3_600_000

const line = (options: Readonly<Record<string, string>>, dry = false) => ({
  option: (name: string) => options[name],
  flag: (name: string) => name === 'dry-run' && dry,
})

const HOURS = { from: '2026-05-01T10:00Z', to: '2026-05-01T12:00Z' }

describe('what was asked for', () => {
  it('is a window of moments with their zone', () => {
    const options = { from: '2026-05-01T18:00+08:00', to: '2026-05-01T12:00:00Z', reason: ' why ' }
    expect(requestOf(line(options, true), 7)).toEqual({
      from_ms: T0,
      to_ms: T0 + 2 * HOUR,
      reason: 'why',
      dry_run: true,
      asked_at_ms: 7,
    })
  })

  it.each([
    [{ to: '2026-05-01T12:00Z' }, 'E_USAGE'],
    [{ from: '2026-05-01T10:00', to: '2026-05-01T12:00Z' }, 'E_USAGE'],
    [{ from: '2026-13-01T10:00Z', to: '2026-05-01T12:00Z' }, 'E_USAGE'],
    [{ from: '2026-05-01T12:00Z', to: '2026-05-01T12:00Z' }, 'E_RANGE_INVALID'],
    [{ from: '2026-05-01T10:00Z', to: '2026-05-01T12:00Z', reason: 'x'.repeat(201) }, 'E_USAGE'],
  ])('refuses %j', (options, code) => {
    expect(() => requestOf(line(options), 7)).toThrow(expect.objectContaining({ code }))
  })
})

describe('asking', () => {
  const request = askedRepair('a', requestOf(line(HOURS), 7))
  const times = { takenMs: 5, pollMs: 1 }
  /** A queue whose other side answers with `answer` once it was asked. */
  const answering = (answer: Partial<Repair> | null) => {
    const written: Repair[] = []
    const queue: RepairQueue = {
      next: async () => null,
      read: async () => {
        const last = written.at(-1) ?? null
        return last === null || answer === null ? last : { ...last, ...answer }
      },
      write: async (repair) => void written.push(repair),
    }
    return { queue, written }
  }

  it('withdraws a request that nobody takes up', async () => {
    const { queue, written } = answering(null)
    await expect(ask(queue, request, times)).rejects.toMatchObject({ code: 'E_REPAIR_WAITING' })
    expect(written.map(({ state, version }) => [state, version])).toEqual([
      ['asked', 1],
      ['withdrawn', 2],
    ])
  })

  it('gives the outcome, or why there is none', async () => {
    const done = answering({ state: 'done', minutes_changed: 3 })
    expect(await ask(done.queue, request, times)).toMatchObject({ minutes_changed: 3 })
    const failed = answering({ state: 'failed', detail: 'memory limit' })
    await expect(ask(failed.queue, request, times)).rejects.toThrow('memory limit')
  })
})

describe('what is printed', () => {
  const window = { from_ms: T0, to_ms: T0 + 4 * HOUR, reason: '', asked_at_ms: 0 }
  const repair = (more: Partial<Repair>): Repair => ({
    ...askedRepair('a', { ...window, dry_run: true }),
    state: 'done',
    ...more,
  })
  const differences = [
    {
      minute_ms: T0 + HOUR,
      old_known_ms: 30_000,
      new_known_ms: 60_000,
      old_busy_ms_x1000: 15_000_000,
      new_busy_ms_x1000: 45_000_000,
    },
  ]

  it('names the part that is too old, the part not settled yet, and each minute of a dry run', () => {
    const parts = { begin_ms: T0 + HOUR, end_ms: T0 + 3 * HOUR }
    expect(reportOf(repair({ ...parts, minutes_changed: 1, differences }))).toEqual([
      '2026-05-01T10:00Z to 2026-05-01T11:00Z: left as it is, its raw samples are no longer kept',
      '2026-05-01T11:00Z to 2026-05-01T13:00Z: compared with the raw samples',
      '2026-05-01T13:00Z to 2026-05-01T14:00Z: not settled yet, settles by itself',
      '  2026-05-01T11:00Z  known 30 s -> 60 s  busy 15 s -> 45 s',
      '1 minute would change; nothing was changed',
    ])
  })

  it('of a window that is older as a whole, and of one where nothing differs', () => {
    const old = { begin_ms: T0 + 9 * HOUR, end_ms: T0 + 9 * HOUR }
    expect(reportOf(repair(old))).toEqual([
      '2026-05-01T10:00Z to 2026-05-01T14:00Z: left as it is, its raw samples are no longer kept',
      'nothing differs: nothing was changed',
    ])
    const all = { begin_ms: T0, end_ms: T0 + 4 * HOUR, dry_run: false }
    expect(reportOf(repair({ ...all, minutes_changed: 2 }))).toEqual([
      '2026-05-01T10:00Z to 2026-05-01T14:00Z: compared with the raw samples',
      '2 minutes settled again as new revisions, each with a restatement record; hours and days follow',
    ])
  })
})
