import { describe, expect, it } from 'vitest'
import type { Watermark } from '#schemas/subjects.ts'
import { createGapReports } from './gap-reports.ts'
import type { LostRange } from './resend.ts'
import { BOOT_A, BOOT_B } from './spool/spool.testing.ts'
import { settle } from './time.testing.ts'

const loss = (boot: string, from: number, to: number): LostRange => ({
  boot,
  from_seq: from,
  to_seq: to,
  from_ms: 0,
  to_ms: 1,
  reason: 'spool_full',
})

/** Each report goes out at once, in a batch of its own: the first is batch 1. */
function world() {
  const heard: ((watermark: Watermark) => void)[] = []
  const told: string[] = []
  let seq = 0
  const reports = createGapReports({
    boot: BOOT_B,
    publisher: {
      onWatermark(handler) {
        heard.push(handler)
        return () => heard.splice(0)
      },
    },
    report(range) {
      told.push(`${range.boot.slice(0, 1)} ${range.from_seq}..${range.to_seq}`)
      reports.sent({ seq: ++seq, records: [{ kind: 'gap', at_ms: 0, ...range }] })
    },
  })
  const stored: string[] = []
  const tell = (range: LostRange) =>
    void reports.tell(range).then(() => stored.push(`${range.from_seq}`))
  const mark = async (boot: string, upTo: number) => {
    for (const handler of heard) handler({ boot, seq: upTo })
    await settle()
  }
  return { tell, told, stored, mark }
}

describe('a reported loss', () => {
  it('is taken over only when its report is known to be stored', async () => {
    const { tell, told, stored, mark } = world()
    tell(loss(BOOT_A, 59, 60))
    await mark(BOOT_A, 100)
    expect([told, stored]).toEqual([['a 59..60'], []])
    await mark(BOOT_B, 1)
    expect(stored).toEqual(['59'])
  })

  it('is reported again when the batch that carried its report is lost itself', async () => {
    const { tell, told, stored, mark } = world()
    tell(loss(BOOT_A, 59, 60))
    tell(loss(BOOT_B, 1, 1))
    expect(told).toEqual(['a 59..60', 'b 1..1', 'a 59..60'])
    // Passed over, because the loss of batch 1 is stored: its content is not.
    await mark(BOOT_B, 2)
    expect(stored).toEqual(['1'])
    await mark(BOOT_B, 3)
    expect(stored).toEqual(['1', '59'])
  })

  it('is reported once while it waits, however often it is told', async () => {
    const { tell, told, stored, mark } = world()
    tell(loss(BOOT_A, 1, 2))
    tell(loss(BOOT_A, 1, 2))
    expect(told).toHaveLength(1)
    await mark(BOOT_B, 1)
    expect(stored).toEqual(['1', '1'])
    tell(loss(BOOT_A, 1, 2))
    expect(told).toHaveLength(2)
  })
})
