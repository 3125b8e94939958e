import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { OutgoingMessage } from '#schemas/ports.ts'
import { eventsSubject, messageId, telemetrySubject } from '#schemas/subjects.ts'
import type { Log } from './log.ts'

const BOOT = 'ab'.repeat(16)

/** Message number `seq` of collector c-1 in cluster east; every third is an event. */
export function outgoing(seq: number): OutgoingMessage {
  const subject = seq % 3 === 0 ? eventsSubject('east', 'c-1') : telemetrySubject('east', 'c-1')
  return {
    subject,
    id: messageId('c-1', BOOT, seq),
    boot: BOOT,
    seq,
    payload: Buffer.from(`message ${seq}`),
  }
}

/** The promises of a log, for each of its forms. `open` gives an empty log. */
export function describeLog(name: string, open: () => Promise<Log>): void {
  describe(`${name} as a log`, () => {
    let log: Log
    beforeEach(async () => {
      log = await open()
    })
    afterEach(() => log.close())

    it('is empty at first', async () => {
      expect(await log.last()).toBe(0)
      expect(await log.first()).toBe(1)
      expect(await log.read(1, 10, 0)).toEqual([])
    })

    it('gives back what was appended, in order, with growing positions', async () => {
      const before = Date.now()
      const positions: number[] = []
      for (let seq = 1; seq <= 7; seq += 1) positions.push(await log.append(outgoing(seq)))
      const messages = await readAll(log, 1, 7)
      expect(messages.map(({ position }) => position)).toEqual(positions)
      expect(positions).toEqual(positions.toSorted((a, b) => a - b))
      for (const [n, message] of messages.entries()) {
        const { subject, id, payload } = outgoing(n + 1)
        expect(message).toMatchObject({ subject, id })
        expect(Buffer.from(message.payload)).toEqual(Buffer.from(payload))
        expect(Math.abs(message.receivedAtMs - before)).toBeLessThan(60_000)
        expect(Math.abs((message.sentAtMs ?? 0) - before)).toBeLessThan(60_000)
      }
      expect(await log.first()).toBe(positions[0])
      expect(await log.last()).toBe(positions[6])
    })

    it('the same id again is stored once and answers with its position', async () => {
      const first = await log.append(outgoing(1))
      expect(await log.append(outgoing(1))).toBe(first)
      expect(await log.last()).toBe(first)
    })

    it('reading a range again gives the same messages: a replay is byte-identical', async () => {
      for (let seq = 1; seq <= 9; seq += 1) await log.append(outgoing(seq))
      const first = await readAll(log, 1, 9)
      await readAll(log, first[4]?.position ?? 0, 3)
      expect(await readAll(log, 1, 9)).toEqual(first)
    })

    it('reads no more than asked for, and goes on where it stopped', async () => {
      for (let seq = 1; seq <= 9; seq += 1) await log.append(outgoing(seq))
      const seen: string[] = []
      for (let position = 1; seen.length < 9;) {
        const messages = await log.read(position, 2, 2000)
        expect(messages.length).toBeGreaterThan(0)
        expect(messages.length).toBeLessThanOrEqual(2)
        seen.push(...messages.map(({ id }) => id))
        position = (messages.at(-1)?.position ?? 0) + 1
      }
      expect(seen).toEqual(Array.from({ length: 9 }, (_, n) => outgoing(n + 1).id))
    })

    it('a waiting reader gets a message as soon as it is there, and nothing when time is up', async () => {
      expect(await log.read(1, 10, 50)).toEqual([])
      const waiting = log.read(1, 10, 10_000)
      await setTimeout(100)
      const appended = performance.now()
      await log.append(outgoing(1))
      expect((await waiting).map(({ id }) => id)).toEqual([outgoing(1).id])
      expect(performance.now() - appended).toBeLessThan(1500)
    })

    it('a subject of nobody is refused', async () => {
      await expect(log.append({ ...outgoing(1), subject: 'other.v1.x.y' })).rejects.toThrow()
      expect(await log.last()).toBe(0)
    })

    it('keeps its epoch while it lives', async () => {
      const epoch = log.epoch()
      expect(epoch).not.toBe('')
      await log.append(outgoing(1))
      await readAll(log, 1, 1)
      expect(log.epoch()).toBe(epoch)
    })
  })
}

/** Exactly `count` messages from a position on. */
export async function readAll(log: Log, from: number, count: number) {
  const messages = []
  let position = from
  while (messages.length < count) {
    const found = await log.read(position, count - messages.length, 10_000)
    if (found.length === 0) throw new Error(`only ${messages.length} of ${count} messages came`)
    messages.push(...found)
    position = (found.at(-1)?.position ?? position) + 1
  }
  return messages
}
