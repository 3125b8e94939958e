import { describe, expect, it } from 'vitest'
import { createSpans } from './spans.ts'

const HOUR = 3_600_000
const NOW = Date.UTC(2026, 10, 20)
const LONG_AGO = NOW - 30 * 24 * HOUR

/** A store that notes the times of the sets that are made. */
function drawn() {
  const made: string[] = []
  const state = { digest: 'a', isFailing: false }
  const store = {
    query: (sql: string) =>
      Promise.resolve(
        sql.includes('max(set_id)') ? [{ set_id: 0 }] : [{ is_here: 1, digest: state.digest }],
      ),
    async command(_: string, params: Readonly<Record<string, unknown>> = {}) {
      await new Promise((resolve) => setImmediate(resolve))
      if (state.isFailing) throw new Error('no set')
      if ('is_open' in params) made.push(hours(params))
    },
  }
  const hours = ({ from_ms, to_ms, is_open }: Readonly<Record<string, unknown>>) =>
    `${(Number(from_ms) - LONG_AGO) / HOUR}-${(Number(to_ms) - LONG_AGO) / HOUR} ${String(is_open)}`
  const spans = createSpans(store, () => NOW)
  const setFor = (from: number, isFresh = true) =>
    spans.setFor({ fromMs: LONG_AGO + from * HOUR, toMs: LONG_AGO + (from + 8) * HOUR, isFresh })
  return { made, state, setFor }
}

describe('a set for minutes of long ago', () => {
  it('serves the pieces that follow, also those that are asked for while it is made', async () => {
    const { made, setFor } = drawn()
    const [first, second] = await Promise.all([setFor(0), setFor(8)])
    expect(second).toBe(first)
    expect(await setFor(40)).toBe(first)
    expect(await setFor(48)).toBeGreaterThan(first)
    expect(made).toEqual(['0-48 0', '48-96 0'])
  })

  it('is made anew where something changed, and for a piece that it ends within', async () => {
    const { made, state, setFor } = drawn()
    await setFor(0)
    state.digest = 'b'
    await setFor(8)
    await setFor(52)
    expect(made).toEqual(['0-48 0', '8-56 0', '52-100 0'])
  })

  it('is made for its own time only where minutes are settled again', async () => {
    const { made, setFor } = drawn()
    await setFor(0, false)
    await setFor(8, false)
    expect(made).toEqual(['0-8 0', '8-16 0'])
  })

  it('is not what a failed attempt left behind', async () => {
    const { made, state, setFor } = drawn()
    state.isFailing = true
    await expect(setFor(0)).rejects.toThrow('no set')
    state.isFailing = false
    await setFor(8)
    expect(made).toEqual(['8-56 0'])
  })

  it('does not reach beyond now', async () => {
    const { made, setFor } = drawn()
    await setFor(30 * 24 - 30)
    expect(made).toEqual(['690-720 0'])
  })
})
