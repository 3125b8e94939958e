import { describe, expect, it } from 'vitest'
import { JournalEntry } from '#schemas/journal.ts'
import { AT, groupId, notificationId } from '../message/message.testing.ts'
import { answers, CONFIG, createWorld, note, ok, type Receiver, SECRET } from './deliver.testing.ts'
import { testNotification } from './test-message.ts'

const host = (url: string) => new URL(url).hostname.split('.')[0]
const MINUTE = 60_000
const goodDing = ok('{"errcode":0,"errmsg":"ok"}')

/** When and where requests went, seconds since the message was queued. */
const times = (sent: readonly { atMs: number; request: { url: string } }[]) =>
  sent.map(({ atMs, request }) => [host(request.url), Math.round((atMs - AT) / 1000)])

describe('a page', () => {
  it('is sent at once, and its result is in the journal', async () => {
    const world = createWorld(() => ok())
    await world.queue(note('a'))
    await world.run(1_000)
    expect(times(world.sent)).toEqual([['one', 0]])
    expect(world.sender.outbox.items.size).toBe(0)
    const [result] = world.entries.flatMap(({ body }) =>
      body.kind === 'alert_deliveries' ? body.results : [],
    )
    expect(result).toMatchObject({
      id: notificationId('a'),
      outcome: 'accepted',
      status: 200,
      attempt: 1,
    })
    for (const entry of world.entries) expect(() => JournalEntry.parse(entry)).not.toThrow()
  })

  it('is tried at 0, 5, 15, 45 and 120 s, then elsewhere too; the first to take it ends it', async () => {
    const receiver: Receiver = ({ url }) => (host(url) === 'one' ? answers(500) : ok())
    const world = createWorld(receiver)
    await world.queue(note('a'))
    await world.run(10 * MINUTE)
    // Jitter of the test is half of a fifth of the step.
    expect(times(world.sent)).toEqual([
      ['one', 0],
      ['one', 6],
      ['one', 17],
      ['one', 50],
      ['one', 132],
      ['two', 180],
    ])
    expect(world.sender.outbox.items.size).toBe(0)
    const ids = world.sent.map(({ request }) => request.headers['webhook-id'])
    expect(new Set(ids)).toEqual(new Set([notificationId('a')]))
    expect(new Set(world.sent.map(({ request }) => request.body)).size).toBe(1)
  })

  it('goes elsewhere at once when its receiver says never, and its resolve follows to where it went', async () => {
    const receiver: Receiver = ({ url }) => (host(url) === 'one' ? answers(410) : ok())
    const world = createWorld(receiver)
    await world.queue(note('a'))
    await world.run(MINUTE)
    expect(times(world.sent)).toEqual([
      ['one', 0],
      ['two', 0],
    ])
    await world.queue(note('a end', { group: groupId('a'), reason: 'resolved' }))
    await world.run(MINUTE)
    // The address that is gone is not asked again.
    expect(times(world.sent).slice(2)).toEqual([['two', 60]])
    expect(world.sender.status().channels[0]).toMatchObject({ name: 'hook', isGone: true })
  })

  it('is a dead letter when nobody took it, and goes out again when it is replayed', async () => {
    let isWell = false
    const world = createWorld(() => (isWell ? ok() : answers(500)))
    await world.queue(note('a'))
    await world.run(12 * 3600_000)
    expect(world.sender.status()).toMatchObject({ waiting: 0, dead: 1 })
    expect(world.logged.join('\n')).toContain('could not be delivered')
    isWell = true
    const replayed = {
      id: notificationId('a'),
      channel: 'hook',
      at_ms: world.now(),
      attempt: 0,
      outcome: 'replayed' as const,
      status: null,
      detail: 'replayed',
      next_ms: world.now(),
      receipt: '',
    }
    await world.append({ kind: 'alert_deliveries', results: [replayed] })
    await world.run(MINUTE)
    expect(world.sender.status()).toMatchObject({ waiting: 0, dead: 0 })
    expect(world.sent.at(-1)?.request.headers['webhook-id']).toBe(notificationId('a'))
  })

  it('waits as long as it is asked to', async () => {
    const receiver: Receiver = (_, n) =>
      n === 1 ? answers(429, '', { 'retry-after': '120' }) : ok()
    const world = createWorld(receiver)
    await world.queue(note('a', { severity: 'warn', urgent: false }))
    await world.run(119_000)
    expect(world.sent).toHaveLength(1)
    await world.run(20_000)
    expect(world.sent).toHaveLength(2)
  })

  it('leaves a robot that went deaf alone for ten minutes, and goes elsewhere meanwhile', async () => {
    const receiver: Receiver = ({ url }) =>
      host(url) === 'oapi' ? ok('{"errcode":130101,"errmsg":"send too fast"}') : ok()
    const world = createWorld(receiver)
    await world.queue(note('a', { channel: 'ding' }))
    await world.run(9 * MINUTE)
    expect(times(world.sent)).toEqual([
      ['oapi', 0],
      ['two', 180],
    ])
  })
})

describe('order', () => {
  it('a resolve never passes its page, and a new page never passes the resolve before it', async () => {
    let isWell = false
    const world = createWorld(({ url }) => (host(url) === 'two' || isWell ? ok() : answers(503)), {
      config: () => ({
        ...CONFIG,
        channels: CONFIG.channels.filter(({ name }) => name !== 'spare'),
      }),
    })
    const group = groupId('g')
    await world.queue(note('1', { group }))
    await world.queue(note('2', { group, reason: 'resolved' }), note('3', { group }))
    await world.run(30_000)
    isWell = true
    await world.run(2 * MINUTE)
    const order = world.sent.map(({ request }) => request.headers['webhook-id'])
    expect([...new Set(order)]).toEqual(['1', '2', '3'].map(notificationId))
    expect(world.sender.outbox.items.size).toBe(0)
  })

  it('once a receiver is well, what waited for it goes out without waiting for its turn', async () => {
    let isWell = false
    const world = createWorld(() => (isWell ? ok() : answers(500)))
    await world.queue(note('a', { severity: 'ticket', urgent: false }))
    await world.run(40 * MINUTE)
    isWell = true
    await world.queue(note('b', { severity: 'ticket', urgent: false, not_before_ms: world.now() }))
    await world.run(MINUTE)
    expect(world.sender.outbox.items.size).toBe(0)
  })
})

describe('many at once', () => {
  it('stay below what the vendor takes; the rest are one message, worst first', async () => {
    const world = createWorld(() => goodDing)
    const many = Array.from({ length: 40 }, (_, i) =>
      note(`m${i}`, { channel: 'ding', severity: i === 30 ? 'page' : 'ticket', urgent: false }),
    )
    await world.queue(...many)
    await world.run(MINUTE)
    expect(world.sent.length).toBeLessThanOrEqual(5)
    expect(world.sender.outbox.items.size).toBe(0)
    const digest = world.sent
      .map(({ request }) => request.body)
      .find((body) => body.includes('DIGEST'))
    expect(digest).toMatch(/\[DIGEST\] \d\d messages at once, worst first/)
    expect(world.sent[0]?.request.body).not.toContain('DIGEST')
    const accepted = world.entries.flatMap(({ body }) =>
      body.kind === 'alert_deliveries'
        ? body.results.filter(({ outcome }) => outcome === 'accepted')
        : [],
    )
    expect(new Set(accepted.map(({ id }) => id)).size).toBe(40)
  })

  it('a minute never holds more than the rate, also across a restart', async () => {
    let world = createWorld(() => goodDing)
    for (let i = 0; i < 30; i++) {
      await world.queue(note(`m${i}`, { channel: 'ding', not_before_ms: world.now() }))
      await world.run(1_500)
      if (i % 7 === 6) world = world.restarted()
    }
    await world.run(5 * MINUTE)
    const at = world.sent.map(({ atMs }) => atMs)
    for (const start of at)
      expect(at.filter((ms) => ms >= start && ms < start + MINUTE).length).toBeLessThanOrEqual(15)
    expect(world.sender.outbox.items.size).toBe(0)
  })
})

describe('the journal', () => {
  it('may be away: messages go out, results follow when it is back', async () => {
    let isAway = false
    const world = createWorld(() => ok(), { isJournalAway: () => isAway })
    await world.queue(note('a'))
    isAway = true
    await world.run(30_000)
    expect(world.sent).toHaveLength(1)
    expect(world.sender.status().unwritten).toBe(1)
    isAway = false
    await world.run(5_000)
    expect(world.sender.status().unwritten).toBe(0)
    expect(world.entries.at(-1)?.body.kind).toBe('alert_deliveries')
  })

  it('and the log never hold a secret, whatever a receiver echoes', async () => {
    const echo: Receiver = ({ url }) => {
      const known = host(url) === 'oapi' ? 'SECdemo123' : SECRET
      return answers(400, `{"errcode":310000,"errmsg":"sign not match for ${url} ${known}"}`)
    }
    const world = createWorld(echo)
    await world.queue(note('a', { channel: 'ding' }), note('b'))
    await world.run(10 * MINUTE)
    const shown = JSON.stringify(world.entries) + world.logged.join('\n')
    expect(shown).toContain('errcode 310000')
    for (const secret of ['abcdef123456', '&sign=', 'SECdemo123', SECRET, SECRET.slice(6)])
      expect(shown).not.toContain(secret)
  })
})

describe('a test of a channel', () => {
  const test = (world: ReturnType<typeof createWorld>) =>
    testNotification('hook', { nowMs: world.now(), random: 0.5, timeZone: 'UTC' })
  const last = ({ entries }: ReturnType<typeof createWorld>) => entries.at(-1)?.body

  it('is tried once, also where the address was gone, and is no dead letter', async () => {
    let status = 410
    const world = createWorld(() => (status === 200 ? ok() : answers(status)))
    await world.queue(test(world))
    await world.run(12 * 3600_000)
    expect(world.sent).toHaveLength(1)
    expect(world.sender.status()).toMatchObject({ waiting: 0, dead: 0 })
    expect(last(world)).toMatchObject({ results: [{ outcome: 'failed', next_ms: null }] })
    expect(world.sender.status().channels[0]).toMatchObject({ isGone: true })
    status = 200
    await world.queue(test(world))
    await world.run(1_000)
    expect(last(world)).toMatchObject({ results: [{ outcome: 'accepted', status: 200 }] })
    expect(world.sender.status().channels[0]).toMatchObject({ isGone: false })
  })

  it('is not sent when nobody sent for ten minutes', async () => {
    const world = createWorld(() => ok())
    const late = { ...test(world), at_ms: world.now() - 601_000 }
    await world.queue(late)
    await world.run(1_000)
    expect(world.sent).toHaveLength(0)
    expect(last(world)).toMatchObject({ results: [{ outcome: 'failed' }] })
  })
})

it('what names a channel that is no more is a dead letter, not a silence', async () => {
  const world = createWorld(() => ok())
  await world.queue(note('a', { channel: 'removed', severity: 'warn', urgent: false }))
  await world.run(1_000)
  expect(world.sender.status().dead).toBe(1)
})
