import { describe, expect, it } from 'vitest'
import type { EventFeed, FleetEvent } from '#schemas/alerts/ports.ts'
import { foldAlerts, NO_ALERT_STATE } from '#schemas/alerts/state.ts'
import { eventRule, faultEvent, memoryJournal, surroundings, testConfig } from './engine.testing.ts'
import { type AlertsRole, createAlertsRole, type Delivery } from './role.ts'

const START = 1_800_000_000_000
const QUIET = { info: () => undefined, warn: () => undefined, error: () => undefined }

function site(
  rules = [eventRule({ escalate: { devices: 3, within: 'rack' } })],
  journal = memoryJournal(),
) {
  let nowMs = START
  const timers: { readonly atMs: number; readonly call: () => void }[] = []
  let feed: (events: readonly FleetEvent[]) => void = () => undefined
  const delivery: Delivery = {
    apply: () => undefined,
    start: () => undefined,
    stop: async () => undefined,
    status: () => ({ waiting: 0, dead: 0, oldestMs: 0 }),
  }
  const source: EventFeed = {
    subscribe(handler) {
      feed = handler
      return () => undefined
    },
  }
  const config = testConfig()
  const role: AlertsRole = createAlertsRole({
    journal,
    feed: source,
    delivery,
    log: QUIET,
    rules: () => rules,
    config: () => config,
    facts: null,
    around: surroundings(rules, config, () => nowMs),
    clock: () => nowMs,
    after: (ms, call) => {
      timers.push({ atMs: nowMs + ms, call })
      return () => undefined
    },
  })
  const notifications = () =>
    journal.entries.flatMap(({ body }) => (body.kind === 'alerts' ? body.notifications : []))
  return {
    role,
    journal,
    notifications,
    announce: (events: readonly FleetEvent[]) => feed(events),
    /** Lets time pass and one pass happen. */
    async goOn(ms: number) {
      nowMs += ms
      await role.pass()
    },
  }
}

const faults = (count: number, atMs: number, more: object = {}) =>
  Array.from({ length: count }, (_, device) =>
    faultEvent(`d${device}`, atMs, { node: `n${device >> 3}`, code: '79', ...more }),
  )

describe('the alerts role', () => {
  it('10,000 devices failing at once are at most 5 messages a channel, and end as they began', async () => {
    const plant = site([
      eventRule({ severity: 'page' }),
      eventRule({ name: 'other', severity: 'ticket' }),
    ])
    await plant.role.start()
    plant.announce(faults(10_000, START))
    const started = process.cpuUsage()
    await plant.goOn(300)
    const { user, system } = process.cpuUsage(started)
    for (const ms of [15_000, 60_000, 300_000, 900_000, 1_800_000]) await plant.goOn(ms)
    const byChannel = Map.groupBy(plant.notifications(), ({ channel }) => channel)
    for (const [channel, told] of byChannel) expect(told.length, channel).toBeLessThanOrEqual(5)
    const [first] = plant.notifications()
    expect(first?.lines.en[0]).toContain('10,000 devices')
    expect(first?.lines.en[0]).toContain('Cluster c1')
    expect(plant.role.state().alerts.size).toBe(20_000)
    // Of CPU: the wall clock also counts what else the machine does.
    expect((user + system) / 1e6).toBeLessThan(10)
    await plant.role.stop()
  })

  it('who takes over from the journal alone says what was not said, and nothing twice', async () => {
    const rules = [eventRule({ severity: 'page', urgent: true })]
    const first = site(rules)
    await first.role.start()
    first.announce(faults(3, START))
    await first.goOn(300)
    const told = first.notifications().length
    expect(told).toBe(2)
    const live = first.role.state()
    await first.role.stop()
    const second = site(rules, first.journal)
    await second.role.start()
    await second.goOn(1_000)
    expect(second.notifications().length).toBe(told)
    expect(foldAlerts(NO_ALERT_STATE, first.journal.entries).alerts).toEqual(live.alerts)
    second.announce(faults(3, START + 2_000, { edge: 'closed' }))
    await second.goOn(3_000)
    const ended = second.notifications().slice(told)
    expect(ended.map(({ reason, channel }) => `${reason} ${channel}`).toSorted()).toEqual([
      'resolved chat',
      'resolved pager',
    ])
    await second.role.stop()
  })

  it('of two that act on one journal the older one ends', async () => {
    const rules = [eventRule({ severity: 'page' })]
    const first = site(rules)
    await first.role.start()
    first.announce(faults(1, START))
    await first.goOn(300)
    const second = site(rules, first.journal)
    await second.role.start()
    second.announce([faultEvent('other', START + 500)])
    await second.goOn(600)
    await expect(first.goOn(1_000)).rejects.toMatchObject({ code: 'E_LEASE_LOST' })
    await second.role.stop()
  })

  it('a page beyond the budget leaves by digest, an urgent one does not', async () => {
    const rules = ['a', 'b', 'c'].map((code) =>
      eventRule({ name: `fault_${code}`, severity: 'page', match: [{ codes: [code] }] }),
    )
    const leak = eventRule({
      name: 'leak',
      severity: 'page',
      urgent: true,
      match: [{ codes: ['leak'] }],
    })
    const plant = site([...rules, leak])
    await plant.role.start()
    plant.announce(['a', 'b', 'c', 'leak'].map((code) => faultEvent(`d-${code}`, START, { code })))
    await plant.goOn(300)
    const pager = plant.notifications().filter(({ channel }) => channel === 'pager')
    expect(pager.length).toBe(3)
    expect(pager.some(({ urgent }) => urgent)).toBe(true)
    const digest = plant.notifications().filter(({ reason }) => reason === 'digest')
    expect(digest.map(({ channel }) => channel)).toEqual(['chat'])
    for (let hour = 0; hour < 30; hour += 1) await plant.goOn(3_000)
    expect(plant.notifications().filter(({ channel }) => channel === 'pager').length).toBe(3)
    await plant.role.stop()
  })

  it('a page that nobody acknowledged rings after five minutes, once, and an acknowledged one does not', async () => {
    const escalated = async (isAcknowledged: boolean) => {
      const plant = site([eventRule({ severity: 'page', ends_after: 86_400 })])
      await plant.role.start()
      plant.announce(faults(1, START))
      await plant.goOn(300)
      const [told] = plant.notifications()
      if (told === undefined) throw new Error('nobody was told')
      if (isAcknowledged) {
        const ack = { group: told.group, at_ms: START + 300, until_ms: START + 4 * 3_600_000 }
        const acks = [{ ...ack, who: 'Ada', comment: '' }]
        const body = { kind: 'alert_acks' as const, acks }
        await plant.journal.append({ at_ms: START + 300, who: 'Ada', body })
      }
      const rung = () => plant.notifications().filter(({ reason }) => reason === 'escalation')
      await plant.goOn(290_000)
      expect(rung()).toEqual([])
      for (const ms of [15_000, 15_000, 600_000]) await plant.goOn(ms)
      await plant.role.stop()
      return rung().map(({ channel, group }) => [channel, group === told.group])
    }
    expect(await escalated(false)).toEqual([['pager', true]])
    expect(await escalated(true)).toEqual([])
  })

  it('what is silenced is told to nobody and kept with its reason', async () => {
    const plant = site([eventRule({ severity: 'page' })])
    const silence = {
      id: 's1',
      from_ms: START - 1,
      to_ms: START + 60_000,
      who: 'Ada',
      kind: 'silence',
      comment: 'known',
      matchers: [{ label: 'device', value: 'd.*', is_regex: true, is_equal: true }],
    } as const
    await plant.journal.append({
      at_ms: START,
      who: 'Ada',
      body: { kind: 'silences', silences: [{ ...silence, matchers: [...silence.matchers] }] },
    })
    await plant.role.start()
    plant.announce(faults(1, START))
    await plant.goOn(300)
    expect(plant.notifications()).toEqual([])
    const [known] = plant.role.state().alerts.values()
    expect(known?.alert.suppressed).toEqual({ kind: 'silence', by: 's1' })
    await plant.goOn(60_000)
    expect(plant.notifications().map(({ reason }) => reason)).toEqual(['firing', 'firing'])
    await plant.role.stop()
  })

  it('a page that nobody answers goes on to the next, and an acknowledgement stops that', async () => {
    const rules = [eventRule({ severity: 'page' })]
    const plant = site(rules)
    await plant.role.start()
    plant.announce(faults(1, START))
    await plant.goOn(300)
    const [first] = plant.notifications()
    if (first === undefined) throw new Error('nothing was told')
    await plant.journal.append({
      at_ms: START + 1_000,
      who: 'Ada',
      body: {
        kind: 'alert_acks',
        acks: [
          {
            group: first.group,
            at_ms: START + 1_000,
            until_ms: START + 20_000_000,
            who: 'Ada',
            comment: '',
          },
        ],
      },
    })
    await plant.goOn(14_500_000 - 300)
    expect(plant.notifications().filter(({ reason }) => reason === 'repeat')).toEqual([])
    await plant.role.stop()
  })

  it('another leak is told at once, and only a storm of them waits', async () => {
    const plant = site([eventRule({ severity: 'page', urgent: true })])
    const pages = () => plant.notifications().filter(({ channel }) => channel === 'pager')
    await plant.role.start()
    for (let leak = 0; leak < 12; leak += 1) {
      plant.announce([faultEvent(`d${leak}`, START + leak * 1_000)])
      await plant.goOn(1_000)
      // Nothing new is told twice.
      await plant.goOn(0)
      if (leak < 5) expect(pages()).toHaveLength(leak + 1)
    }
    expect(pages().map(({ reason }) => reason)).toEqual(['firing', 'more', 'more', 'more', 'more'])
    await plant.goOn(30_000)
    expect(pages()).toHaveLength(6)
    expect(pages().at(-1)?.fingerprints).toHaveLength(12)
    await plant.role.stop()
  })
})
