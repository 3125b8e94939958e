import { expect, test } from 'vitest'
import type { SearchResult } from '#schemas/api-search.ts'
import { en } from '#lib/i18n/en.ts'
import { zh } from '#lib/i18n/zh.ts'
import { hrefOf, pageItems, readRecent, resultItems, stepped, withRecent } from './items.ts'

const names = { en: en.app.nav, zh: zh.app.nav }
const found = (part: Partial<SearchResult>): SearchResult => ({
  kind: 'node',
  id: 'h1-r01-n1',
  label: { en: 'h1-r01-n1', zh: 'h1-r01-n1' },
  cluster: 'h1-train',
  hall: 'h1',
  rack: 'h1-r01',
  node: '',
  model: '',
  tenant: '',
  devices: 8,
  ...part,
})

test('pages are found by their names in both languages and by their address', () => {
  const hrefs = (typed: string) => pageItems(typed, 'en', names).map(({ href }) => href)
  expect(hrefs('THER')).toEqual(['/thermal'])
  expect(hrefs(zh.app.nav.energy)).toContain('/energy')
  expect(hrefs('kiosk')).toEqual(['/kiosk'])
  expect(hrefs('zzz')).toEqual([])
  expect(pageItems('thermal', 'zh', names)[0]?.label).toBe(zh.app.nav.thermal)
})

test('each find leads to its page', () => {
  expect(hrefOf(found({}))).toBe('/nodes/h1-r01-n1?cluster=h1-train')
  expect(hrefOf(found({ kind: 'device', id: '17' }))).toBe('/devices/17')
  expect(hrefOf(found({ kind: 'job', id: 'a b/1' }))).toBe('/jobs/a%20b%2F1?cluster=h1-train')
  expect(hrefOf(found({ kind: 'rack', id: 'h1-r01' }))).toBe('/devices?hall=h1&rack=h1-r01')
  expect(hrefOf(found({ kind: 'tenant', id: 't1' }))).toBe('/devices?tenant=t1')
  expect(hrefOf(found({ kind: 'rule', id: 'gpu_hot' }))).toBe('/alerts/rules#gpu_hot')
})

test('a line says where a thing stands and nothing twice', () => {
  const count = (devices: number) => `${devices} devices`
  const tenant = found({
    kind: 'tenant',
    id: 't1',
    label: { en: 'Vision', zh: '视觉' },
    cluster: '',
    hall: '',
    rack: '',
  })
  expect(resultItems([tenant], 'en', count)[0]).toMatchObject({
    label: 'Vision',
    detail: 't1 · 8 devices',
  })
  expect(resultItems([found({})], 'en', count)[0]?.detail).toBe(
    'h1-train · h1 · h1-r01 · 8 devices',
  )
})

test('recent ones are the newest first, once each, and only addresses of this screen', () => {
  const item = (href: string) => ({ kind: 'page' as const, href, label: href, detail: '' })
  const recent = ['/a', '/b', '/a'].reduce(
    (list, href) => withRecent(list, item(href)),
    readRecent('no JSON'),
  )
  expect(recent.map(({ href }) => href)).toEqual(['/a', '/b'])
  const stored = JSON.stringify([...recent, item('//evil.example'), item('https://x'), 3, null])
  expect(readRecent(stored)).toEqual(recent)
})

test('the choice goes round', () => {
  expect([stepped(0, -1, 3), stepped(2, 1, 3), stepped(0, 1, 0)]).toEqual([2, 0, 0])
})
