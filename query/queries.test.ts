import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { DEVICE_METRICS } from '#schemas/metrics.ts'
import { noFilters } from './filters.ts'
import { STATE_COLUMNS } from './state-sums.ts'

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
    text.split('\n').filter((line) => /\{f\d(_\w+)?:/.test(line))
  const filtered = texts.filter(({ text }) => filterLines(text).length > 0)
  expect(filtered.map(({ name }) => name).sort()).toEqual([
    'contingency-jobs.sql',
    'devices-page.sql',
    'energy-devices.sql',
    'explain-cells.sql',
    'fleet-device-count.sql',
    'fleet-device-states.sql',
    'fleet-device-sums.sql',
    'fleet-group-states.sql',
    'fleet-group-sums.sql',
    'fleet-provisional-states.sql',
    'fleet-provisional-sums.sql',
    'ledger-device-count.sql',
    'thermal-groups.sql',
  ])
  const forms = new Set(filtered.map(({ text }) => filterLines(text).join('\n')))
  expect(forms.size).toBe(1)
  const [form = ''] = forms
  for (const parameter of Object.keys(noFilters().params)) expect(form).toContain(`{${parameter}:`)
})

/** The sums of a file with states, without what it has besides. */
const withoutStates = (text: string) =>
  withoutComments(text)
    .split('\n')
    .filter((line) => !STATE_COLUMNS.some((column) => line.endsWith(` AS sum_${column},`)))
    .filter((line) => !/AS key_[567],$/.test(line) && line.trim() !== '')
    .join('\n')
    .replaceAll('key_4, key_5, key_6, key_7', 'key_4')

for (const kind of ['group', 'device', 'provisional']) {
  test(`states of the ${kind} tables stand beside the same sums`, () => {
    const text = (name: string) => texts.find((query) => query.name === name)?.text ?? ''
    const states = withoutStates(text(`fleet-${kind}-states.sql`))
    expect(states).toBe(withoutStates(text(`fleet-${kind}-sums.sql`)))
    expect(states).not.toBe('')
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
