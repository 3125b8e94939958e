import { inflateRawSync } from 'node:zlib'
import { describe, expect, it, vi } from 'vitest'
import type { Figure } from '#schemas/report/figure.ts'
import { ReportModel } from '#schemas/report/model.ts'
import { exampleReport } from '../example.testing.ts'
import { csvLine } from './csv-text.ts'
import { csvFormat } from './csv.ts'
import { FOCUS_COLUMNS } from './focus.ts'
import { jsonFormat } from './json.ts'
import { xlsxFormat } from './xlsx.ts'

/** Files of a zip, read back by its directory. */
function unzip(zip: Uint8Array): Map<string, string> {
  const bytes = Buffer.from(zip)
  const end = bytes.length - 22
  const files = new Map<string, string>()
  let at = bytes.readUInt32LE(end + 16)
  for (let count = bytes.readUInt16LE(end + 10); count > 0; count -= 1) {
    const [nameLength, extra, comment] = [28, 30, 32].map((field) => bytes.readUInt16LE(at + field))
    const name = bytes.toString('latin1', at + 46, at + 46 + (nameLength ?? 0))
    const local = bytes.readUInt32LE(at + 42)
    const begin = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28)
    const packed = bytes.subarray(begin, begin + bytes.readUInt32LE(at + 20))
    files.set(
      name,
      (bytes.readUInt16LE(at + 10) === 0 ? packed : inflateRawSync(packed)).toString(),
    )
    at += 46 + (nameLength ?? 0) + (extra ?? 0) + (comment ?? 0)
  }
  return files
}

const model = exampleReport()
const figures: readonly Figure[] = [
  ...model.page.numbers.map(({ figure }) => figure),
  ...model.sections.flatMap(({ tables }) =>
    tables.flatMap(({ rows }) =>
      rows
        .flatMap((row) => Object.values(row))
        .filter((cell) => typeof cell === 'object' && 'text' in cell),
    ),
  ),
]
/** What is printed as a number, read as one. */
const printed = figures.map(({ text }) => Number(text.replaceAll(',', '')))

describe('formats read back show the same digits', () => {
  it('JSON is the model, and begins as programs rely on', async () => {
    const text = Buffer.from(await jsonFormat.render(model, 'en')).toString()
    expect(ReportModel.parse(JSON.parse(text))).toEqual(model)
    expect(text).toMatch(
      /^\{\s*"week": "2026-W47",\s*"revision": 1,\s*"from": .*\s*"to": .*\s*"utilization": 0.71384,\s*"coverage": 0.992,\s*"definition": "2026.1"/,
    )
  })

  it('CSV has a byte order mark, the printed digits, and runs no formula', async () => {
    const files = unzip(await csvFormat.render(model, 'both'))
    const texts = [...files.values()]
    expect(texts.every((text) => text.startsWith('\uFEFF') && text.endsWith('\r\n'))).toBe(true)
    const fields = new Set(texts.flatMap((text) => text.split(/[,\r\n]/)))
    for (const { text } of figures)
      expect(fields).toContain(text.replaceAll(',', '').replace('+', ''))
    const tenants = files.get('01-tenants.csv') ?? ''
    expect(tenants.split('\r\n')[0]).toContain('Held / 占用 (GPU-hours / 卡时)')
    expect(tenants).toContain("'=cmd|evil / +86 名称,40200,12.1,70672,-31.0")
    expect(csvLine(['-x', -3, { digits: '-2.50' }, null, 'a"b', '@now'])).toBe(
      `'-x,-3,-2.50,,"a""b",'@now\r\n`,
    )
  })

  it('XLSX holds numbers, not texts, in as many digits, one sheet a section', async () => {
    const files = unzip(await xlsxFormat.render(model, 'zh'))
    const sheets = [...files]
      .filter(([name]) => /sheet\d+\.xml$/.test(name))
      .map(([, text]) => text)
    expect(sheets).toHaveLength(1 + model.sections.length)
    const numbers = new Set(
      sheets.flatMap((xml) =>
        [...xml.matchAll(/<c(?![^>]*t=")[^>]*><v>([^<]*)<\/v>/g)].map(([, value]) => Number(value)),
      ),
    )
    for (const value of printed) expect(numbers).toContain(value)
    expect(files.get('xl/workbook.xml')).toContain('租户')
    expect(files.get('xl/styles.xml')).toContain('#,##0.0')
  })

  it.each([csvFormat, xlsxFormat, jsonFormat])(
    '$name is the same bytes on another day',
    async (format) => {
      const [one, two] = [
        await format.render(model, 'both'),
        await format.render(exampleReport(), 'both'),
      ]
      vi.useFakeTimers({ now: Date.UTC(2031, 1, 2, 3, 4, 5), toFake: ['Date'] })
      const later = await format.render(model, 'both').finally(() => vi.useRealTimers())
      expect(Buffer.from(one).equals(Buffer.from(two))).toBe(true)
      expect(Buffer.from(one).equals(Buffer.from(later))).toBe(true)
    },
  )
})

describe('the cost file in FOCUS columns', () => {
  const row = {
    from: '2026-11-15T16:00:00.000Z',
    to: '2026-11-22T16:00:00.000Z',
    tenant: 'videogen-7',
    tenant_name: '文生视频七组',
    model: 'H100',
    pool: 'main',
    state: 'idle_held',
    gpu_hours: 10.5,
    busy_gpu_hours: 0.1,
    energy_kwh: 2.1,
    list_usd_per_hour: 2,
    contract_usd_per_hour: 1.8,
    contract: 'c-1',
    assumed: false,
  } as const
  const costs = [
    row,
    { ...row, state: 'unknown', gpu_hours: 3, energy_kwh: null } as const,
    {
      ...row,
      tenant: '',
      tenant_name: '',
      contract: '',
      contract_usd_per_hour: null,
      state: 'unallocated',
      gpu_hours: 4.25,
    } as const,
  ]

  it('sums to capacity, has what is reserved and idle as unused, and prices nothing unknown', async () => {
    const files = unzip(await csvFormat.render({ ...model, costs }, 'en'))
    const lines = (files.get('cost-focus-1.2.csv') ?? '').slice(1).trim().split('\r\n')
    expect(lines[0]).toBe(FOCUS_COLUMNS.join(','))
    const rows = lines.slice(1).map((line) => line.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/))
    const at = (name: (typeof FOCUS_COLUMNS)[number]) =>
      rows.map((fields) => fields[FOCUS_COLUMNS.indexOf(name)])
    expect(at('ConsumedQuantity').reduce((sum, text) => sum + Number(text), 0)).toBeCloseTo(
      17.75,
      4,
    )
    expect(at('ListCost')).toEqual(['21.000000', '', '8.500000'])
    expect(at('BilledCost')).toEqual(['18.900000', '', '8.500000'])
    expect(at('x_EnergyKwh')).toEqual(['2.100', '', '2.100'])
    expect(at('CapacityReservationStatus')).toEqual(['Unused', '', ''])
    expect(at('BillingPeriodStart')[0]).toBe('2026-10-31T16:00:00.000Z')
    expect(at('SubAccountName')).toEqual(['文生视频七组', '文生视频七组', ''])
  })
})
