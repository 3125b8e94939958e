import { expect, it } from 'vitest'
import { windowText } from './window-text.ts'

const plain = (text: string) => text.replaceAll(/\s/g, ' ')

it('a short window has its clock times in the zone of the site', () => {
  const window = { from: '2026-11-22T12:15:00.000Z', to: '2026-11-23T12:15:00.000Z' }
  expect(plain(windowText(window, 'en', 'Asia/Shanghai'))).toBe(
    'Sun 22 Nov 20:15 – Mon 23 Nov 20:15',
  )
})

it('a long one has its years, and its end is the last day in it', () => {
  const window = { from: '2025-11-30T16:00:00.000Z', to: '2026-11-30T16:00:00.000Z' }
  const text = plain(windowText(window, 'en', 'Asia/Shanghai'))
  expect(text).toMatch(/^1 Dec 2025 ?[–-] ?30 Nov 2026$/)
})
