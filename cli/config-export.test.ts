import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { exportedFile } from './config-export.ts'
import { readContractsCsv } from './import/contracts-csv.ts'
import { readOwners } from './import/owners-yaml.ts'
import { readPrices, readReferences } from './import/prices-yaml.ts'

const IN = { file: 'x.yaml', timeZone: 'Asia/Shanghai' }
const FROM = Date.UTC(2026, 0, 1, 16)
const NO_PROBLEM = { refused: 0 }

it('prices, with their times of day, are read back as they were', () => {
  const prices = {
    kind: 'prices' as const,
    lines: [
      { from_ms: FROM, model: 'Ascend 910B', pool: '', per_hour: 9.5, currency: 'CNY' },
      { from_ms: FROM + 1, model: '', pool: 'no: yes', per_hour: 2.1, currency: 'USD' },
    ],
    currencies: [{ from_ms: FROM, currency: 'CNY', usd: 0.14 }],
    electricity: [
      {
        from_ms: FROM,
        currency: 'CNY',
        periods: [
          { from_minute: 0, per_kwh: 0.32 },
          { from_minute: 485, per_kwh: 0.86 },
        ],
      },
    ],
  }
  const { name, text } = exportedFile(prices)
  const { problems, ...read } = readPrices(text, IN)
  expect(name).toBe('prices.yaml')
  expect({ kind: 'prices', ...read }).toEqual(prices)
  expect(problems).toMatchObject(NO_PROBLEM)
})

it('owners of any name, references and contracts are read back as they were', () => {
  const word = fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' })
  const owner = fc.record({
    tenant: word.filter((text) => text.trim() === text && text.length <= 128),
    display_name: fc.string({ maxLength: 40 }),
    contact: fc.string({ maxLength: 40 }),
    accounts: fc.uniqueArray(word, { maxLength: 3 }),
    namespaces: fc.uniqueArray(word, { maxLength: 2 }),
    queues: fc.uniqueArray(word, { maxLength: 2 }),
    billing: fc.constantFrom('paid' as const, 'unknown' as const),
  })
  fc.assert(
    fc.property(fc.uniqueArray(owner, { selector: ({ tenant }) => tenant }), (owners) => {
      const { text } = exportedFile({ kind: 'owners', owners })
      expect(readOwners(text, 'owners.yaml').owners).toEqual(owners)
    }),
    { numRuns: 60 },
  )
  const references = [{ from_ms: FROM, class: 'training', model: '', effective: 0.35 }]
  const file = exportedFile({ kind: 'references', references })
  expect(readReferences(file.text, IN).references).toEqual(references)
  const contract = {
    id: 'c,1',
    tenant: 'atlas "a"',
    model: 'H100',
    pool: '',
    devices: 64,
    from_ms: FROM,
    to_ms: null,
    rate_per_hour: 2.4,
    flat_fee: null,
    currency: 'USD',
  }
  const contracts = [
    contract,
    { ...contract, id: 'c2', to_ms: FROM + 1e9, rate_per_hour: null, flat_fee: 5e5 },
  ]
  const csv = exportedFile({ kind: 'contracts', contracts })
  expect(readContractsCsv(csv.text, IN.timeZone).contracts).toEqual(contracts)
})

it('what begins before any accelerator begins with the first moment an import takes', () => {
  const references = [{ from_ms: 0, class: '', model: '', effective: 0.35 }]
  const { text } = exportedFile({ kind: 'references', references })
  expect(readReferences(text, IN).references).toMatchObject([{ from_ms: Date.UTC(1990, 0, 1) }])
})
