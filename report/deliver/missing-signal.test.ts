import { expect, it } from 'vitest'
import { memoryJournal } from '../../alerts/engine/engine.testing.ts'
import type { AlertFacts } from '#schemas/alerts/ports.ts'
import { followDeliveries } from './book.ts'
import { CALENDAR, configOf, delivererOf, DUE_MS, HOUR_MS, OPS } from './deliver.testing.ts'
import { withMissingReports } from './missing-signal.ts'

const never = () => Promise.reject(new Error('not asked'))
const FACTS: AlertFacts = {
  zoneSlices: never,
  settledUntilMs: never,
  signal: never,
  explain: never,
  contingency: never,
  lossPerHour: never,
  scheduler: never,
  eventsAfter: never,
  standing: never,
  zoneScopes: never,
  plans: never,
  places: never,
}

it('counts hours from the time of a report until everybody has it, and says who has not and why', async () => {
  const now = { ms: DUE_MS + 5 * HOUR_MS }
  const journal = memoryJournal()
  let reports: object = {}
  let isReady = true
  const facts = withMissingReports(FACTS, {
    book: followDeliveries(journal),
    settled: () => Promise.resolve({ firstMs: 0, untilMs: now.ms }),
    calendar: CALENDAR,
    config: () => configOf(reports),
    isReady: () => isReady,
    clock: () => now.ms,
  })
  const row = async () => (await facts.signal('report_missing')).rows[0]
  expect(await row()).toMatchObject({
    value: 5,
    what: { en: 'Report 2026-W47 has not reached 3 of 3 recipients' },
    why: { en: expect.stringContaining('not issued') },
  })
  await delivererOf(journal, {
    clock: () => now.ms,
    answer: ({ recipient }) => Promise.resolve(recipient === OPS ? REFUSED : ACCEPTED),
  }).look()
  expect(await row()).toMatchObject({
    value: 5,
    what: { zh: '报告 2026-W47 尚未送达 3 位收件方中的 1 位' },
    why: { en: 'chat:ops: code 19021' },
  })
  isReady = false
  expect(await row()).toEqual({ labels: {}, value: 0 })
  isReady = true
  reports = { recipients: [{ mail: 'cfo@site.example' }] }
  expect(await row()).toEqual({ labels: {}, value: 0 })
  await expect(facts.signal('margin')).rejects.toThrow('not asked')
})

const REFUSED = { kind: 'final', detail: 'code 19021' } as const
const ACCEPTED = { kind: 'accepted', detail: 'accepted' } as const
