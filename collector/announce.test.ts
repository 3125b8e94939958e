import { describe, expect, it } from 'vitest'
import { ANNOUNCED_PER_SECOND } from '#schemas/announcement.ts'
import type { EventRecord } from '#schemas/records.ts'
import { createAnnouncer } from './announce.ts'

const event = (code: string): EventRecord => ({
  kind: 'event',
  at_ms: 1_800_000_000_000,
  node: 'n1',
  device_key: 'uuid:GPU-1',
  source: 'dcgm',
  type: 'xid',
  code,
  severity: 'critical',
  edge: 'open',
  message: 'fallen off the bus',
})

describe('announcing events', () => {
  it('says those of one read together, and nothing but events', async () => {
    const said: (readonly EventRecord[])[] = []
    const announcer = createAnnouncer(
      { announce: (events) => void said.push(events) },
      { monotonicMs: () => 0 },
    )
    announcer.see(event('79'))
    announcer.see({
      kind: 'fact',
      at_ms: 1,
      node: 'n',
      device_key: null,
      source: 's',
      name: 'driver_version',
      value: 'y',
    })
    announcer.see(event('48'))
    expect(said).toEqual([])
    await Promise.resolve()
    expect(said).toEqual([[event('79'), event('48')]])
  })

  it('counts what is too much in a second, and goes on in the next', async () => {
    let nowMs = 0
    let said = 0
    const announcer = createAnnouncer(
      { announce: (events) => void (said += events.length) },
      { monotonicMs: () => nowMs },
    )
    for (let n = 0; n < 1_000; n += 1) announcer.see(event(String(n)))
    await Promise.resolve()
    expect([said, announcer.dropped()]).toEqual([
      ANNOUNCED_PER_SECOND,
      1_000 - ANNOUNCED_PER_SECOND,
    ])
    nowMs += 100
    for (let n = 0; n < 1_000; n += 1) announcer.see(event(String(n)))
    await Promise.resolve()
    expect(said).toBe(220)
  })

  it('stops nothing when the way is broken or there is none', async () => {
    const announce = () => {
      throw new Error('closed')
    }
    const broken = createAnnouncer({ announce }, { monotonicMs: () => 0 })
    broken.see(event('79'))
    await Promise.resolve()
    expect(broken.dropped()).toBe(1)
    const none = createAnnouncer({}, { monotonicMs: () => 0 })
    none.see(event('79'))
    await Promise.resolve()
    expect(none.dropped()).toBe(0)
  })
})
