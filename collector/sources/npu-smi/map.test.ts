import { describe, expect, it } from 'vitest'
import { canonicalFaultCode, faultOf } from './faults.ts'
import { FIELD_IGNORED, FIELD_LABELS, FIELD_METRICS, FIELD_STRUCTURE } from './map.ts'
import { canonicalModel } from './model.ts'
import { withoutUnit } from './parse-fields.ts'

const none = { hasPhyId: false, toolVersion: null, ddrTotalMb: null }

describe('field map', () => {
  it('each native key has exactly one fate: metric, label, structure or ignored', () => {
    const all = [
      ...Object.keys(FIELD_METRICS),
      ...Object.keys(FIELD_LABELS),
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

describe('fault codes', () => {
  it('are eight upper-case hex digits however they are printed', () => {
    expect(canonicalFaultCode('0x8c03a000')).toBe('8C03A000')
    expect(canonicalFaultCode('8C03A000')).toBe('8C03A000')
    expect(canonicalFaultCode('NA')).toBeNull()
    expect(canonicalFaultCode('8C03A0001')).toBeNull()
  })

  it('unknown codes stay visible with advice, known ones say what to do', () => {
    expect(faultOf('8C03A000')).toMatchObject({ faultClass: 'reset_now', severity: 'fatal' })
    expect(faultOf('80E18402')).toMatchObject({ faultClass: 'replace', severity: 'fatal' })
    expect(faultOf('12345678')).toMatchObject({ faultClass: 'unknown', severity: 'warning' })
  })
})
