import { expect, it } from 'vitest'
import { currenciesOf, draftOf, lineOf, replacedBy } from './price-draft.ts'

const ZONE = 'Asia/Shanghai'
const DEC = Date.UTC(2026, 11, 1) - 8 * 3_600_000
const line = (from_ms: number, per_hour: number, currency = 'USD') => ({
  from_ms,
  model: 'H100',
  pool: '',
  per_hour,
  currency,
})
const prices = {
  lines: [line(0, 2), line(DEC, 3)],
  currencies: [{ from_ms: DEC, currency: 'CNY', usd: 0.14 }],
}
const draft = {
  model: ' H100 ',
  pool: '',
  amount: '2,5',
  currency: 'USD',
  from: '2026-12-01T00:00',
}

it('a typed price is a line in site time', () => {
  expect(lineOf(draft, prices, ZONE)).toEqual({ line: line(DEC, 2.5), problem: null })
  expect(lineOf({ ...draft, from: '' }, prices, ZONE).line?.from_ms).toBe(0)
  expect(draftOf(line(DEC, 3), ZONE)).toMatchObject({ amount: '3', from: '2026-12-01T00:00' })
})

it('what is wrong is named: no number, no time, a currency without a rate then', () => {
  const problem = (over: Partial<typeof draft>) =>
    lineOf({ ...draft, ...over }, prices, ZONE).problem
  expect(problem({ amount: '' })).toBe('amount')
  expect(problem({ amount: '-1' })).toBe('amount')
  expect(problem({ amount: '2.5 USD' })).toBe('amount')
  expect(problem({ from: '1 Dec' })).toBe('from')
  expect(problem({ currency: 'CNY' })).toBe(null)
  expect(problem({ currency: 'CNY', from: '2026-11-30T23:59' })).toBe('currency')
  expect(currenciesOf(prices)).toEqual(['USD', 'CNY'])
})

it('says what a line replaces when it begins', () => {
  expect(replacedBy(line(DEC + 1, 9), prices)?.per_hour).toBe(3)
  expect(replacedBy(line(DEC - 1, 9), prices)?.per_hour).toBe(2)
  expect(replacedBy({ ...line(DEC, 9), pool: 'train' }, prices)).toBe(null)
})
