import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { DEVICE_METRICS } from '#schemas/metrics.ts'
import { noFilters } from './filters.ts'
import { SUM_FIELDS, type SumField } from './queries/fleet-sums.ts'
import { STATE_COLUMNS, type StateColumn } from './state-sums.ts'

const folder = new URL('queries/', import.meta.url)
const names = readdirSync(folder)
const texts = names
  .filter((name) => name.endsWith('.sql'))
  .map((name) => ({ name, text: readFileSync(new URL(name, folder), 'utf8') }))
const withoutComments = (text: string) => text.replace(/--.*$/gm, '')

/** What could leave the statement, the store or the promise that nothing is put into SQL text. */
const REFUSED = [
  [/\bINTO\s+OUTFILE\b/i, 'writes files of the server'],
  [/\bfile\s*\(/i, 'reads files of the server, read-only or not'],
  [/\burl\s*\(/i, 'reaches out over the network'],
  [
    /\b(s3|remote|remoteSecure|mysql|postgresql|executable|jdbc|odbc|azureBlobStorage)\s*\(/i,
    'reaches out of the store',
  ],
  [/\$\{/, 'puts values into SQL text; bind a parameter'],
  [/;/, 'could stack a second statement'],
  [/\bSETTINGS\b/i, 'limits belong to the reader, not to a query'],
] as const

describe('every named query', () => {
  test('exists', () => {
    expect(texts.length).toBeGreaterThan(10)
  })

  for (const { name, text } of texts) {
    test(`${name} is one read-only statement without a way out`, () => {
      const sql = withoutComments(text)
      expect(sql.trim()).toMatch(/^(WITH|SELECT)\b/)
      for (const [pattern, reason] of REFUSED) {
        expect([name, reason, pattern.test(sql)]).toEqual([name, reason, false])
      }
      for (const [quoted] of sql.matchAll(/'[^']*'/g)) expect(quoted).not.toContain('{')
      for (const [brace] of sql.matchAll(/\{[^}]*\}/g)) {
        expect(brace).toMatch(/^\{[a-z0-9_]+:(Array\(String\)|Array\(UInt(8|32)\)|[A-Za-z0-9]+)\}$/)
      }
    })

    test(`${name} is run by the .ts file of a query`, () => {
      const users = names.filter((file) => file.endsWith('.ts'))
      const isUsed = users.some((file) =>
        readFileSync(new URL(file, folder), 'utf8').includes(`'${name}'`),
      )
      expect(isUsed).toBe(true)
    })
  }
})

test('filters mean the same in every query', () => {
  const filterLines = (text: string) =>
    text
      .split('\n')
      .filter((line) => /\{f\d(_\w+)?:/.test(line))
      .map((line) => line.trim())
  const filtered = texts.filter(({ text }) => filterLines(text).length > 0)
  expect(filtered.map(({ name }) => name).sort()).toEqual([
    'alert-place-devices.sql',
    'alert-plans.sql',
    'contingency-jobs.sql',
    'devices-page.sql',
    'energy-devices.sql',
    'explain-cells.sql',
    'explore-devices.sql',
    'explore-ledger.sql',
    'explore-nodes.sql',
    'explore-samples.sql',
    'fleet-device-count.sql',
    'fleet-device-states.sql',
    'fleet-device-sums.sql',
    'fleet-group-states.sql',
    'fleet-group-sums.sql',
    'fleet-provisional-states.sql',
    'fleet-provisional-sums.sql',
    'idle-held-groups.sql',
    'idle-held.sql',
    'job-devices.sql',
    'job-spans.sql',
    'ledger-device-count.sql',
    'measured-counters.sql',
    'measured-sources.sql',
    'thermal-groups.sql',
  ])
  const forms = new Set(filtered.map(({ text }) => filterLines(text).join('\n')))
  expect(forms.size).toBe(1)
  const [form = ''] = forms
  for (const parameter of Object.keys(noFilters().params)) expect(form).toContain(`{${parameter}:`)
})

/** Expressions of the sums of a file, in their order. */
const sumsOf = (text: string) =>
  [...withoutComments(text).matchAll(/^ {6}toInt128\((.*)\),?$/gm)].map(([, sum]) => sum)

/** A file with states, without what it has besides the sums that every file has. */
const withoutStates = (text: string) =>
  withoutComments(text)
    .split('\n')
    .filter(
      (line) =>
        !sumsOf(text)
          .slice(SUM_FIELDS.length)
          .some((sum) => line.includes(`(${sum})`)),
    )
    .filter((line) => line.trim() !== '')
    .join('\n')
    .replaceAll(/, \{k[567]:Identifier\} AS key_[567]/g, '')
    .replaceAll('key_4, key_5, key_6, key_7', 'key_4')
    .replaceAll(/\),?\n {4}\] AS exact/g, ')\n    ] AS exact')

/** What each place of `sums` is summed from: the rows have no names for them. */
const PLACES: Readonly<Record<SumField | StateColumn, string>> = {
  capacity: 'sum(capacity_ms)',
  verification: 'sum(verification_ms)',
  known: 'sum(known_ms)',
  busyX1000: 'sum(busy_ms_x1000)',
  activeKnown: 'sum({active_known:Identifier})',
  activeX1000: 'sum({active:Identifier})',
  effectiveKnown: 'sum({effective_known:Identifier})',
  effectiveX1000: 'sum({effective:Identifier})',
  powerKnown: 'sum({power_known:Identifier})',
  powerMwMs: 'sum(toUInt128({power:Identifier}))',
  memoryKnown: 'sum({memory_known:Identifier})',
  memoryX1000: 'sum({memory:Identifier})',
  temperatureKnown: 'sum({temperature_known:Identifier})',
  failed_ms: 'sum(failed_ms)',
  drained_ms: 'sum(drained_ms)',
  unknown_ms: 'sum(unknown_ms)',
  unallocated_ms: 'sum(unallocated_ms)',
  idle_held_ms: 'sum(idle_held_ms)',
  throttled_ms_x1000: 'sum(throttled_ms_x1000)',
  throttled_heat_ms_x1000: 'sum(throttled_heat_ms_x1000)',
  throttled_power_ms_x1000: 'sum(throttled_power_ms_x1000)',
  inefficient_ms_x1000: 'sum(inefficient_ms_x1000)',
  inefficient_lost_ms_x1000: 'sum(inefficient_lost_ms_x1000)',
  productive_ms_x1000: 'sum(productive_ms_x1000)',
  busy_unallocated_ms_x1000: 'sum(busy_unallocated_ms_x1000)',
  busy_idle_held_ms_x1000: 'sum(busy_idle_held_ms_x1000)',
  busy_throttled_ms_x1000: 'sum(busy_throttled_ms_x1000)',
  busy_inefficient_ms_x1000: 'sum(busy_inefficient_ms_x1000)',
  allocated_known_ms: 'sum(allocated_known_ms)',
  allocated_ms: 'sum(allocated_ms)',
  reserve_ms: "sumIf(idle_held_ms, class = 'serving')",
  power_unallocated_mw_ms: 'sum(toInt128(power_unallocated_mw_ms))',
  power_idle_held_mw_ms: 'sum(toInt128(power_idle_held_mw_ms))',
}

for (const kind of ['group', 'device', 'provisional']) {
  test(`states of the ${kind} tables stand beside the same sums`, () => {
    const text = (name: string) => texts.find((query) => query.name === name)?.text ?? ''
    const states = withoutStates(text(`fleet-${kind}-states.sql`))
    expect(states).toBe(withoutStates(text(`fleet-${kind}-sums.sql`)))
    expect(states).not.toBe('')
  })

  test(`sums of the ${kind} tables stand where they are looked for`, () => {
    const sums = (name: string) => sumsOf(texts.find((query) => query.name === name)?.text ?? '')
    const places = SUM_FIELDS.map((field) => PLACES[field])
    expect(sums(`fleet-${kind}-sums.sql`)).toEqual(places)
    const withStates = [...places, ...STATE_COLUMNS.map((column) => PLACES[column])]
    expect(sums(`fleet-${kind}-states.sql`)).toEqual(withStates)
  })
}

test('a device speaks when any metric of the catalogue has a value', () => {
  const live = texts.find(({ name }) => name === 'live-status.sql')?.text ?? ''
  const columns = [...live.matchAll(/isNotNull\((\w+)\)/g)].map(([, name]) => name)
  expect(columns).toEqual(DEVICE_METRICS.map((metric) => metric.name))
})

test('the latest values hold every metric of the catalogue', () => {
  const latest = texts.find(({ name }) => name === 'device-latest.sql')?.text ?? ''
  const columns = [...latest.matchAll(/argMax\(s\.(\w+), ts\)/g)].map(([, name]) => name)
  expect(columns).toEqual(DEVICE_METRICS.map((metric) => metric.name))
})

test('the matrix by model counts every metric of the catalogue, in its order', () => {
  const models = texts.find(({ name }) => name === 'coverage-models.sql')?.text ?? ''
  const columns = [...models.matchAll(/isNotNull\((\w+)\)/g)].map(([, name]) => name)
  expect(columns).toEqual(DEVICE_METRICS.map((metric) => metric.name))
})
