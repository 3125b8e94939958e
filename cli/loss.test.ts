import { expect, it } from 'vitest'
import { createLossCheck, FAULTLESS } from './loss.testing.ts'

/** The judge of the crash tests has to see every kind of loss that it acquits processes of. */

const SENT_MS = 1_000
const exporters = [{ keys: ['uuid:a'], sent: new Map([1, 2, 3].map((n) => [n, SENT_MS * n])) }]
const sample = (number: number) => ({ key: 'uuid:a', ts_ms: `${number * 1000}`, number })
const range = (first_seq: number, last_seq: number, row_count: number) => ({
  boot: 'b',
  first_seq,
  last_seq,
  row_count,
  lost: 0,
})
const whole = {
  samples: [sample(1), sample(2), sample(3)],
  ranges: [range(1, 2, 2), range(3, 3, 1)],
}

function judge({ samples, ranges }: { samples: unknown[]; ranges: unknown[] }) {
  const query = async (sql: string) => (sql.includes('FROM batches') ? ranges : samples)
  return createLossCheck(exporters).verdict({ query })
}

it('acquits a store that holds every answer once', async () => {
  expect((await judge(whole)).faults).toEqual(FAULTLESS)
})

it.each([
  ['a sample stored twice', { ...whole, samples: [...whole.samples, sample(2)] }, 'doubled'],
  ['a sample that is missing', { ...whole, samples: [sample(1), sample(3)] }, 'answeredAndLost'],
  ['a row nobody promised', { ...whole, samples: [...whole.samples, sample(9)] }, 'uncounted'],
  ['a hole in the sequence', { ...whole, ranges: [range(1, 1, 1), range(3, 3, 2)] }, 'unevenBoots'],
  ['an overlap', { ...whole, ranges: [range(1, 2, 2), range(2, 3, 1)] }, 'unevenBoots'],
  ['a range given up', { ...whole, ranges: [{ ...range(1, 3, 3), lost: 1 }] }, 'unevenBoots'],
] as const)('convicts of %s', async (_, store, fault) => {
  const { faults } = await judge({ samples: [...store.samples], ranges: [...store.ranges] })
  expect(faults[fault]).not.toEqual(FAULTLESS[fault])
})

it('forgives answers that died in the memory of a killed collector, and only those', async () => {
  const now = Date.now()
  const sent = new Map([
    [1, now - 60_000],
    [2, now - 100],
  ])
  const check = createLossCheck([{ keys: ['uuid:a'], sent }])
  check.killing()
  const { faults } = await check.verdict({ query: async () => [] })
  expect(faults.answeredAndLost).toEqual([`1 at ${now - 60_000}`])
})
