import { describe, expect, it } from 'vitest'
import { handTime } from '../../collector/time.testing.ts'
import { fairTime } from './fair-time.ts'

/** Turns that the test gives, with a clock that each callback may move. */
function setup() {
  const time = handTime()
  const waiting: (() => void)[] = []
  const clock = { ms: 0 }
  const fair = fairTime(time, { next: (turn) => waiting.push(turn), nowMs: () => clock.ms })
  return { time, fair, clock, waiting, give: () => waiting.shift()?.() }
}

describe('fair time', () => {
  it('timers that are due run in order, a turn of 20 ms at a time', async () => {
    const { time, fair, clock, waiting, give } = setup()
    const ran: number[] = []
    for (const i of [0, 1, 2, 3, 4])
      fair.setTimer(10, () => {
        ran.push(i)
        clock.ms += 10
      })
    await time.pass(10)
    expect(ran).toEqual([])
    give()
    expect(ran).toEqual([0, 1])
    give()
    give()
    expect(ran).toEqual([0, 1, 2, 3, 4])
    expect(waiting).toHaveLength(0)
  })

  it('a timer that plans itself again at once does not keep the turn for ever', async () => {
    const { time, fair, clock, waiting, give } = setup()
    const again = () => {
      clock.ms += 5
      fair.setTimer(0, again)
    }
    again()
    await time.pass(1)
    give()
    await time.pass(1)
    expect([clock.ms, waiting.length]).toEqual([10, 1])
  })

  it('one that is called off does not run, even when it was due already', async () => {
    const { time, fair, give } = setup()
    let ran = 0
    const [early, late] = [fair.setTimer(10, () => ran++), fair.setTimer(10, () => ran++)]
    early()
    await time.pass(10)
    late()
    give()
    expect(ran).toBe(0)
  })
})
