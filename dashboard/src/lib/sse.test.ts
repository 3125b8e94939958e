import { describe, expect, it } from 'vitest'
import * as fc from 'fast-check'
import { backoffMs, keepStream, type StreamEvent, type StreamStatus } from './sse.ts'

/** A world with its own clock, in which streams open, speak and break when told to. */
function world() {
  const opened: { closed: boolean; say: (type: string, event?: StreamEvent) => void }[] = []
  const timers = new Map<number, { atMs: number; run: () => void }>()
  const statuses: StreamStatus[] = []
  const heard: string[] = []
  let nowMs = 0
  let lastTimer = 0
  const stream = keepStream(
    '/live',
    {
      events: {
        fleet: (text) => {
          heard.push(String(JSON.parse(text)))
        },
      },
      onStatus: (status) => statuses.push(status),
    },
    {
      open: () => {
        const listeners = new Map<string, (event: StreamEvent) => void>()
        const source = {
          closed: false,
          addEventListener: (type: string, listener: (event: StreamEvent) => void) =>
            void listeners.set(type, listener),
          close() {
            this.closed = true
          },
          say: (type: string, event: StreamEvent = {}) => listeners.get(type)?.(event),
        }
        opened.push(source)
        return source
      },
      now: () => nowMs,
      random: () => 0,
      setTimer: (run, ms) => {
        lastTimer += 1
        timers.set(lastTimer, { atMs: nowMs + ms, run })
        return lastTimer
      },
      clearTimer: (timer) => void (typeof timer === 'number' && timers.delete(timer)),
    },
  )
  const pass = (ms: number) => {
    nowMs += ms
    for (const [id, timer] of timers) {
      if (timer.atMs > nowMs) continue
      timers.delete(id)
      timer.run()
    }
  }
  return { opened, statuses, heard, stream, pass, timers }
}

describe('a live stream', () => {
  it('comes back after a refused answer, ever more slowly', () => {
    const { opened, statuses, pass } = world()
    opened[0]?.say('error')
    expect(statuses.at(-1)).toBe('waiting')
    pass(499)
    expect(opened).toHaveLength(1)
    pass(1)
    expect(opened).toHaveLength(2)
    opened[1]?.say('error')
    pass(999)
    expect(opened).toHaveLength(2)
    pass(1)
    expect(opened).toHaveLength(3)
  })

  it('starts over with short waits once something was heard', () => {
    const { opened, pass } = world()
    opened[0]?.say('error')
    pass(500)
    opened[1]?.say('open')
    opened[1]?.say('fleet', { data: '1' })
    opened[1]?.say('error')
    pass(500)
    expect(opened).toHaveLength(3)
  })

  it('replaces a connection that is open and silent', () => {
    const { opened, pass } = world()
    opened[0]?.say('open')
    pass(150_000)
    expect(opened[0]?.closed).toBe(true)
    pass(500)
    expect(opened).toHaveLength(2)
  })

  it('a message cut short is dropped and the stream goes on', () => {
    const { opened, heard } = world()
    const warn = console.warn
    console.warn = () => {}
    opened[0]?.say('fleet', { data: '{"at":' })
    console.warn = warn
    opened[0]?.say('fleet', { data: '7' })
    expect(heard).toEqual(['7'])
  })

  it('an error of a connection already replaced changes nothing', () => {
    const { opened, pass } = world()
    opened[0]?.say('error')
    pass(500)
    opened[0]?.say('error')
    expect(opened).toHaveLength(2)
    expect(opened[1]?.closed).toBe(false)
  })

  it('once closed it stays closed and leaves no timer behind', () => {
    const { opened, stream, pass, timers } = world()
    stream.close()
    expect(opened[0]?.closed).toBe(true)
    expect(timers.size).toBe(0)
    pass(600_000)
    expect(opened).toHaveLength(1)
  })
})

describe('the wait before trying again', () => {
  it('is never longer than 30 s nor shorter than half a second', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, random) => {
        const wait = backoffMs(attempt, random)
        expect(wait).toBeGreaterThanOrEqual(500)
        expect(wait).toBeLessThanOrEqual(30_000)
      }),
    )
  })
})
