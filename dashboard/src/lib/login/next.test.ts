import { expect, it } from 'vitest'
import { safeNext } from './next.ts'

it('after signing in a person lands on this site, wherever the address points', () => {
  expect(safeNext('/devices?cluster=a')).toBe('/devices?cluster=a')
  for (const bad of [
    '//evil.example',
    'https://evil.example',
    '/\\evil',
    '/login?next=/login',
    null,
  ]) {
    expect(safeNext(bad)).toBe('/')
  }
})
