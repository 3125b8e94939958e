import { expect, it } from 'vitest'
import type { AlertDetail, TimelineEntry } from '#schemas/api-alerts.ts'
import { clock, dateTime } from '#lib/time.ts'
import { alertItem } from './alerts.testing.ts'
import { eventText } from './events.ts'
import { incidentMarkdown } from './incident.ts'
import { TEXTS } from './texts.ts'

const at = Date.UTC(2026, 10, 22, 19, 10)
const zone = 'Asia/Shanghai'
const words = (lang: 'en' | 'zh') => ({
  m: TEXTS[lang],
  lang,
  time: (ms: number) => clock(ms, lang, zone),
  moment: (ms: number) => dateTime(ms, lang, zone),
  zone: 'Asia/Shanghai, UTC+8',
})
const state = (over: Partial<Extract<TimelineEntry, { kind: 'state' }>>): TimelineEntry => ({
  kind: 'state',
  at_ms: at,
  from: 'pending',
  to: 'firing',
  severity: 'page',
  mode: 'paging',
  suppressed: null,
  because: null,
  ...over,
})
const told: TimelineEntry = {
  kind: 'told',
  at_ms: at + 1_000,
  id: 'ntf_0123456789abcdef0123456789abcdef',
  channel: 'oncall',
  mention: 'Lin',
  reason: 'firing',
  severity: 'page',
  line: { en: '[PAGE] a|b', zh: '[紧急] a|b' },
  outcome: 'failed',
  attempts: 2,
  outcome_ms: at + 4_000,
  detail: 'HTTP 502',
}
const detail = (timeline: TimelineEntry[]): AlertDetail => ({
  at_ms: at + 3_600_000,
  alert: alertItem(),
  rule: null,
  timeline,
  more: 0,
  values: [],
  simulated: true,
})

it('each thing that happened is told in words, in both languages', () => {
  const text = (entry: TimelineEntry) => {
    const { what, details } = eventText(entry, words('en'))
    return [what, ...details].join('; ')
  }
  expect(text(state({ from: 'inactive', to: 'pending' }))).toBe('The condition is true')
  expect(text(state({}))).toBe('Fires as Page')
  expect(text(state({ from: 'firing', severity: 'warn' }))).toBe('Is now Warning')
  expect(text(state({ from: 'held' }))).toBe('Can be judged again')
  expect(text(state({ mode: 'observing' }))).toBe('Fires as Page; Observed: nobody is told')
  expect(text(state({ suppressed: { kind: 'inhibited', by: 'x' } }))).toBe(
    'Nobody is told any more; a wider alert explains it',
  )
  expect(text(state({ to: 'resolved', because: { en: 'it ran again', zh: '恢复' } }))).toBe(
    'Over; it ran again',
  )
  expect(text(told)).toBe(
    'Told on oncall, to Lin; [PAGE] a|b; first message · failed, is tried again · 2 attempts; HTTP 502',
  )
  expect(eventText(told, words('zh')).what).toBe('已通知渠道 oncall，对象 Lin')
})

it('the export has every fact and every entry, and text of people is no markup', () => {
  const text = incidentMarkdown(detail([state({}), told]), words('en'))
  expect(text).toMatch(/^# \\\[PAGE\\\] Fleet busy 58\.4 %/)
  expect(text).toContain('- **Cost**: $15,800\n')
  expect(text).toContain('- **Over**: still open\n')
  expect(text).toContain('- **About**: zone\\_set=fleet, zone=danger\n')
  expect(text).toMatch(/\| 23 Nov 2026, 03:10:00 \| Fires as Page \|/)
  expect(text).toContain(String.raw`\[PAGE\] a\|b`)
  expect(text).toContain('Times in Asia/Shanghai, UTC+8.')
})

it('a cost nobody knows is no zero', () => {
  const alert = alertItem({ cost_usd: 0 })
  const unknown = { ...alert, reading: { ...alert.reading, usd_per_hour: null } }
  const text = incidentMarkdown({ ...detail([]), alert: unknown }, words('zh'))
  expect(text).toContain('- **损失**：未知\n')
})
