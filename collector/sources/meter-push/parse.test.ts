import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isMeterMetricName } from '#schemas/meter-metrics.ts'
import { createTimeReader } from '../../formats/wall-time.ts'
import { parseBody, READINGS_MAX } from './parse.ts'
import { writePush } from './simulate.ts'

const WORDS = { readTime: createTimeReader({ zone: null, order: 'ymd' }), stepMs: 60_000 }
const bytes = (text: string) => new TextEncoder().encode(text)

describe('any body', () => {
  const cell = fc.oneof(
    fc.constantFrom('time', 'meter', 'point', 'metric', 'value', 'power_watts [kW]', 'unit', ''),
    fc.constantFrom('2026-03-01T10:00:00Z', '1772359200', 'feed-a', '5', '-1', 'NaN', '"', '1e999'),
    fc.string({ maxLength: 8 }),
  )
  const table = fc
    .array(fc.array(cell, { maxLength: 5 }), { maxLength: 6 })
    .map((rows) => rows.map((row) => row.join(',')).join('\n'))
  const readings = fc
    .array(
      fc.record(
        {
          time: fc.oneof(fc.constant('2026-03-01T10:00:00Z'), fc.integer(), fc.string()),
          meter: fc.oneof(fc.constant('feed-a'), fc.string()),
          point: fc.string({ maxLength: 40 }),
          values: fc.dictionary(
            fc.constantFrom('power_watts', 'leak_state', '__proto__', 'x'),
            fc.oneof(fc.double(), fc.string(), fc.constant(null)),
          ),
        },
        { requiredKeys: [] },
      ),
      { maxLength: 5 },
    )
    .map((list) => JSON.stringify(list))

  it.each([
    ['csv', table],
    ['csv', fc.string({ maxLength: 200 })],
    ['json', readings],
    ['json', fc.json()],
  ] as const)(
    'as %s gives readings of known metrics or a sentence, never a throw',
    (kind, text) => {
      fc.assert(
        fc.property(text, (body) => {
          const parsed = parseBody(bytes(body), kind, WORDS)
          if (typeof parsed === 'string') {
            expect(parsed).toMatch(/\w+ \w+ \w+/)
            return
          }
          for (const { metrics, isTimeOwn, atMs } of parsed.meters) {
            expect([isTimeOwn, Number.isFinite(atMs)]).toEqual([true, true])
            expect(Object.keys(metrics).every(isMeterMetricName)).toBe(true)
            expect(Object.values(metrics).every(Number.isFinite)).toBe(true)
          }
        }),
        { numRuns: 200 },
      )
    },
  )

  it('what is written is what is read', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            atMs: fc.integer({ min: 1e12, max: 2e12 }),
            meter: fc.constantFrom('feed-a', 'cdu-3'),
            point: fc.constantFrom('', 'secondary', 'outlet/7'),
            values: fc.record({ power_watts: fc.double({ min: 0, max: 1e9, noNaN: true }) }),
          }),
          { minLength: 1, maxLength: 20 },
        ),
        (readings) => {
          const parsed = parseBody(bytes(writePush(readings)), 'json', WORDS)
          expect(typeof parsed === 'string' ? parsed : parsed.meters).toEqual(
            readings.map(({ values, ...rest }) => ({
              ...rest,
              // JSON has no -0.
              metrics: { power_watts: values.power_watts + 0 },
              isTimeOwn: true,
              stepMs: 60_000,
            })),
          )
        },
      ),
      { numRuns: 100 },
    )
  })

  it('the most that is taken is read, one more is not', () => {
    const body = (count: number) =>
      writePush(
        Array.from({ length: count }, (_, at) => ({
          atMs: 1.7e12 + at,
          meter: 'm',
          point: '',
          values: { power_watts: 1 },
        })),
      )
    expect(parseBody(bytes(body(READINGS_MAX)), 'json', WORDS)).toMatchObject({
      meters: { length: READINGS_MAX },
    })
    expect(parseBody(bytes(body(READINGS_MAX + 1)), 'json', WORDS)).toContain('more than 4096')
  })
})
