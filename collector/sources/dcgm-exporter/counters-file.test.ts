import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LINK_FIELDS } from './link-map.ts'
import { FIELDS } from './map.ts'
import { FACT_LABELS } from './names.ts'
import source from './source.ts'
import { STATED_FIELDS } from './stated.ts'

const folder = join(import.meta.dirname, '../../../deploy/dcgm-exporter')
const lines = readFileSync(join(folder, 'plimsoll-counters.csv'), 'utf8').trimEnd().split('\n')
/** `DCGM…, type, help`, also where it is commented out. */
const ROW = /^(# )?(DCGM_\w+), (gauge|counter|label), (\S.*)$/
const rows = lines.flatMap((line) => {
  const match = ROW.exec(line)
  return match === null
    ? []
    : [{ isOn: match[1] === undefined, name: match[2] ?? '', type: match[3] }]
})
const metricOf = new Map(FIELDS.map(({ name, metric }) => [name, metric]))
const linkNames = new Set(LINK_FIELDS.map(({ name }) => name))

describe('the counters file in deploy/', () => {
  it('has only rows with field, type and help, comments and blank lines', () => {
    for (const line of lines) if (!line.startsWith('#') && line !== '') expect(line).toMatch(ROW)
    expect(rows.filter(({ isOn }) => isOn).length).toBeGreaterThan(50)
    // More than 128 fields do not fit into one group of DCGM.
    expect(rows.length).toBeLessThan(128)
  })

  it('names each field once, commented or not', () => {
    const names = rows.map(({ name }) => name)
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([])
  })

  it('names only what the source reads', () => {
    for (const { name, type } of rows) {
      const isRead = metricOf.has(name) || linkNames.has(name) || STATED_FIELDS.has(name)
      const isFact = FACT_LABELS.has(name.toLowerCase())
      expect(type === 'label' ? isFact : isRead, name).toBe(true)
    }
  })

  it('gives every metric that the source expects', () => {
    const given = new Set<string | undefined>(
      rows.flatMap(({ isOn, name }) => (isOn ? [metricOf.get(name)] : [])),
    )
    expect(source.expects.filter((metric) => !given.has(metric))).toEqual([])
  })

  it('leaves out what kept exporters from starting', () => {
    const isOn = (name: string) => rows.some((row) => row.isOn && row.name === name)
    for (const name of [
      'DCGM_FI_DEV_GET_GPU_RECOVERY_ACTION',
      'DCGM_FI_DEV_FABRIC_HEALTH_MASK',
      'DCGM_FI_DEV_MEMORY_UNREPAIRABLE_FLAG',
      'DCGM_FI_DEV_CPU_POWER_UTIL_CURRENT',
      'DCGM_FI_IMEX_DOMAIN_STATUS',
      'DCGM_FI_PROF_PIPE_FP64_ACTIVE',
    ])
      expect(isOn(name), name).toBe(false)
  })

  it('says what a commented row needs: each block of them stands under a comment', () => {
    lines.forEach((line, at) => {
      if (!line.startsWith('# DCGM_')) return
      let above = at - 1
      while (lines[above]?.startsWith('# DCGM_') === true) above--
      expect(lines[above], line).toMatch(/^# (?!DCGM_|-)\S/)
    })
  })
})
