import { describe, expect, it } from 'vitest'
import type { Ledger } from '../settle/ledger.ts'
import type { Work } from '../settle/plan.ts'
import { settleSpan } from './settle-span.ts'

const HOUR = 3_600_000
const FROM = Date.UTC(2026, 4, 1)
/** So many devices that a chunk is four hours. */
const DEVICES = Math.floor(500_000 / 240)

const name = ({ kind, fromMs, toMs }: Work) =>
  `${kind} ${(fromMs - FROM) / HOUR}-${(toMs - FROM) / HOUR}`

/** A ledger that notes what is begun and how much at once; work that `fails` rejects. */
function drawn(fails: (work: Work) => boolean = () => false) {
  const begun: string[] = []
  const load = { now: 0, max: 0 }
  const ledger: Ledger = {
    spans: { setFor: async () => 1, open: async () => undefined },
    async settle(work) {
      begun.push(name(work))
      load.max = Math.max(load.max, (load.now += 1))
      await new Promise((resolve) => setImmediate(resolve))
      load.now -= 1
      if (fails(work)) throw new Error(`no ${name(work)}`)
      return 1
    },
  }
  return { begun, load, ledger }
}

const run = (ledger: Ledger, shares: number[] = []) =>
  settleSpan(
    { fromMs: FROM, toMs: FROM + 28 * HOUR },
    {
      store: { query: async () => [] },
      ledger,
      sinceMs: 1,
      timeZone: 'UTC',
      devices: DEVICES,
      onProgress: (share) => shares.push(share),
    },
  )

describe('settling history', () => {
  it('keeps two pieces going: minutes, and hours and days behind them that later minutes do not reach', async () => {
    const { begun, load, ledger } = drawn()
    const shares: number[] = []
    expect(await run(ledger, shares)).toBe(28 * 60)
    expect(load.max).toBe(2)
    expect(begun).toEqual([
      'minutes 0-4',
      'minutes 4-8',
      'minutes 8-12',
      'hours 0-4',
      'minutes 12-16',
      'hours 4-8',
      'minutes 16-20',
      'hours 8-12',
      'minutes 20-24',
      'hours 12-16',
      'minutes 24-28',
      'hours 16-20',
      'hours 20-24',
      'day 0-24',
      'hours 24-28',
      'day 24-48',
    ])
    expect(shares).toEqual(shares.toSorted((a, b) => a - b))
    expect(shares.at(-1)).toBe(1)
  })

  it('begins nothing more once a piece failed, and says why when all have ended', async () => {
    const { begun, load, ledger } = drawn((work) => name(work) === 'minutes 4-8')
    await expect(run(ledger)).rejects.toThrow('no minutes 4-8')
    expect(load.now).toBe(0)
    expect(begun.slice(0, 2)).toEqual(['minutes 0-4', 'minutes 4-8'])
    expect(begun.length).toBeLessThanOrEqual(3)
  })
})
