import { expect, it } from 'vitest'
import { enBacktest } from './en-backtest.ts'
import { enCase } from './en-case.ts'
import { enKiosk } from './en-kiosk.ts'
import { en } from './en.ts'
import { zhBacktest } from './zh-backtest.ts'
import { zhCase } from './zh-case.ts'
import { zhKiosk } from './zh-kiosk.ts'
import { zh } from './zh.ts'

/** Leaves as `path: text`, functions called with their parameter names. */
function leaves(value: object, path = ''): [string, string][] {
  return Object.entries(value).flatMap(([key, leaf]: [string, unknown]) => {
    const here = `${path}.${key}`
    if (typeof leaf === 'string') return [[here, leaf]]
    if (typeof leaf === 'function') return [[here, String(leaf('A1', 'B2', 'C3', 'D4', 'E5'))]]
    return typeof leaf === 'object' && leaf !== null ? leaves(leaf, here) : []
  })
}

const CATALOGUES = [
  ['all pages', en, zh],
  ['kiosk', enKiosk, zhKiosk],
  ['devices and nodes', enCase, zhCase],
  ['backtests', enBacktest, zhBacktest],
] as const

it.each(CATALOGUES)(
  'both languages of %s have the same keys, none empty',
  (_name, english, chinese) => {
    expect(leaves(chinese).map(([key]) => key)).toEqual(leaves(english).map(([key]) => key))
    for (const [key, text] of [...leaves(english), ...leaves(chinese)])
      expect(text.trim(), key).not.toBe('')
  },
)

it.each(CATALOGUES)(
  'both languages of %s pass on the same figures',
  (_name, english, translated) => {
    const given = (text: string) => [...text.matchAll(/[A-E][1-5]/g)].map(String).toSorted()
    const chinese = new Map(leaves(translated))
    for (const [key, text] of leaves(english)) {
      expect(given(chinese.get(key) ?? ''), key).toEqual(given(text))
    }
  },
)
