import { describe, expect, it } from 'vitest'
import { cambriconCode, cambriconFault } from './cambricon-faults.ts'
import { xidFault } from './nvidia-xid.ts'

describe('Cambricon codes', () => {
  it.each([
    ['12', '12'],
    [' 0x0C ', '12'],
    ['CNDEV_XID_HEARTBEAT_ERROR', '12'],
    ['heartbeat_error', '12'],
    ['CNDEV_XID_SOMETHING_NEW', 'SOMETHING_NEW'],
    ['0xffffffffffffffff', '18446744073709551615'],
    ['XID_MLULINK_CDR_LOSS', '27'],
    ['0', null],
    ['0x0', null],
    ['CNDEV_XID_NO_ERROR', null],
    ['', null],
    ['no code', null],
    ['1'.repeat(40), null],
  ])('%j is %j', (printed, code) => {
    expect(cambriconCode(printed)).toBe(code)
  })

  it('known ones have class, severity, name and advice in both languages', () => {
    expect(cambriconFault('14')).toMatchObject({ class: 'bus', severity: 'fatal' })
    for (let code = 1; code <= 31; code += 1) {
      const fault = cambriconFault(String(code))
      expect(fault.class, String(code)).not.toBe('unclassified')
      for (const text of [fault.name.zh, fault.action.zh]) expect(text).toMatch(/\p{Script=Han}/u)
    }
  })

  it('unknown ones stay visible and are not guessed', () => {
    expect(cambriconFault('1835009')).toMatchObject({
      class: 'unclassified',
      severity: 'warning',
      name: { en: 'Cambricon XID 1835009' },
    })
  })

  it('the same number is not what NVIDIA means by it', () => {
    expect(cambriconFault('13').class).toBe('memory')
    expect(xidFault(13)?.class).toBe('application')
    expect(cambriconFault('79').class).toBe('unclassified')
  })
})
