import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MeterReading } from '#schemas/reading.ts'
import { createTableReader, splitFields, type TableLayout } from './meter-table.ts'
import { createTimeReader } from './wall-time.ts'

const LAYOUT: TableLayout = {
  delimiter: null,
  decimal: '.',
  readTime: createTimeReader({ zone: 'Asia/Shanghai', order: 'ymd' }),
  meter: null,
  columns: new Map(),
  names: new Map(),
  stepMs: 900_000,
}

function read(lines: readonly string[], layout: Partial<TableLayout> = {}) {
  const [header = '', ...rows] = lines
  const reader = createTableReader(header, { ...LAYOUT, ...layout })
  const refused: string[] = []
  if (typeof reader === 'string') return { mistake: reader, found: [], refused, ignored: [] }
  const found = rows.flatMap((row) => reader.row(row, (reason) => refused.push(reason)))
  return { mistake: null, found: found.map(brief), refused, ignored: reader.ignored }
}
const brief = ({ meter, point, metrics, atMs }: MeterReading) => [
  meter,
  point,
  new Date(atMs ?? 0).toISOString().slice(0, 19),
  metrics,
]

describe('tables of readings', () => {
  it('a column per metric, units in the header', () => {
    expect(
      read([
        'time,meter,power_watts [kW],energy_joules_total (kWh),remark',
        '2026-03-01 18:00:00,feed-a,1250.5,100000,ok',
        '2026-03-01T10:15:00Z,feed-a,,-,',
      ]),
    ).toEqual({
      mistake: null,
      found: [
        [
          'feed-a',
          '',
          '2026-03-01T10:00:00',
          { power_watts: 1_250_500, energy_joules_total: 3.6e11 },
        ],
      ],
      refused: [],
      ignored: ['remark'],
    })
  })

  it('a row per value, with semicolons, decimal commas and quotes', () => {
    const { found, refused } = read(
      [
        'timestamp;meter;point;metric;value;unit',
        '2026-03-01 18:00;cdu-1;secondary;supply_temperature_celsius;"18,5";°C',
        '2026-03-01 18:00;cdu-1;leak/1;leak_state;Critical;',
        '2026-03-01 18:00;cdu-1;secondary;flow;1;',
        '2026-03-01 18:00;cdu-1;secondary;flow_liters_per_minute;1;kWh',
      ],
      { decimal: ',' },
    )
    expect(found).toEqual([
      ['cdu-1', 'secondary', '2026-03-01T10:00:00', { supply_temperature_celsius: 18.5 }],
      ['cdu-1', 'leak/1', '2026-03-01T10:00:00', { leak_state: 2 }],
    ])
    expect(refused).toEqual(['unknown_metric', 'unknown_unit'])
  })

  it("a building system's own names, by the layout", () => {
    const chiller = {
      measure: { metric: 'power_watts', unit: 'kW', scale: 10 },
      meter: 'chiller-1',
      point: '',
    } as const
    expect(
      read(['Date,CH-1 kW,Other', '2026-03-01 18:00,12,x'], {
        columns: new Map([
          ['Date', { as: 'time' }],
          ['CH-1 kW', { as: 'measure', ...chiller }],
        ]),
      }).found,
    ).toEqual([['chiller-1', '', '2026-03-01T10:00:00', { power_watts: 120_000 }]])
    expect(
      read(['time,metric,value', '2026-03-01 18:00,CH-1 kW,12'], {
        names: new Map([['CH-1 kW', chiller]]),
      }).found,
    ).toEqual([['chiller-1', '', '2026-03-01T10:00:00', { power_watts: 120_000 }]])
  })

  it('a bad row costs itself', () => {
    const { found, refused } = read([
      'time,meter,power_watts',
      '2026-03-01 18:00,a,1,2',
      '2026-03-01 18:00,"a,1',
      'yesterday,a,1',
      '2026-03-01 18:00,,1',
      '2026-03-01 18:00,no good,1',
      '2026-03-01 18:00,a,twelve',
      '2026-03-01 18:00,a,-5',
      '2026-03-01 18:00,a,5',
    ])
    expect(refused).toEqual([
      'field_count',
      'bad_quotes',
      'no_time',
      'no_meter',
      'no_meter',
      'not_a_number',
      'out_of_range',
    ])
    expect(found).toHaveLength(1)
  })

  it('says what a header lacks', () => {
    expect(read(['a,b']).mistake).toContain('no column holds the time; the header has: a, b')
    expect(read(['time,kW']).mistake).toContain('no column is a metric we know')
    expect(read(['time,power_watts']).mistake).toContain('which meter')
    expect(read(['time,meter,power_watts,metric,value']).mistake).toContain('to be ignored')
    const columns = new Map([['Zeit', { as: 'time' } as const]])
    expect(read(['time,meter,power_watts'], { columns }).mistake).toContain('no column "Zeit"')
  })

  it('fields come back as they were written, and no text breaks the reader', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1 }), (fields) => {
        const line = fields.map((field) => `"${field.replaceAll('"', '""')}"`).join(',')
        expect(splitFields(line, ',')).toEqual(fields)
      }),
    )
    fc.assert(
      fc.property(fc.string(), fc.string(), (header, row) => {
        const reader = createTableReader(header, { ...LAYOUT, meter: 'a' })
        if (typeof reader !== 'string')
          expect(Array.isArray(reader.row(row, () => undefined))).toBe(true)
        const known = createTableReader('time,meter,power_watts', LAYOUT)
        if (typeof known !== 'string') known.row(row, () => undefined)
      }),
    )
  })
})
