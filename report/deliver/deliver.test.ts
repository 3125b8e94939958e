import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryJournal } from '../../alerts/engine/engine.testing.ts'
import type { Journal } from '#schemas/journal.ts'
import type { ReportDelivery } from '#schemas/report/issued.ts'
import type { PostOutcome } from '#schemas/report/post.ts'
import { ATTEMPTS_MAX } from './attempts.ts'
import { followDeliveries } from './book.ts'
import { mailOf } from './message.ts'
import { recipientsOf } from './recipients.ts'
import { createReportSends } from './sends.ts'
import {
  BOSS,
  CALENDAR,
  CFO,
  configOf,
  DAY_MS,
  delivererOf,
  DUE_MS,
  HOUR_MS,
  issuedBody,
  issuing,
  OPS,
  reportFor,
  type Sent,
} from './deliver.testing.ts'

const ACCEPTED: PostOutcome = { kind: 'accepted', detail: 'accepted' }
const LATER: PostOutcome = { kind: 'retry', detail: '451 later', waitMs: null }
const NEVER: PostOutcome = { kind: 'final', detail: '550 no such user' }

async function resultsIn(journal: Journal): Promise<ReportDelivery[]> {
  const entries = await journal.readFrom(1, 10_000)
  return entries.flatMap(({ body }) => (body.kind === 'report_deliveries' ? body.results : []))
}
const told = ({ week, revision, recipient, outcome, attempt }: ReportDelivery) =>
  `${week} r${revision} ${recipient} ${outcome} ${attempt}`

const byText = (a: string, b: string) => (a < b ? -1 : 1)

function site(answer: (sent: Sent) => PostOutcome = () => ACCEPTED, reports: object = {}) {
  const now = { ms: DUE_MS }
  const journal = memoryJournal()
  const sent: Sent[] = []
  const given = {
    clock: () => now.ms,
    config: () => configOf(reports),
    answer: (one: Sent) => {
      sent.push(one)
      return Promise.resolve(answer(one))
    },
  }
  const start = () => delivererOf(journal, given)
  return { now, journal, sent, start, results: () => resultsIn(journal) }
}

describe('delivery of reports', () => {
  it('what its channel has no room for waits, is no attempt, and goes out when there is some', async () => {
    const { journal, now, results } = site()
    let free = 1
    let ended = 0
    const deliverer = delivererOf(journal, {
      clock: () => now.ms,
      answer: () => Promise.resolve(ACCEPTED),
      place: (channel) => {
        if (channel === 'relay' && free-- <= 0) return null
        return { end: () => void (ended += 1) }
      },
    })
    expect((await deliverer.look()).due[0]?.missing).toEqual([CFO])
    expect((await results()).map(told).toSorted(byText)).toEqual(
      [OPS, BOSS].map((recipient) => `2026-W47 r1 ${recipient} accepted 1`),
    )
    free = 1
    expect((await deliverer.look()).due[0]?.missing).toEqual([])
    expect((await results()).map(told)).toContain(`2026-W47 r1 ${CFO} accepted 1`)
    expect(ended).toBe(3)
  })

  it('issues and sends at the time of the schedule, not before, and once', async () => {
    const { now, sent, start, results } = site()
    const deliverer = start()
    now.ms = DUE_MS - 1
    const before = await deliverer.look()
    expect([before.nextMs, sent.length]).toEqual([DUE_MS, 3])
    expect(before.due.map(({ period }) => period.id)).toEqual(['2026-W46'])
    now.ms = DUE_MS
    await deliverer.look()
    await deliverer.look()
    await start().look()
    expect((await results()).map(told).toSorted(byText)).toEqual(
      ['2026-W46', '2026-W47'].flatMap((week) =>
        [OPS, BOSS, CFO].map((recipient) => `${week} r1 ${recipient} accepted 1`),
      ),
    )
  })

  it('waits until all of the week stands, and sends nothing of a week without data', async () => {
    const journal = memoryJournal()
    const settled = { firstMs: DUE_MS - 2 * HOUR_MS, untilMs: DUE_MS }
    const sent: Sent[] = []
    const deliverer = delivererOf(journal, {
      clock: () => DUE_MS,
      settled: () => Promise.resolve(settled),
      answer: (one) => (sent.push(one), Promise.resolve(ACCEPTED)),
    })
    expect((await deliverer.look()).due).toEqual([])
    Object.assign(settled, { firstMs: 0, untilMs: DUE_MS - 7 * HOUR_MS })
    expect((await deliverer.look()).due).toMatchObject([
      { revision: null, missing: [BOSS, CFO, OPS] },
    ])
    expect(sent).toEqual([])
    settled.untilMs = DUE_MS - 6 * HOUR_MS
    await deliverer.look()
    expect(sent).toHaveLength(3)
  })

  it('makes up for a missed Monday with the newest week, and names the older ones', async () => {
    const { now, sent, start } = site()
    await start().look()
    now.ms = DUE_MS + 24 * DAY_MS
    const plan = await start().look()
    expect(sent).toHaveLength(6)
    expect(plan.missed).toEqual(['2026-W49', '2026-W48'])
    expect(plan.due[0]).toMatchObject({ period: { id: '2026-W50' }, missing: [] })
  })

  it('tries again with growing waits, gives up after a day, and not at all what is refused for good', async () => {
    const { now, start, results } = site(({ recipient }) =>
      recipient === BOSS ? LATER : recipient === CFO ? NEVER : ACCEPTED,
    )
    const deliverer = start()
    for (let hour = 0; hour < 48; hour += 0.25) {
      await deliverer.look()
      now.ms = DUE_MS + hour * HOUR_MS
    }
    const all = await results()
    const boss = all.filter(({ recipient }) => recipient === BOSS)
    expect(boss.map(({ attempt }) => attempt)).toEqual(
      Array.from({ length: ATTEMPTS_MAX }, (_, at) => at + 1),
    )
    expect(boss.at(-1)).toMatchObject({ outcome: 'dead', detail: '451 later' })
    expect((boss.at(-1)?.at_ms ?? 0) - DUE_MS).toBeLessThan(26 * HOUR_MS)
    expect(all.filter(({ recipient }) => recipient === CFO).map(told)).toEqual([
      `2026-W47 r1 ${CFO} dead 1`,
    ])
    expect((await deliverer.look()).due[0]?.missing).toEqual([BOSS, CFO])
  })

  it('sends a revision only where somebody asks, or where the file says so', async () => {
    for (const isSent of [false, true]) {
      const { now, journal, sent, start } = site(() => ACCEPTED, { send_revisions: isSent })
      await start().look()
      await journal.append({ at_ms: now.ms, who: 'ann', body: issuedBody('2026-W47', 2) })
      await start().look()
      expect(sent).toHaveLength(isSent ? 6 : 3)
      // Who got nothing so far gets the newest.
      const late = site()
      for (const revision of [1, 2])
        await late.journal.append({ at_ms: 1, who: 'ann', body: issuedBody('2026-W47', revision) })
      await late.start().look()
      expect((await late.results()).map(({ revision }) => revision)).toEqual([2, 2, 2])
    }
  })

  it('sends again when somebody wants it again, else only to those who lack it', async () => {
    const { journal, sent, start } = site()
    await start().look()
    const ask = (again: boolean, recipients: string[]) =>
      journal.append({
        at_ms: DUE_MS,
        who: 'ann',
        body: { kind: 'report_sends', send: { week: '2026-W47', revision: 1, recipients, again } },
      })
    await ask(false, [BOSS, OPS])
    await start().look()
    expect(sent).toHaveLength(3)
    await ask(true, [BOSS])
    await start().look()
    await start().look()
    expect(sent).toHaveLength(4)
    const [first, again] = sent.filter(({ recipient }) => recipient === BOSS)
    // The second entry that asks: the first one changed nothing.
    const asked = (await journal.readFrom(1, 100)).findLast(
      ({ body }) => body.kind === 'report_sends',
    )
    expect(again?.message).toMatchObject({
      id: `${first?.message.id}.again${asked?.sequence}`,
      replyTo: first?.message.id,
    })
  })

  it('ends what waits for a recipient that the file names no more', async () => {
    const { now, journal, start, results } = site(() => LATER)
    await start().look()
    now.ms += HOUR_MS
    const other = delivererOf(journal, {
      clock: () => now.ms,
      config: () => configOf({ recipients: [{ channel: 'ops' }] }),
      answer: () => Promise.resolve(ACCEPTED),
    })
    await other.look()
    expect((await results()).slice(3).map(told).toSorted(byText)).toEqual([
      `2026-W47 r1 ${OPS} accepted 2`,
      `2026-W47 r1 ${BOSS} dead 1`,
      `2026-W47 r1 ${CFO} dead 1`,
    ])
  })
})

/** What may happen to one attempt; after a crash the receiver has the message, or not. */
const FATES = ['accepted', 'later', 'never', 'crash before', 'crash after'] as const

describe('with receivers that refuse and senders that die', () => {
  it('each gets a revision at most once as far as the journal knows, and all ends accepted or dead', async () => {
    const plan = fc.record({
      fates: fc.array(fc.constantFrom(...FATES), { maxLength: 60 }),
      journalFails: fc.array(fc.boolean(), { maxLength: 30 }),
      again: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(plan, async ({ fates, journalFails, again }) => {
        const now = { ms: DUE_MS }
        const kept = memoryJournal()
        let fated = 0
        let appended = 0
        const journal: Journal = {
          ...kept,
          append(change, options) {
            // The entry is not written, and nobody knows.
            if (change.body.kind === 'report_deliveries' && journalFails[appended++])
              return Promise.reject(new Error('journal away'))
            return kept.append(change, options)
          },
        }
        const ids = new Map<string, Set<string>>()
        const answer = ({ recipient, message }: Sent): Promise<PostOutcome> => {
          ids.set(recipient, (ids.get(recipient) ?? new Set()).add(message.id))
          const fate = fates[fated++] ?? 'accepted'
          if (fate === 'later') return Promise.resolve(LATER)
          if (fate === 'never') return Promise.resolve(NEVER)
          if (fate !== 'accepted') isDead = true
          return Promise.resolve(ACCEPTED)
        }
        let isDead = false
        const start = () =>
          delivererOf(
            {
              ...journal,
              append: (change, options) =>
                isDead && change.body.kind === 'report_deliveries'
                  ? Promise.reject(new Error('dead'))
                  : journal.append(change, options),
            },
            { clock: () => now.ms, answer },
          )
        let deliverer = start()
        for (let step = 0; step < 60; step += 1) {
          await deliverer.look().catch(() => undefined)
          if (isDead) {
            isDead = false
            deliverer = start()
          }
          if (again && step === 30)
            await kept.append({
              at_ms: now.ms,
              who: 'ann',
              body: {
                kind: 'report_sends',
                send: { week: '2026-W47', revision: 1, recipients: [BOSS], again: true },
              },
            })
          now.ms += 2 * HOUR_MS
        }
        const all = await resultsIn(kept)
        for (const recipient of [BOSS, CFO, OPS]) {
          const own = all.filter((one) => one.recipient === recipient)
          const accepted = own.filter(({ outcome }) => outcome === 'accepted')
          const most = again && recipient === BOSS ? 2 : 1
          expect(accepted.length).toBeLessThanOrEqual(most)
          expect(own.length).toBeLessThanOrEqual(most * ATTEMPTS_MAX)
          expect(['accepted', 'dead']).toContain(own.at(-1)?.outcome)
          // Whatever was repeated was repeated under the same name.
          expect(ids.get(recipient)?.size).toBeLessThanOrEqual(most)
        }
      }),
      { numRuns: 25 },
    )
  }, 60_000)
})

describe('sending now', () => {
  const sendsOf = (journal: Journal, ms: number, reports: object = {}) =>
    createReportSends({
      journal,
      book: followDeliveries(journal),
      reports: {
        ...issuing(journal, () => ms),
        weeks: () => ({ latest: '2026-W47', running: '2026-W48' }),
      },
      settled: () => Promise.resolve({ firstMs: 0, untilMs: ms }),
      calendar: CALENDAR,
      config: () => configOf(reports),
      clock: () => ms,
    })

  it('issues what is not issued, is one order when pressed twice, and says who has it', async () => {
    const { now, journal, start } = site()
    const sends = sendsOf(journal, now.ms - HOUR_MS)
    const asked = { recipients: [OPS, CFO], again: false }
    const [first, second] = await Promise.all([
      sends.send('latest', asked, 'ann'),
      sends.send('latest', asked, 'bob'),
    ])
    expect(first).toEqual(second)
    expect(first.results.map(({ result }) => result)).toEqual(['queued', 'queued'])
    const kinds = (await journal.readFrom(1, 100)).map(({ body }) => body.kind)
    expect(kinds.filter((kind) => kind === 'report_sends')).toHaveLength(1)
    now.ms -= HOUR_MS
    await start().look()
    const has = await sends.send('2026-W47', { again: false }, 'ann')
    expect(has.results.map(({ result }) => result)).toEqual(['queued', 'has_it', 'has_it'])
    const { deliveries, due, next_ms } = await sends.deliveries()
    expect([next_ms, sends.nextMs()]).toEqual([DUE_MS, DUE_MS])
    expect(sendsOf(journal, now.ms, { recipients: [] }).nextMs()).toBeNull()
    expect(due.map(({ week }) => week)).toEqual(['2026-W46'])
    const cfo = deliveries.find(({ recipient, week }) => recipient === CFO && week === '2026-W47')
    expect(cfo).toMatchObject({ state: 'accepted', attempts: 1, asked_by: 'ann' })
  })

  it('goes to nobody whom the file does not name', async () => {
    const journal = memoryJournal()
    const refused = (reports: object, asked: object = {}) =>
      sendsOf(journal, DUE_MS, reports).send('latest', { again: false, ...asked }, 'ann')
    await expect(refused({ recipients: [] })).rejects.toMatchObject({ code: 'E_REPORT_NOBODY' })
    await expect(refused({}, { recipients: ['mail:x@y'] })).rejects.toMatchObject({
      code: 'E_REPORT_RECIPIENT',
    })
    await expect(refused({}, { revision: 7 })).rejects.toMatchObject({ code: 'E_REPORT_UNKNOWN' })
    expect(await journal.last()).toBe(0)
  })
})

describe('a mail', () => {
  const [recipient] = recipientsOf(configOf())
  if (recipient === undefined) throw new Error('nobody')
  const page = { bytes: Buffer.from('<body>71.4</body>'), mediaType: 'text/html', fileName: 'p' }
  const file = (fileName: string, size: number) => ({
    ...page,
    fileName,
    bytes: Buffer.alloc(size),
  })
  const mail = (revision: number, again: number | null, files: ReturnType<typeof file>[] = []) =>
    mailOf(
      { model: reportFor('2026-W47', revision), recipient, again, publicUrl: 'https://p' },
      page,
      files,
    )

  it('has both languages in subject, text and note where both are wanted', () => {
    const { subject, text, html } = mail(2, null)
    expect(subject).toBe(
      '[SIMULATED] Ulanqab 1 · Week 47: 71.4 % busy, 3.6 points short of 75 % (revision 2) / [模拟] Ulanqab 1 · 第 47 周：忙碌率 71.4 %，距 75 % 3.6 个百分点（第 2 版）',
    )
    expect(text).toMatch(/Why it moved[\s\S]*变化原因[\s\S]*在线阅读/)
    expect(html).toMatch(/^<body>71\.4<p [^]*在线阅读[^]*<\/p>\n<\/body>$/)
  })
  it('leaves out files that no relay would take, and says so', () => {
    const { attachments, text } = mail(1, null, [
      file('a.pdf', 6_000_000),
      file('b.xlsx', 2_000_000),
    ])
    expect(attachments.map(({ fileName }) => fileName)).toEqual(['a.pdf'])
    expect(text).toContain('Too large for this mail: b.xlsx')
  })
  it('answers its first one, whatever is sent later', () => {
    const first = mail(1, null)
    expect(first.replyTo).toBeNull()
    expect([mail(2, null), mail(1, 9)].map(({ replyTo }) => replyTo)).toEqual([first.id, first.id])
    expect(new Set([first.id, mail(2, null).id, mail(1, 9).id]).size).toBe(3)
  })
})
