import { describe, expect, it } from 'vitest'
import { decodeBatch } from '#schemas/wire.ts'
import { createFleet } from './fleet.ts'
import { createMessageMaker, type PreparedMessage, spanOf } from './messages.ts'
import { patchedMessage } from './patch.ts'

const SHAPE = { devices: 100, collectors: 2, cluster: 'bench', seed: 7 }
const T0 = Date.UTC(2026, 10, 20, 9, 0, 0)

function messages(): PreparedMessage[] {
  return createFleet(SHAPE).flatMap((part) =>
    createMessageMaker(part, SHAPE.cluster).make([T0, T0 + 1000, T0 + 2000], 1000),
  )
}

function batchOf(payload: Uint8Array) {
  const decoded = decodeBatch(payload)
  if (!decoded.ok) throw new Error(decoded.reason)
  return decoded.batch
}

describe('messages for a benchmark', () => {
  it('hold every device at every instant once, with 40 values', () => {
    const made = messages()
    expect(made.reduce((sum, { rows }) => sum + rows, 0)).toBe(300)
    expect(made.reduce((sum, { values }) => sum + values, 0)).toBe(300 * 40)
    const batches = made.map(({ payload }) => batchOf(payload))
    expect(batches.every(({ simulated }) => simulated)).toBe(true)
    const targets = batches
      .flatMap(({ records }) => records)
      .filter(({ kind }) => kind === 'target')
    expect(targets).toHaveLength(Math.ceil(100 / 8))
  })

  it('speak for all of their instants, the second one of the last message included', () => {
    expect(spanOf(messages())).toEqual({ fromMs: T0, toMs: T0 + 3000 })
    const even = createFleet(SHAPE).flatMap((part) =>
      createMessageMaker(part, SHAPE.cluster).make([T0, T0 + 1000, T0 + 2000, T0 + 3000], 1000),
    )
    // Repeated after a lap one second too short, the last second would be sent twice.
    expect(spanOf(even)).toEqual({ fromMs: T0, toMs: T0 + 4000 })
  })

  it('count their sequences from 1 for each collector', () => {
    const byBoot = Map.groupBy(messages(), ({ boot }) => boot)
    expect(byBoot.size).toBe(2)
    for (const own of byBoot.values())
      expect(own.map(({ seq }) => seq)).toEqual(own.map((_, i) => i + 1))
  })

  it('a copy with another sequence and time is a whole message with the same values', () => {
    const [message] = messages()
    if (message === undefined) throw new Error('no message')
    const before = batchOf(message.payload)
    const after = batchOf(patchedMessage(message.payload, 70_001, message.t0Ms + 60_000))
    expect(after).toEqual({ ...before, seq: 70_001, t0Ms: message.t0Ms + 60_000 })
    expect(batchOf(message.payload)).toEqual(before)
  })
})
