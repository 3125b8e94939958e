import { expect, it, vi } from 'vitest'
import { quarterly } from './site-clock.ts'

const HOUR_MS = 3_600_000
/** A clock that goes forward an hour at hour 100. */
const convert = (ms: number) => new Date(ms + (ms >= 100 * HOUR_MS ? 3 : 2) * HOUR_MS)

it('says what the conversion says, also beside a change of the clock', () => {
  const clock = quarterly(convert)
  for (const ms of [0, 1, 899_999, 900_000, 100 * HOUR_MS - 1, 100 * HOUR_MS, 101 * HOUR_MS + 7])
    expect(clock(ms)).toEqual(convert(ms))
})

it('asks once for a quarter of an hour', () => {
  const asked = vi.fn(convert)
  const clock = quarterly(asked)
  for (let ms = 0; ms < 900_000; ms += 1000) clock(ms)
  expect(asked).toHaveBeenCalledTimes(1)
})
