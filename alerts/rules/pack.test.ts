import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readYaml } from '../../cli/import/yaml-document.ts'
import { isSignalName } from '../../query/alerts/signals.ts'
import { silentRules } from './coverage.ts'
import { failedCases, loadRules, type ReadRules } from './load.ts'
import { runCase } from './run-case.ts'

const read: ReadRules = (text, schema, file) => readYaml(text, schema, file).data
const pack = await loadRules({ read, hasSignal: isSignalName })
const rules = [...pack.rules.values()].map(({ rule }) => rule)

describe('the pack', () => {
  it('is without mistakes', () => {
    expect(pack.mistakes).toEqual([])
    expect(rules.length).toBeGreaterThan(45)
  })
  for (const [at, one] of pack.cases.entries()) {
    const found = pack.rules.get(one.rule)
    it(`case ${at}: ${one.rule} fires ${one.fires}`, () => {
      expect(found && runCase(found.rule, one)).toBe(one.fires)
    })
  }
  it('shows by a case that each rule fires', () => {
    const firing = new Set(
      pack.cases.filter(({ fires }) => fires !== 'none').map(({ rule }) => rule),
    )
    expect(rules.map(({ name }) => name).filter((name) => !firing.has(name))).toEqual([])
  })
  it('says in both languages what to do', () => {
    for (const { name, title, action } of rules)
      for (const words of [title, action]) {
        expect(words.en.length, name).toBeGreaterThan(5)
        expect(words.zh, name).toMatch(/[\u4e00-\u9fff]/)
      }
  })
  it('delays nothing about water, flow, supply temperature, power, danger and mass idle', () => {
    const paging = rules.filter(
      (rule) =>
        (rule.lane === 'event' && rule.severity === 'page') ||
        (rule.lane === 'value' &&
          rule.level !== 'pipeline' &&
          rule.thresholds.some(({ severity }) => severity === 'page')),
    )
    expect(paging.length).toBeGreaterThan(8)
    expect(paging.filter(({ urgent }) => !urgent)).toEqual([])
  })
  it('zones, forecasts and statistics begin by observing; faults, leaks, power and data page from the first minute', () => {
    const observing = rules.filter(({ trust }) => trust === 'observing').map(({ name }) => name)
    expect(observing.toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
      'contingency',
      'forecast_zone',
      'job_stalled',
      'mass_idle',
      'mw_swing',
      'pue_high',
      'utilization_zone',
    ])
  })
})

describe('a site’s own file', () => {
  const load = async (text: string) => {
    const folder = await mkdtemp(join(tmpdir(), 'plimsoll-rules-'))
    const path = join(folder, 'own.yaml')
    await writeFile(path, text)
    try {
      return await loadRules({ read, hasSignal: isSignalName }, [path])
    } finally {
      await rm(folder, { recursive: true })
    }
  }
  const rule = (more: string) => `rules:
  - name: headroom_low
    lane: value
    signal: margin
    compare: below
    level: rack
    title: { en: Low, zh: 低 }
    action: { en: Look, zh: 查看 }
    thresholds:
      - ${more}
`
  it('replaces a rule of the pack by its name, with its cases', async () => {
    const own = await load(`${rule('{ severity: page, set: 4, reset: 6 }')}tests:
  - { rule: headroom_low, steps: [{ seconds: 15, value: 4 }], fires: page }
  - { rule: headroom_low, steps: [{ seconds: 15, value: 5 }], fires: warn }
`)
    expect(own.mistakes).toEqual([])
    expect(own.rules.get('headroom_low')).toMatchObject({
      file: 'own.yaml',
      rule: { level: 'rack' },
    })
    expect(own.rules.size).toBe(pack.rules.size)
    expect(failedCases(own)).toEqual(['own.yaml: headroom_low: expected warn, it says none'])
  })
  it('is refused with the line of the mistake', async () => {
    await expect(load(rule('{ severity: loud, set: 4, reset: 6 }'))).rejects.toThrow(
      /own\.yaml:10:\d+: /,
    )
    await expect(load('rule: []')).rejects.toThrow(/own\.yaml:1:1: .*did you mean "rules"/)
  })
  it('tells what no schema sees', async () => {
    const own = await load(
      rule('{ severity: page, set: 4, reset: 2 }').replace('signal: margin', 'signal: marginal'),
    )
    expect(own.mistakes).toEqual([
      'own.yaml: headroom_low: there is no signal "marginal"',
      'own.yaml: headroom_low: thresholds[0]: reset 2 is beyond set 4',
    ])
  })
})

describe('silent rules', () => {
  const silentIn = (covered: Record<string, number>, vendors: string[] = []) => {
    const one = rules.find(({ name }) => name === 'device_link')
    if (one?.lane !== 'value') throw new Error('no such rule')
    const fleet = { nvidia: 8, ascend: 16 }
    const found = silentRules([{ ...one, vendors }], new Map([[one.signal, covered]]), fleet)
    return found.map(({ vendor }) => vendor)
  }
  it('a rule that covers one vendor only is told for the other', () => {
    expect(silentIn({ nvidia: 8, ascend: 16 })).toEqual([])
    expect(silentIn({ nvidia: 8, ascend: 0 })).toEqual(['ascend'])
    expect(silentIn({ nvidia: 8 })).toEqual(['ascend'])
    expect(silentIn({ nvidia: 8 }, ['nvidia'])).toEqual([])
  })
  it('a rule that covers nothing is told', () => {
    expect(silentIn({})).toEqual([''])
    expect(silentIn({ '': 0 })).toEqual([''])
    expect(silentIn({ '': 3 })).toEqual([])
  })
})
