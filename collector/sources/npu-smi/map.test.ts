import { describe, expect, it } from 'vitest'
import { describeFault } from './faults.ts'
import { FIELD_IGNORED, FIELD_LABELS, FIELD_METRICS, FIELD_STRUCTURE, LINK_FIELDS } from './map.ts'
import { canonicalModel } from './model.ts'
import { withoutUnit } from './parse-fields.ts'

const none = { hasPhyId: false, toolVersion: null, ddrTotalMb: null }

describe('field map', () => {
  it('each native key has exactly one fate: metric, label, link, structure or ignored', () => {
    const all = [
      ...Object.keys(FIELD_METRICS),
      ...Object.keys(FIELD_LABELS),
      ...Object.keys(LINK_FIELDS),
      ...FIELD_STRUCTURE,
      ...FIELD_IGNORED,
    ]
    expect(new Set(all).size).toBe(all.length)
    for (const key of all) expect(withoutUnit(key).toLowerCase()).toBe(key)
  })

  it('takes the unit out of a key, with or without a blank before it', () => {
    expect(withoutUnit('NPU Temperature (C)')).toBe('NPU Temperature')
    expect(withoutUnit('HBM  Usage Rate(%)')).toBe('HBM Usage Rate')
  })
})

describe('model names', () => {
  it.each([
    ['910B3', none, 'Ascend 910B3'],
    ['910B4-1', none, 'Ascend 910B4-1'],
    ['Ascend910', { ...none, hasPhyId: true }, 'Ascend 910C'],
    ['Ascend910', none, 'Ascend 910'],
    ['Ascend 910B3', none, 'Ascend 910B3'],
    ['910B', { ...none, toolVersion: '22.0.4.1' }, 'Ascend 910B (gen 1)'],
    ['910B', { ...none, ddrTotalMb: 15_039 }, 'Ascend 910B (gen 1)'],
    ['910B', { ...none, toolVersion: '25.2.0', ddrTotalMb: 0 }, 'Ascend 910B'],
    ['310P3', none, 'Ascend 310P3'],
    ['Ascend950DT', none, 'Ascend 950DT'],
    ['xxx', none, 'Ascend'],
    ['', none, 'Ascend'],
    ['NewChip9', none, 'Ascend NewChip9'],
  ])('%s %j is %s', (printed, evidence, model) => {
    expect(canonicalModel(printed, evidence)).toBe(model)
  })
})

describe('faults', () => {
  it('codes carry our class, severity and advice in both languages, unknown ones too', () => {
    expect(describeFault('fault', '8C03A000')).toMatchObject({
      class: 'firmware',
      severity: 'fatal',
    })
    expect(describeFault('fault', '0x80e18402')).toMatchObject({ class: 'memory' })
    const unknown = describeFault('fault', '12345678')
    expect(unknown).toMatchObject({ class: 'unclassified', severity: 'warning' })
    expect(unknown?.action.zh).toMatch(/手册/)
    expect(describeFault('fault', 'NA')).toBeNull()
  })

  it('health words have a severity; OK and other events are none of ours', () => {
    const severities = ['warning', 'alarm', 'critical'].map(
      (word) => describeFault('health', word)?.severity,
    )
    expect(severities).toEqual(['warning', 'critical', 'fatal'])
    expect(describeFault('health', 'ok')).toBeNull()
    expect(describeFault('xid', '79')).toBeNull()
  })
})
