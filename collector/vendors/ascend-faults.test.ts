import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FAULT_CLASSES } from '#schemas/faults.ts'
import { ascendFault, canonicalFaultCode, faultCodeOfDecimal } from './ascend-faults.ts'

describe('codes', () => {
  it('are eight upper-case hex digits however they are printed', () => {
    expect(canonicalFaultCode('0x8c03a000')).toBe('8C03A000')
    expect(canonicalFaultCode(' 8C03A000 ')).toBe('8C03A000')
    expect(canonicalFaultCode('NA')).toBeNull()
    expect(canonicalFaultCode('8C03A0001')).toBeNull()
    expect(canonicalFaultCode('')).toBeNull()
  })

  it("the exporter's decimals are the same codes", () => {
    expect(faultCodeOfDecimal(2_349_047_808)).toBe('8C03A000')
    expect(faultCodeOfDecimal(0)).toBeNull()
    expect(faultCodeOfDecimal(-1)).toBeNull()
    expect(faultCodeOfDecimal(1.5)).toBeNull()
    expect(faultCodeOfDecimal(2 ** 32)).toBeNull()
    expect(faultCodeOfDecimal(Number.NaN)).toBeNull()
  })
})

describe('what a code means', () => {
  it.each([
    ['8C03A000', 'firmware', 'fatal', /process failed/, /reset the chip/],
    ['A4025021', 'firmware', 'info', /adda/, /repeats/],
    ['80E01801', 'memory', 'critical', /Multi-bit ECC/, /Restart the job/],
    ['80E18402', 'memory', 'fatal', /spare/, /replacement/],
    ['80C98009', 'hardware', 'warning', /AI Core: bus error/, /repeat/],
    ['80CD8008', 'hardware', 'fatal', /L2 buffer: multi-bit ECC/, /reset/],
    ['80E20207', 'thermal', 'warning', /temperature above its warning/, /watch/i],
    ['80E0020B', 'thermal', 'fatal', /temperature above its last limit/, /Isolate/],
    ['8C464E00', 'firmware', 'critical', /heart beat lost/i, /Drain/],
    ['80B98008', 'bus', 'fatal', /PCIe/, /reset/],
    ['81078603', 'network', 'warning', /RoCE port/, /optical module/],
    ['81B1800D', 'link', 'warning', /UB port: link error/, /Look the code up/],
  ])('%s is %s, %s', (code, faultClass, severity, name, action) => {
    const fault = ascendFault(code)
    expect(fault).toMatchObject({ class: faultClass, severity })
    expect(fault.name.en).toMatch(name)
    expect(fault.action.en).toMatch(action)
  })

  it('a code nobody published stays visible as a warning that names it', () => {
    expect(ascendFault('12345678')).toMatchObject({
      class: 'unclassified',
      severity: 'warning',
      name: { en: 'Fault 12345678', zh: '故障 12345678' },
    })
  })

  it.each([
    ['40F84E00', '芯片侧心跳丢失'],
    ['80FA4E00', '任务调度 CPU 心跳丢失'],
    ['A607FFFF', '任务调度 CPU 心跳丢失（黑匣子记录）'],
    ['812E4E00', '任务调度固件心跳丢失'],
    ['8C084E00', 'adda 进程心跳丢失'],
  ])('%s has a Chinese name without English words in it: %s', (code, name) => {
    expect(ascendFault(code).name.zh).toBe(name)
  })

  it('a published level without a name still says what to do', () => {
    expect(ascendFault('A2302001')).toMatchObject({ severity: 'fatal', class: 'unclassified' })
    expect(ascendFault('A2302001').action.zh).toMatch(/更换/)
  })

  it('every 32-bit word has a class, a name and advice in both languages', () => {
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), (word) => {
        const fault = ascendFault(word.toString(16).toUpperCase().padStart(8, '0'))
        expect(FAULT_CLASSES).toContain(fault.class)
        for (const text of [fault.name.en, fault.name.zh, fault.action.en, fault.action.zh])
          expect(text).toMatch(/\S/)
        expect(fault.name.zh).toMatch(/[\u4e00-\u9fff]/)
        expect(fault.action.zh).toMatch(/[\u4e00-\u9fff]/)
      }),
    )
  })
})
