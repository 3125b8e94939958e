import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { xidFault } from './nvidia-xid.ts'

const table = join(import.meta.dirname, '../../../shared/samples/nvidia/xid.tsv')
const isClassified = (code: number) => (xidFault(code)?.class ?? 'unclassified') !== 'unclassified'

/** Numbers the vendor calls unused or reserved. */
const UNUSED = [5, 10, 14, 15, 17, 23, 39, 40, 41, 49, 50, 51, 52, 53, 55, 87, 90, 91, 108] as const

describe('XID faults', () => {
  it('every number up to 172 that is in use has a class, and no unused one has', () => {
    for (let code = 1; code <= 172; code++)
      expect([code, isClassified(code)]).toEqual([code, !UNUSED.some((known) => known === code)])
  })

  it.skipIf(!existsSync(table))(
    'the unused numbers are those of the list (needs ../shared)',
    () => {
      const rows = readFileSync(table, 'utf8').trimEnd().split('\n').slice(1)
      const unused = rows
        .map((row) => row.split('\t'))
        .filter(([, text]) => text === 'Unused' || text === 'Reserved')
        .map(([code]) => Number(code))
      expect(unused).toEqual([...UNUSED])
      expect(rows).toHaveLength(173)
    },
  )

  it.each([
    [13, 'application', 'warning'],
    [31, 'application', 'warning'],
    [43, 'application', 'info'],
    [45, 'application', 'info'],
    [48, 'memory', 'critical'],
    [54, 'power', 'critical'],
    [62, 'firmware', 'fatal'],
    [63, 'memory', 'warning'],
    [64, 'memory', 'critical'],
    [74, 'link', 'critical'],
    [79, 'bus', 'fatal'],
    [92, 'memory', 'warning'],
    [94, 'memory', 'critical'],
    [95, 'memory', 'fatal'],
    [119, 'firmware', 'critical'],
    [120, 'firmware', 'critical'],
    [144, 'link', 'critical'],
    [150, 'link', 'critical'],
    [154, 'hardware', 'warning'],
    [171, 'memory', 'critical'],
  ])('%i is about %s and %s', (code, faultClass, severity) => {
    expect(xidFault(code)).toMatchObject({ class: faultClass, severity })
  })

  it('engines carry their own number', () => {
    expect(xidFault(71)?.name.en).toBe('Copy engine 4 error')
    expect(xidFault(135)?.name.en).toBe('Copy engine 19 error')
    expect(xidFault(105)?.name.en).toBe('JPEG engine 7 error')
    expect(xidFault(98)?.name.zh).toBe('视频解码器 7 错误')
    expect(xidFault(147)?.name.en).toBe('NVLink TREX error')
  })

  it('every text is there in both languages and short enough for an event', () => {
    for (let code = 1; code <= 200; code++) {
      const fault = xidFault(code)
      for (const text of [fault?.name, fault?.action]) {
        expect(text?.en.length ?? 0).toBeGreaterThan(0)
        expect(text?.en.length ?? 0).toBeLessThan(160)
        expect(text?.zh.length ?? 0).toBeGreaterThan(0)
      }
      if (isClassified(code)) expect(fault?.name.zh).toMatch(/\p{Script=Han}/u)
    }
  })

  it('a code nobody knows stays visible, and 0 or no number is no fault', () => {
    expect(xidFault(4711)).toMatchObject({
      class: 'unclassified',
      severity: 'warning',
      name: { en: 'XID 4711' },
    })
    for (const none of [0, -1, NaN, 1.5]) expect(xidFault(none)).toBeNull()
  })
})
