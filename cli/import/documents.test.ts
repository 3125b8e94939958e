import { describe, expect, it } from 'vitest'
import { JournalBody } from '#schemas/journal.ts'
import { readOwners } from './owners-yaml.ts'
import { readPrices, readReferences } from './prices-yaml.ts'

const FILE = { file: 'f.yaml', timeZone: 'Asia/Shanghai' }
const MAY = Date.parse('2026-04-30T16:00Z')

describe('owners.yaml', () => {
  it('reads tenants, their patterns, and names in any script', () => {
    const text = `owners:
  - tenant: acme
    display_name: 阿克米
    accounts: [acme-*, old-acme]
    billing: paid
  - tenant: lab
    queues: [research]
`
    const { owners, problems } = readOwners(text, 'owners.yaml')
    expect(problems).toMatchObject({ refused: 0, noted: 0 })
    expect(owners).toMatchObject([
      { tenant: 'acme', display_name: '阿克米', accounts: ['acme-*', 'old-acme'], billing: 'paid' },
      { tenant: 'lab', display_name: 'lab', namespaces: [], billing: 'unknown' },
    ])
    expect(JournalBody.safeParse({ kind: 'owners', owners }).success).toBe(true)
  })

  it('a tenant twice is refused with its line, a pattern of two tenants is noted', () => {
    const text = `owners:
  - { tenant: a, accounts: [x] }
  - { tenant: b, accounts: [x] }
  - { tenant: a }
`
    const { owners, problems } = readOwners(text, 'owners.yaml')
    expect(owners).toHaveLength(2)
    expect(problems.examples).toEqual([
      { where: 'line 4', message: 'tenant a stands here twice; make one entry of the two' },
      { where: 'line 3', message: "accounts: x is a's already, who comes first; it stays so" },
    ])
  })

  it.each([
    ['owners:\n  - tenant: a\n    acounts: [x]\n', /owners\.yaml:3:5: .*unknown key.*"accounts"/],
    ['owners:\n  - tenant: a\n    billing: gratis\n', /owners\.yaml:3:14/],
    ['owners: {a: b', /owners\.yaml:1:/],
    ['', /owners\.yaml:1:1: owners/],
  ])('%j is refused as a whole, with file and line', (text, message) => {
    expect(() => readOwners(text, 'owners.yaml')).toThrow(message)
  })
})

describe('prices.yaml', () => {
  const text = `lines:
  - { from: "2026-05-01", model: NVIDIA H100, pool: train, per_hour: 2.1, currency: USD }
  - { from: 2026-05-01, per_hour: 14, currency: CNY }
currencies:
  - { from: 2026-05-01, currency: CNY, usd: 0.14 }
electricity:
  - from: 2026-05-01T00:00
    currency: CNY
    periods:
      - { at: "22:30", per_kwh: 0.3 }
      - { at: "8:00", per_kwh: 0.9 }
`

  it('reads dated lines, rates, and electricity by time of day', () => {
    const { problems, ...prices } = readPrices(text, FILE)
    expect(problems).toMatchObject({ refused: 0, noted: 0 })
    expect(prices).toEqual({
      lines: [
        { from_ms: MAY, model: 'NVIDIA H100', pool: 'train', per_hour: 2.1, currency: 'USD' },
        { from_ms: MAY, model: '', pool: '', per_hour: 14, currency: 'CNY' },
      ],
      currencies: [{ from_ms: MAY, currency: 'CNY', usd: 0.14 }],
      electricity: [
        {
          from_ms: MAY,
          currency: 'CNY',
          periods: [
            { from_minute: 480, per_kwh: 0.9 },
            { from_minute: 1350, per_kwh: 0.3 },
          ],
        },
      ],
    })
    expect(JournalBody.safeParse({ kind: 'prices', ...prices }).success).toBe(true)
  })

  it('the same line from the same moment twice, a bad time and a currency without a rate are told', () => {
    const more = `lines:
  - { from: 2026-05-01, model: A, per_hour: 1, currency: USD }
  - { from: 2026-05-01T00:00+08:00, model: A, per_hour: 2, currency: USD }
  - { from: soon, model: B, per_hour: 2, currency: USD }
  - { from: 2026-05-01, model: C, per_hour: 2, currency: EUR }
`
    const { lines, problems } = readPrices(more, FILE)
    expect(lines.map(({ model }) => model)).toEqual(['A', 'C'])
    expect(problems.examples.map(({ where, message }) => `${where}: ${message}`)).toEqual([
      'line 3: says the same from the same moment on as line 2; keep one',
      expect.stringMatching(/^line 4: from "soon" cannot be read/),
      expect.stringMatching(/^currencies: no rate of EUR/),
    ])
  })

  it('a negative price and a time of day that is none are refused with their line', () => {
    expect(() =>
      readPrices('lines:\n  - { from: 2026-05-01, per_hour: -1, currency: USD }\n', FILE),
    ).toThrow(/f\.yaml:2:/)
    const night = text.replace('22:30', '24:30')
    expect(() => readPrices(night, FILE)).toThrow(/f\.yaml:10:.*time of day/)
  })
})

describe('references.yaml', () => {
  it('reads what a class is expected to reach; empty class or model = any', () => {
    const text =
      'references:\n  - { from: 2026-05-01, class: training, effective: 0.35 }\n  - { from: 2026-05-01, model: H100, effective: 0.3 }\n'
    const { references, problems } = readReferences(text, FILE)
    expect(problems.refused).toBe(0)
    expect(references).toEqual([
      { from_ms: MAY, class: 'training', model: '', effective: 0.35 },
      { from_ms: MAY, class: '', model: 'H100', effective: 0.3 },
    ])
    expect(JournalBody.safeParse({ kind: 'references', references }).success).toBe(true)
  })

  it('a share above one is refused', () => {
    const text = 'references:\n  - { from: 2026-05-01, effective: 35 }\n'
    expect(() => readReferences(text, FILE)).toThrow(/f\.yaml:2:/)
  })
})
