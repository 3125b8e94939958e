import { describe, expect, it } from 'vitest'
import type { Watermark } from '#schemas/subjects.ts'
import { createGapReports } from './gap-reports.ts'
import type { LostRange } from './resend.ts'
import { BOOT_A, BOOT_B } from './spool/spool.testing.ts'
import { handTime, settle } from './time.testing.ts'

const loss = (boot: string, from: number, to: number): LostRange => ({
  boot,
  from_seq: from,
  to_seq: to,
  from_ms: from,
  to_ms: to,
  reason: 'spool_full',
})

/** Reports go out in batches 1, 2, 3… of this run, boot b. */
function world() {
  const time = handTime()
  const heard: ((watermark: Watermark) => void)[] = []
  const told: string[] = []
  let seq = 0
  const reports = createGapReports({
    boot: BOOT_B,
    time,
    publisher: {
      onWatermark(handler) {
        heard.push(handler)
        return () => heard.splice(0)
      },
    },
    report(ranges) {
      const names = ranges.map(({ boot, from_seq, to_seq }) => `${boot[0]} ${from_seq}..${to_seq}`)
      told.push(names.join(', '))
      const records = ranges.map((range) => ({ kind: 'gap' as const, at_ms: 0, ...range }))
      reports.sent({ seq: ++seq, records })
    },
  })
  const stored: string[] = []
  const tell = (range: LostRange) =>
    void reports.tell(range).then(() => stored.push(`${range.from_seq}`))
  const mark = async (boot: string, upTo: number) => {
    for (const handler of heard) handler({ boot, seq: upTo })
    await settle()
  }
  return { time, tell, told, stored, mark }
}

describe('a reported loss', () => {
  it('is reported at once, and taken over only when its report is known to be stored', async () => {
    const { tell, told, stored, mark } = world()
    tell(loss(BOOT_A, 59, 60))
    await mark(BOOT_A, 100)
    expect([told, stored]).toEqual([['a 59..60'], []])
    await mark(BOOT_B, 1)
    expect(stored).toEqual(['59'])
  })

  it('is reported again when the batch that carried its report is lost itself', async () => {
    const { time, tell, told, stored, mark } = world()
    tell(loss(BOOT_A, 59, 60))
    tell(loss(BOOT_B, 1, 1))
    await time.pass(1000)
    expect(told).toEqual(['a 59..60', 'a 59..60, b 1..1'])
    // Batch 1 is passed over, because its loss is stored: its content is not.
    await mark(BOOT_B, 1)
    expect(stored).toEqual([])
    await mark(BOOT_B, 2)
    expect(stored).toEqual(['59', '1'])
  })

  it('is joined with its neighbours, once a second: a full spool is not filled with reports', async () => {
    const { time, tell, told, stored, mark } = world()
    for (let seq = 1; seq <= 500; seq += 1) tell(loss(BOOT_B, seq, seq))
    await time.pass(10_000)
    expect(told).toEqual(['b 1..1', 'b 1..500'])
    await mark(BOOT_B, 2)
    expect(stored).toHaveLength(500)
  })

  it('ends in reports that arrive, when every report is dropped for a while', async () => {
    const { time, tell, told } = world()
    tell(loss(BOOT_A, 1, 2))
    for (let seq = 1; seq <= 60; seq += 1) {
      tell(loss(BOOT_B, seq, seq))
      await time.pass(1000)
    }
    expect(told.length).toBeLessThanOrEqual(62)
    expect(told.at(-1)).toBe('a 1..2, b 1..60')
  })
})
