import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { notificationId } from '../message/message.testing.ts'
import { answers, createWorld, note, ok, type Receiver, type World } from './deliver.testing.ts'

const HOUR = 3_600_000

/** What a receiver may do to us, and whether it then has the message. */
const FLAKES: readonly { readonly did: ReturnType<Receiver>; readonly has: boolean }[] = [
  { did: ok(), has: true },
  { did: answers(500), has: false },
  { did: answers(503, '', { 'retry-after': '20' }), has: false },
  { did: answers(302, '', { location: 'http://169.254.169.254/' }), has: false },
  { did: { answer: new Error('read ECONNRESET') }, has: true },
  { did: { answer: new Error('no answer in time'), afterMs: 15_000 }, has: false },
  { did: answers(429), has: false },
]

/** A message that is refused for a day is a dead letter: ten times at most, fewer where a sender dies between. */
const REFUSED_MAX = 5

/** Ids that a receiver has, with the bodies it got under each. */
function received(world: World, seen: readonly boolean[]): Map<string, Set<string>> {
  const bodies = new Map<string, Set<string>>()
  for (const [index, { request }] of world.sent.entries()) {
    if (seen[index] !== true) continue
    const id = request.headers['webhook-id'] ?? ''
    bodies.set(id, (bodies.get(id) ?? new Set()).add(request.body))
  }
  return bodies
}

describe('with receivers that hang, fail, reset and redirect, and senders that die', () => {
  it('nothing is lost, and every copy has the same id and the same bytes', async () => {
    const plan = fc.record({
      flakes: fc.array(fc.nat(FLAKES.length - 1), { minLength: 1, maxLength: 40 }),
      messages: fc.integer({ min: 1, max: 12 }),
      kills: fc.array(fc.integer({ min: 1, max: 60_000 }), { maxLength: 5 }),
    })
    await fc.assert(
      fc.asyncProperty(plan, async ({ flakes, messages, kills }) => {
        const seen: boolean[] = []
        const refused = new Map<string, number>()
        let world = createWorld(({ headers }) => {
          const id = headers['webhook-id'] ?? ''
          const times = refused.get(id) ?? 0
          // In the end everything heals.
          const flake = times < REFUSED_MAX ? FLAKES[flakes[seen.length] ?? 0] : FLAKES[0]
          const has = flake?.has ?? true
          if (!has) refused.set(id, times + 1)
          seen.push(has)
          return flake?.did ?? ok()
        })
        const names = Array.from({ length: messages }, (_, i) => `m${i}`)
        for (const [i, name] of names.entries()) {
          const severity = i % 3 === 0 ? 'page' : 'warn'
          await world.queue(note(name, { severity, urgent: false, not_before_ms: world.now() }))
          await world.run(700)
        }
        for (const ms of kills) {
          await world.run(ms)
          world = world.restarted()
        }
        await world.run(30 * HOUR)
        expect(world.sender.status()).toMatchObject({ waiting: 0, dead: 0, unwritten: 0 })
        const bodies = received(world, seen)
        for (const name of names) expect(bodies.get(notificationId(name))?.size).toBe(1)
        expect(bodies.size).toBe(names.length)
      }),
      { numRuns: 60 },
    )
    // Days pass on a clock of its own; a busy machine needs seconds for them.
  }, 60_000)
})
