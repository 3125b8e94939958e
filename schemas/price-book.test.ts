import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CurrencyRate, PriceLine } from './journal.ts'
import { priceBook, tariffPriceAt } from './price-book.ts'

const T0 = Date.UTC(2026, 4, 4)
const DAY = 86_400_000
const line = (per_hour: number, more: Partial<PriceLine> = {}): PriceLine => ({
  from_ms: T0,
  model: '',
  pool: '',
  per_hour,
  currency: 'USD',
  ...more,
})
const book = (lines: PriceLine[], currencies: CurrencyRate[] = []) =>
  priceBook({ lines, currencies, electricity: [] })
const usd = (price: { readonly microUsd: bigint } | null) =>
  price === null ? null : Number(price.microUsd) / 1e6

const H100 = { model: 'NVIDIA H100 80GB HBM3', pool: 'training' }

describe('the price of a device hour', () => {
  it('is assumed while nobody entered any, and never once a book exists', () => {
    expect(priceBook(null).deviceHour(H100, T0)).toEqual({ microUsd: 2_000_000n, isAssumed: true })
    expect(book([]).deviceHour(H100, T0)?.isAssumed).toBe(true)
    expect(book([line(1, { model: 'A100' })]).deviceHour(H100, T0)).toBeNull()
    expect(book([line(1)]).deviceHour(H100, T0)).toEqual({ microUsd: 1_000_000n, isAssumed: false })
    expect(book([line(1)]).deviceHour(H100, T0 - 1)).toBeNull()
  })

  it('comes from the most specific line, however the model is spelled', () => {
    const any = line(1)
    const pool = line(2, { pool: 'training' })
    const model = line(3, { model: 'H100-80GB-HBM3' })
    const both = line(4, { model: 'h100 80gb hbm3', pool: 'training' })
    expect(usd(book([any, pool, model, both]).deviceHour(H100, T0))).toBe(4)
    expect(usd(book([any, pool, model]).deviceHour(H100, T0))).toBe(3)
    expect(usd(book([any, pool]).deviceHour(H100, T0))).toBe(2)
    expect(usd(book([any, pool, model, both]).deviceHour({ ...H100, pool: 'x' }, T0))).toBe(3)
  })

  it('is dated, also by the rate of its currency; without a rate there is no price', () => {
    const yuan = line(14, { currency: 'CNY' })
    const rates = [
      { currency: 'CNY', from_ms: T0, usd: 0.14 },
      { currency: 'CNY', from_ms: T0 + DAY, usd: 0.15 },
    ]
    expect(usd(book([yuan], rates).deviceHour(H100, T0))).toBe(1.96)
    expect(usd(book([yuan], rates).deviceHour(H100, T0 + DAY))).toBe(2.1)
    expect(book([yuan]).deviceHour(H100, T0)).toBeNull()
    expect(book([line(1), { ...yuan, pool: 'training' }]).deviceHour(H100, T0)).toBeNull()
    expect(usd(book([line(1), line(3, { from_ms: T0 + DAY })]).deviceHour(H100, T0 + DAY))).toBe(3)
  })

  it('changes on whole minutes: a minute has the price of its beginning', () => {
    const late = book([line(1), line(3, { from_ms: T0 + 30_000 })])
    expect(usd(late.deviceHour(H100, T0))).toBe(1)
    expect(usd(late.deviceHour(H100, T0 + 60_000))).toBe(3)
    expect(late.changes({ fromMs: T0, toMs: T0 + DAY })).toEqual([T0 + 60_000])
  })
})

const lines = fc.array(
  fc.record({
    from_ms: fc.integer({ min: 0, max: 40 }).map((hours) => T0 + hours * 3_600_000),
    model: fc.constantFrom('', 'H100 80GB HBM3', 'A100'),
    pool: fc.constantFrom('', 'training', 'serving'),
    per_hour: fc.integer({ min: 0, max: 1_000 }).map((cents) => cents / 100),
    currency: fc.constantFrom('USD', 'CNY', 'EUR'),
  }),
  { minLength: 1, maxLength: 12 },
)
const rates = fc.array(
  fc.record({
    from_ms: fc.integer({ min: 0, max: 40 }).map((hours) => T0 + hours * 3_600_000),
    currency: fc.constantFrom('CNY', 'EUR'),
    usd: fc.integer({ min: 1, max: 200 }).map((cents) => cents / 100),
  }),
  { maxLength: 6 },
)

describe('any book', () => {
  it('says the same in whatever order its lines stand', () => {
    fc.assert(
      fc.property(lines, rates, fc.integer({ min: 0, max: 45 }), (given, currencies, hour) => {
        const at = T0 + hour * 3_600_000
        const forward = book(given, currencies).deviceHour(H100, at)
        const backward = book(given.toReversed(), currencies.toReversed()).deviceHour(H100, at)
        expect(backward).toEqual(forward)
      }),
    )
  })

  it('stands still between two changes, so pieces sum to the whole', () => {
    fc.assert(
      fc.property(lines, rates, (given, currencies) => {
        const prices = book(given, currencies)
        const window = { fromMs: T0 - 3_600_000, toMs: T0 + 45 * 3_600_000 }
        const edges = [window.fromMs, ...prices.changes(window), window.toMs]
        let [whole, pieces] = [0n, 0n]
        const priceAt = (ms: number) => prices.deviceHour(H100, ms)?.microUsd ?? 0n
        for (let ms = window.fromMs; ms < window.toMs; ms += 3_600_000) whole += priceAt(ms)
        edges.slice(1).forEach((to, at) => {
          const from = edges[at] ?? to
          pieces += priceAt(from) * BigInt((to - from) / 3_600_000)
        })
        expect(pieces).toBe(whole)
      }),
    )
  })
})

describe('electricity', () => {
  const tariff = priceBook({
    lines: [],
    currencies: [],
    electricity: [
      {
        from_ms: T0,
        currency: 'USD',
        periods: [
          { from_minute: 1380, per_kwh: 0.03 },
          { from_minute: 480, per_kwh: 0.12 },
        ],
      },
    ],
  })

  it('goes by minute of the local day; the night before reaches into the morning', () => {
    const at = (minute: number) => usd(tariffPriceAt(tariff.tariff(T0), minute))
    expect([at(0), at(479), at(480), at(1379), at(1380)]).toEqual([0.03, 0.03, 0.12, 0.12, 0.03])
  })

  it('is assumed while nobody entered any, and unknown before the first that was', () => {
    expect(priceBook(null).tariff(T0)).toEqual([
      { fromMinute: 0, price: { microUsd: 80_000n, isAssumed: true } },
    ])
    expect(tariff.tariff(T0 - 1)[0]?.price).toBeNull()
  })
})
