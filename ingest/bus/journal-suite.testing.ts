import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Journal, JournalBody } from '#schemas/journal.ts'
import type { JournalChange } from './journal-record.ts'

export interface OpenJournal {
  readonly journal: Journal
  /** The same journal opened a second time, after whatever its kind needs for that. */
  reopen(): Promise<Journal>
  close(): Promise<void>
}

/** Change number `n`: the owner of that name, in any script. */
export function change(n: number, padding = ''): JournalChange {
  const owner = {
    tenant: `t-${n}`,
    display_name: `租户 ${n}\n"'\\ ${padding}`.slice(0, 256),
    contact: '',
    accounts: [],
    namespaces: [],
    queues: [],
    billing: 'unknown' as const,
  }
  return { at_ms: 1_780_000_000_000 + n, who: `p-${n}`, body: { kind: 'owners', owners: [owner] } }
}

/** A body above the limit of one entry. */
export function hugeBody(): JournalBody {
  const text = 'x'.repeat(256)
  const scopes = Array.from({ length: 2_000 }, (_, from_ms) => ({
    source: 'slurm' as const,
    cluster: text,
    node: text,
    from_ms,
    to_ms: null,
  }))
  return { kind: 'allocations', import_id: 'huge', allocations: [], scopes }
}

/** The promises of `Journal`, for each of its forms. `open` gives an empty one. */
export function describeJournal(name: string, open: () => Promise<OpenJournal>): void {
  describe(`${name} as a journal`, () => {
    let opened: OpenJournal
    let journal: Journal
    beforeEach(async () => {
      opened = await open()
      journal = opened.journal
    })
    afterEach(() => opened.close())

    it('is empty at first', async () => {
      expect(await journal.last()).toBe(0)
      expect(await journal.readFrom(1, 10)).toEqual([])
    })

    it('gives back what was appended, numbered without a hole, also when opened again', async () => {
      const appended = []
      for (let n = 1; n <= 40; n += 1) appended.push(await journal.append(change(n)))
      expect(appended.map(({ sequence }) => sequence)).toEqual(
        Array.from({ length: 40 }, (_, index) => index + 1),
      )
      expect(appended[6]).toEqual({ ...change(7), sequence: 7 })
      for (const open of [async () => journal, () => opened.reopen()]) {
        const one = await open()
        expect(await one.last()).toBe(40)
        expect(await one.readFrom(1, 100)).toEqual(appended)
        expect(await one.readFrom(17, 20)).toEqual(appended.slice(16, 36))
        expect(await one.readFrom(0, 1)).toEqual(appended.slice(0, 1))
        expect(await one.readFrom(41, 5)).toEqual([])
      }
    })

    it('of two that knew the same end one is refused and nothing of it is stored', async () => {
      await journal.append(change(1), { expectedLast: 0 })
      await expect(journal.append(change(2), { expectedLast: 0 })).rejects.toMatchObject({
        code: 'E_JOURNAL_CHANGED',
      })
      await expect(journal.append(change(2), { expectedLast: 9 })).rejects.toMatchObject({
        code: 'E_JOURNAL_CHANGED',
      })
      expect(await journal.last()).toBe(1)
      await journal.append(change(3), { expectedLast: 1 })
      const both = [4, 5, 6].map((n) => journal.append(change(n), { expectedLast: 2 }))
      const results = await Promise.allSettled(both)
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      expect(await journal.last()).toBe(3)
    })

    it('appends at the same time are all stored, each once', async () => {
      const numbers = Array.from({ length: 30 }, (_, index) => index + 1)
      const entries = await Promise.all(numbers.map((n) => journal.append(change(n))))
      expect(entries.map(({ sequence }) => sequence).toSorted((a, b) => a - b)).toEqual(numbers)
      const stored = await journal.readFrom(1, 100)
      expect(new Set(stored.map(({ who }) => who)).size).toBe(30)
      expect(stored).toEqual(entries.toSorted((a, b) => a.sequence - b.sequence))
    })

    it('an entry that is too large is refused by name and size', async () => {
      const huge = { ...change(1), body: hugeBody() }
      await expect(journal.append(huge)).rejects.toMatchObject({ code: 'E_TOO_LARGE' })
      await expect(journal.append(huge)).rejects.toThrow(/allocations.*is \d{7}: send its rows/)
      expect(await journal.last()).toBe(0)
    })
  })
}
