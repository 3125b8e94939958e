import { describe, expect, test } from 'vitest'
import { fakeReader } from './access/access.testing.ts'
import { createLiveHub, LIVE_LIMITS, type LiveClient } from './live.ts'

const START_MS = Date.UTC(2026, 4, 4, 8)

function setUp() {
  let now = START_MS
  let newest = START_MS
  let welcome = true
  const fake = fakeReader()
  const reader = {
    ...fake,
    query(sql: string, params: Readonly<Record<string, never>>) {
      const asked = fake.query(sql, params)
      if (!sql.includes('accepted_devices')) return asked
      const counts = { reporting_devices: 1, accepted_devices: 1, pending_devices: 0 }
      return Promise.resolve([{ newest_sample_ms: newest, failed_targets: 0, ...counts }])
    },
  }
  const hub = createLiveHub({
    reader,
    clock: () => now,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    simulated: false,
  })
  const client = (accepts = true) => {
    const got: string[] = []
    const state = { closed: false }
    const made: LiveClient = {
      send(text) {
        got.push(text)
        return accepts
      },
      isWelcome: () => Promise.resolve(welcome),
      close() {
        state.closed = true
      },
    }
    return { got, state, made }
  }
  return {
    hub,
    client,
    asked: fake.asked,
    advance: (ms: number) => {
      now += ms
    },
    sample: () => {
      newest += 1000
    },
    unwelcome: () => {
      welcome = false
    },
  }
}
const wanted = { lastEventId: null, deviceId: null }

describe('the live hub', () => {
  test('asks the store once for all clients, and not at all for none', async () => {
    const { hub, client, asked } = setUp()
    await hub.poll()
    expect(asked).toHaveLength(0)
    const clients = [client(), client(), client()]
    for (const { made } of clients) hub.subscribe(made, wanted)
    await hub.poll()
    const polls = asked.filter(({ sql }) => sql.includes('device_minutes')).length
    expect(polls).toBe(1)
    for (const { got } of clients) expect(got).toHaveLength(1)
  })

  test('greets a newcomer after a pause with a fresh figure, never with one from before it', async () => {
    const { hub, client, advance } = setUp()
    const first = client()
    const leave = hub.subscribe(first.made, wanted)
    await hub.poll()
    leave()
    advance(5 * 60_000)
    const late = client()
    hub.subscribe(late.made, wanted)
    expect(late.got).toHaveLength(0)
    await hub.poll()
    expect(late.got).toHaveLength(1)
    expect(late.got[0]).toContain(`"at":${START_MS + 5 * 60_000}`)
  })

  test('works out a closed minute every 5 s while samples of it still come, and no more after it', async () => {
    const { hub, client, advance, asked } = setUp()
    hub.subscribe(client().made, wanted)
    const reads = () => asked.filter(({ sql }) => sql.includes('device_minutes')).length
    const counts: number[] = []
    for (let at = 0; at < 56_000; at += 2000) {
      await hub.poll()
      counts.push(reads())
      advance(2000)
    }
    // Every third poll of 2 s, the last one just after the twenty seconds.
    expect(counts.slice(0, 8)).toEqual([1, 1, 1, 2, 2, 2, 3, 3])
    expect(counts.at(-1)).toBe(5)
  })

  test('says nothing when nothing is new', async () => {
    const { hub, client, sample, advance } = setUp()
    const { got, made } = client()
    hub.subscribe(made, wanted)
    await hub.poll()
    advance(2000)
    await hub.poll()
    expect(got).toHaveLength(1)
    sample()
    await hub.poll()
    expect(got).toHaveLength(2)
  })

  test('keeps a bounded past for those who come back, and polls on for a while', async () => {
    const { hub, client, sample, advance } = setUp()
    const leave = hub.subscribe(client().made, wanted)
    for (let count = 0; count < LIVE_LIMITS.ring + 20; count += 1) {
      sample()
      advance(10)
      await hub.poll()
    }
    leave()
    sample()
    await hub.poll()
    const back = client()
    hub.subscribe(back.made, { lastEventId: START_MS, deviceId: null })
    expect(back.got).toHaveLength(LIVE_LIMITS.ring)
    const fresh = client()
    hub.subscribe(fresh.made, wanted)
    expect(fresh.got).toEqual(back.got.slice(-1))
  })

  test('stops asking when nobody came back', async () => {
    const { hub, client, asked, advance } = setUp()
    hub.subscribe(client().made, wanted)()
    await hub.poll()
    const before = asked.length
    advance(LIVE_LIMITS.lingerMs)
    await hub.poll()
    expect(asked).toHaveLength(before)
  })

  test('a client that does not read is let go, the others stay', async () => {
    const { hub, client } = setUp()
    const slow = client(false)
    const good = client()
    hub.subscribe(slow.made, wanted)
    hub.subscribe(good.made, wanted)
    await hub.poll()
    expect(slow.state.closed).toBe(true)
    expect(good.state.closed).toBe(false)
    expect(hub.metrics).toMatchObject({ clients: 1, dropped: 1 })
  })

  test('a login that ended ends its stream at the next heartbeat', async () => {
    const { hub, client, unwelcome } = setUp()
    const { state, got, made } = client()
    hub.subscribe(made, wanted)
    await hub.heartbeat()
    expect(got.at(-1)).toBe(': heartbeat\n\n')
    unwelcome()
    await hub.heartbeat()
    expect(state.closed).toBe(true)
    expect(hub.metrics.clients).toBe(0)
  })

  test('has room for a bounded number of clients', () => {
    const { hub, client } = setUp()
    for (let count = 0; count < LIVE_LIMITS.clients; count += 1)
      hub.subscribe(client().made, wanted)
    expect(() => hub.subscribe(client().made, wanted)).toThrow(
      expect.objectContaining({ code: 'E_TOO_MANY_REQUESTS' }),
    )
  })
})
