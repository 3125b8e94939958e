import { describe, expect, it } from 'vitest'
import { loadSources } from '../../collector/sources.ts'
import { corpusOf, formatsOf, fuzzFormat } from './fuzz.ts'
import { createDice, damaged, INPUT_BYTES } from './mutate.ts'

/** Inputs of one test run over all formats; bench/fuzz.ts reads 10 million. */
const INPUTS = 100_000
/** One wrong character makes a document of these unreadable as a whole; lines of the others are damaged one by one. */
const WHOLE_DOCUMENTS: ReadonlySet<string> = new Set(['modbus'])

const sources = await loadSources()
const formats = sources.flatMap((source) =>
  formatsOf(source).map((format) => ({ source, format, name: format.name })),
)

describe('damaged outputs', () => {
  it('are no longer than the limit, and the same for the same seed', () => {
    const corpus = sources.flatMap((source) => [...corpusOf(source, source)])
    const make = (seed: number) => {
      const dice = createDice(seed)
      return Array.from({ length: 200 }, () => damaged(corpus, dice))
    }
    expect(make(7)).toEqual(make(7))
    expect(make(7)).not.toEqual(make(8))
    expect(Math.max(...make(9).map((input) => input.length))).toBeLessThanOrEqual(INPUT_BYTES)
  })

  it.each(formats)(
    'crash no parser of $name, hold none up, and bring no value outside the catalogue',
    ({ source, format }) => {
      const inputs = Math.ceil(INPUTS / formats.length)
      const count = fuzzFormat(format, corpusOf(source, format), { inputs, seed: 20_261 })
      expect(count.faults).toEqual([])
      expect(count.inputs).toBe(inputs)
      // Damage that nothing could be read from would prove nothing.
      expect(count.read + count.rejected).toBeGreaterThan(
        inputs / (WHOLE_DOCUMENTS.has(format.name) ? 50 : 20),
      )
    },
    120_000,
  )
})
