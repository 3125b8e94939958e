import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readMatrix } from './prometheus-answer.ts'
import { matrixOf } from './prometheus.testing.ts'

const at = { fromMs: 600_000, toMs: 900_000, stepMs: 60_000 }
const read = (text: string) => readMatrix(Buffer.from(text), at)
const around = (result: string) =>
  `{"status":"success","data":{"resultType":"matrix","result":${result}}}`
const valueOf = (text: string) =>
  readMatrix(matrixOf([{ labels: {}, values: [[600, text]] }]), at)[0]

describe('the answer to a range query', () => {
  it('is read whatever blanks and further members it has, also in another order', () => {
    const text = ` { "isPartial" : false, "warnings":["a \\"b", {"c":[1,-2e3,null]}],
      "data":{"result":[ {"values" : [ [600 , "1.5"], [720.000,"NaN"],\t[840,"-2.5e+07"] ],
        "histograms":[[600,{"count":"3"}]],
        "metric":{"__name__":"x","ü":"a\\u00e9\\n"} } ],"resultType":"matrix"},
      "stats":{}, "status":"success" } `
    expect(read(text)).toEqual([
      {
        labels: { __name__: 'x', ü: 'aé\n' },
        instants: Uint32Array.of(0, 2, 4),
        values: Float64Array.of(1.5, NaN, -2.5e7),
        odd: new Map(),
      },
    ])
    expect(read(around('[]'))).toEqual([])
  })

  it('has only points at the instants that were asked for, each once, in order', () => {
    const values = [
      [540, '1'],
      [600, '2'],
      [630, '3'],
      [720, '4'],
      [660, '5'],
      [720, '6'],
      [840, '7'],
      [900, '8'],
    ] as const
    const [series] = readMatrix(matrixOf([{ labels: {}, values }]), at)
    expect([...(series?.instants ?? [])]).toEqual([0, 2, 4])
    expect([...(series?.values ?? [])]).toEqual([2, 4, 7])
  })

  it('keeps the text of a value that a number does not say all of', () => {
    for (const text of ['1.0', '-0', 'abc', '0x10', '', '1e999', ' 5', 'é'])
      expect(valueOf(text)?.odd.get(0), text).toBeDefined()
    for (const text of ['1', 'NaN', '+Inf', '-Inf', '0.1', '5.', '.5', '12345678901234567890'])
      expect(valueOf(text)?.odd.size, text).toBe(0)
    expect(valueOf('+Inf')?.values).toEqual(Float64Array.of(NaN))
  })

  it('is refused when it is anything else', () => {
    for (const text of [
      '',
      '[]',
      '{}',
      '{"status":"success"}',
      around('[]').replace('success', 'error'),
      around('[]').replace('matrix', 'vector'),
      `${around('[]')} 1`,
      around('[{"metric":{}}]'),
      around('[{"values":[]}]'),
      around('[{"metric":{"a":1},"values":[]}]'),
      around('[{"metric":{},"values":[[600,1]]}]'),
      around('[{"metric":{},"values":[["600","1"]]}]'),
      around('[{"metric":{},"values":[[600,"1]]}]'),
      around('[{"metric":{},"values":[[600,"1"],]}]'),
      around(`[{"metric":{},"x":${'['.repeat(99)}}]`),
    ])
      expect(() => read(text), text).toThrow(SyntaxError)
    const whole = around('[{"metric":{"a":"b"},"values":[[600,"1"],[660,"2"]]}]')
    for (let end = 0; end < whole.length; end += 1)
      expect(() => read(whole.slice(0, end))).toThrow(SyntaxError)
  })

  it('gives the very number, however it is printed', () => {
    fc.assert(
      fc.property(fc.double({ noDefaultInfinity: true, noNaN: true }), (value) => {
        const texts = [String(value), value.toExponential(), value.toFixed(6)]
        for (const text of texts) expect(valueOf(text)?.values[0]).toBe(Number(text))
      }),
    )
  })

  it('gives the very numbers of a long series, whose times are compared and not read', () => {
    const spelling = fc.oneof(
      fc.integer({ min: 0, max: 10 ** 17 }).map(String),
      fc
        .tuple(fc.integer({ min: 0, max: 10 ** 15 }), fc.integer({ min: 0, max: 14 }))
        .map(([whole, decimals]) => (whole / 10 ** decimals).toFixed(decimals)),
      fc.double({ noNaN: true }).map(String),
      fc.constantFrom('1e-7', 'NaN', '+Inf', '1', '1.0', '01', '0', '-0', '5.', '.5', '', 'abc'),
      fc.constantFrom(
        '0.30000000000000004',
        '1234567890.123456789',
        '999999999999999',
        '0.000000000000001',
      ),
    )
    const points = fc.array(fc.record({ text: spelling, isThere: fc.boolean() }), {
      minLength: 1,
      maxLength: 40,
    })
    fc.assert(
      fc.property(points, (all) => {
        const fromMs = 1_777_593_600_000
        const early = { fromMs, toMs: fromMs + 3_600_000, stepMs: 60_000 }
        const values = all.flatMap(({ text, isThere }, place) =>
          isThere ? [[early.fromMs / 1000 + place * 60, text] as const] : [],
        )
        const after = [[early.toMs / 1000, '7'.repeat(60)]] as const
        const [series] = readMatrix(
          matrixOf([{ labels: {}, values: [...values, ...after] }]),
          early,
        )
        const alone = values.map(
          ([seconds, text]) =>
            readMatrix(matrixOf([{ labels: {}, values: [[seconds, text]] }]), early)[0],
        )
        expect([...(series?.values ?? [])]).toEqual(alone.map((one) => one?.values[0]))
        expect([...(series?.instants ?? [])]).toEqual(alone.map((one) => one?.instants[0]))
        expect([...(series?.odd ?? [])]).toEqual(alone.flatMap((one) => [...(one?.odd ?? [])]))
        for (const [place, [, text]] of values.entries())
          if (/^\d+(\.\d+)?$/.test(text)) expect(series?.values[place]).toBe(Number(text))
      }),
    )
  })

  it('gives the very number of a few digits', () => {
    const digits = fc.integer({ min: 0, max: 10 ** 15 })
    fc.assert(
      fc.property(digits, fc.integer({ min: 0, max: 14 }), (whole, decimals) => {
        const text = (whole / 10 ** decimals).toFixed(decimals)
        expect(valueOf(text)?.values[0]).toBe(Number(text))
      }),
    )
  })
})
