import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { definitionOf } from './mapping.ts'
import { createMappingStore } from './load-mapping.ts'
import { parseMapping } from './parse-mapping.ts'
import { inCanonicalUnit, UNIT_NAMES, UNITS } from './units.ts'

const HEAD = 'name: mine\ndevice: { vendor: acme, model: { otherwise: A1 }, uuid: id }\nmetrics:\n'
const mistakesIn = (text: string) => parseMapping(text, 'mine.yaml').mistakes

describe('a mapping file', () => {
  it('the example for a user is one that works', () => {
    const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8')
    const example = /```yaml\n(name: acme[^]*?)```/.exec(readme)?.[1] ?? ''
    expect(parseMapping(example, 'README.md').mistakes).toEqual([])
    for (const unit of UNIT_NAMES) expect(readme).toMatch(new RegExp(`[\`\\s]${unit}[\`\\s]`))
  })

  it('is read with its defaults, one value or a list alike', () => {
    const { mapping, mistakes } = parseMapping(
      `${HEAD}  - { from: acme_load, to: busy_ratio, unit: percent, where: { slice: "" } }\n`,
      'mine.yaml',
    )
    expect(mistakes).toEqual([])
    expect(mapping).toMatchObject({
      name: 'mine',
      path: '/metrics',
      device: { uuid: ['id'] },
      metrics: [{ from: ['acme_load'], combine: 'only', where: [['slice', [{ plain: '' }]]] }],
    })
  })

  it.each([
    ['an unknown key', `${HEAD}  - { from: a, to: busy_ratio, unit: percent, wher: {} }`, 'wher'],
    ['a metric that is not there', `${HEAD}  - { from: a, to: busy, unit: percent }`, '"busy"'],
    ['a unit of another kind', `${HEAD}  - { from: a, to: power_watts, unit: celsius }`, 'watts'],
    ['a unit nobody knows', `${HEAD}  - { from: a, to: power_watts, unit: horses }`, 'unit'],
    [
      'a name that is none',
      `${HEAD}  - { from: "a b", to: busy_ratio, unit: ratio }`,
      'metric name',
    ],
    ['text that is no YAML', `${HEAD}  - { from: [`, ''],
  ])('%s is refused with file, line and column', (_what, text, said) => {
    const [mistake = ''] = mistakesIn(text)
    expect(mistake).toMatch(/^mine\.yaml:4:\d+: /)
    expect(mistake).toContain(said)
  })

  it('a device metric needs to know its device, a link metric its link', () => {
    const device = mistakesIn('name: m\nmetrics:\n  - { from: a, to: power_watts, unit: watts }')
    expect(device[0]).toMatch(/^m.*:3:\d+: metrics\[0\]\.to: .*section "device"/)
    const link = mistakesIn('name: m\nmetrics:\n  - { from: a, to: link_up, unit: code }')
    expect(link[0]).toContain('section "link"')
    const anonymous = 'name: m\ndevice: { vendor: a, model: { otherwise: b } }\nmetrics:\n'
    expect(mistakesIn(`${anonymous}  - { from: a, to: power_watts, unit: watts }`)[0]).toContain(
      'uuid, serial, bus, index',
    )
  })

  it('a small file that would unfold to a huge one is refused', () => {
    const layers = Array.from({ length: 12 }, (_, at) =>
      at === 0 ? 'a0: &a0 [x, x]' : `a${at}: &a${at} [${`*a${at - 1}, `.repeat(9)}*a${at - 1}]`,
    )
    expect(mistakesIn(layers.join('\n')).length).toBeGreaterThan(0)
  })

  it('any text gives a mapping or mistakes, never a throw', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => HEAD + text),
        ),
        (text) => {
          const { mapping, mistakes } = parseMapping(text, 'x.yaml')
          expect(mapping === null).toBe(mistakes.length > 0)
        },
      ),
      { numRuns: 200 },
    )
  })
})

describe('units', () => {
  it.each([
    [37, 'percent', 0.37],
    [312_450, 'milliwatts', 312.45],
    [64, 'kib', 65_536],
    [100, 'gbit_per_s', 1.25e10],
    [1500, 'mhz', 1.5e9],
    [250, 'milliseconds', 0.25],
    [2, 'watt_hours', 7200],
  ] as const)('%d %s are %d', (value, unit, expected) => {
    expect(inCanonicalUnit(value, unit)).toBe(expected)
  })

  it('every unit leads to one that the catalogue has', () => {
    for (const name of UNIT_NAMES) expect(UNITS[name].to).toMatch(/^[a-z_]+$/)
  })
})

describe('built-in mappings', () => {
  const store = createMappingStore()

  it('are all readable, each under the name of its file', () => {
    expect(store.builtIn().map(({ name }) => name)).toEqual([
      'hygon-dcu',
      'idrac-exporter',
      'ipmi-exporter',
      'metax',
      'node-exporter',
      'redfish-exporter',
      'snmp-exporter-apc',
      'snmp-exporter-raritan',
      'snmp-exporter-ups-mib',
      'snmp-exporter-vertiv',
    ])
  })

  it('cover every node metric of the catalogue, and the links that ports report', () => {
    const given = store.find('node-exporter').mapping?.metrics.map(({ to }) => to) ?? []
    expect(given.filter((name) => definitionOf(name)?.scope === 'node').toSorted()).toEqual(
      [
        'boot_time_seconds',
        'clock_offset_seconds',
        'cpu_busy_seconds_total',
        'cpu_count',
        'cpu_iowait_seconds_total',
        'disk_read_bytes_total',
        'disk_written_bytes_total',
        'filesystem_used_ratio_max',
        'io_stalled_seconds_total',
        'load_1m',
        'mounts_stale',
        'network_received_bytes_total',
        'network_sent_bytes_total',
        'node_memory_available_bytes',
        'node_memory_total_bytes',
        'processes_blocked',
      ].toSorted(),
    )
    expect(given.filter((name) => definitionOf(name)?.scope === 'link')).toHaveLength(10)
  })

  it('a name nobody knows, and a file that is not there, are said with what to do', () => {
    expect(store.find('nod-exporter').mistakes[0]).toContain('known: hygon-dcu, idrac-exporter')
    expect(store.find('./not/here.yaml').mistakes[0]).toContain('./not/here.yaml cannot be read')
  })
})
