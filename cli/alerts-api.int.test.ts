import { createHmac } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { afterEach, expect, it } from 'vitest'
import { START_MS } from '../query/access/access.testing.ts'
import { addToken } from '../query/access/token-file.ts'
import {
  AlertDetail,
  AlertHistoryAnswer,
  AlertRulesAnswer,
  AlertsAnswer,
  SilenceItem,
  SilencesAnswer,
} from '#schemas/api-alerts.ts'
import { closeSites, headers, site } from './alerts-api.testing.ts'

afterEach(closeSites)

it('tells alerts, their rule, their timeline and who answered, and whether anybody watches', async () => {
  const { get, send, fire, append, alert, group, rule, auditPath, advance, journal } = await site()
  const empty = AlertsAnswer.parse((await get('/alerts')).json())
  expect(empty).toMatchObject({ alerts: [], evaluator: { last_pass_ms: null, errors: 0 } })
  await fire()
  const delivered = {
    id: `ntf_${group.slice(4)}`,
    channel: 'ops',
    at_ms: START_MS + 900,
    attempt: 1,
  }
  const result = { ...delivered, status: 200, detail: 'ok', next_ms: null, receipt: '' }
  await append({ kind: 'alert_deliveries', results: [{ ...result, outcome: 'accepted' }] })
  advance(3_000)
  const now = AlertsAnswer.parse((await get('/alerts')).json())
  expect(now).toMatchObject({
    open: { page: 1, warn: 0 },
    evaluator: { last_pass_ms: START_MS },
    alerts: [{ group, title: rule.title, ack: null, suppressed_by: null }],
    more: 0,
  })
  expect(now.alerts[0]?.line.en).toContain('Eight devices are silent')
  const acked = await send('POST', '/alerts/ack', { group, comment: 'looking' })
  expect(acked.json()).toMatchObject({ who: 'local', until_ms: START_MS + 3_000 + 14_400_000 })
  const detail = AlertDetail.parse((await get(`/alerts/${alert.fingerprint}`)).json())
  expect(detail.alert.ack).toMatchObject({ who: 'local', comment: 'looking' })
  expect(detail.rule?.name).toBe(rule.name)
  const linked = AlertDetail.parse((await get(`/alerts/${group}`)).json())
  expect(linked.alert.fingerprint).toBe(alert.fingerprint)
  expect((await get(`/alerts/grp_${'1'.repeat(32)}`)).statusCode).toBe(404)
  expect(detail.timeline).toMatchObject([
    { kind: 'state', from: 'inactive', to: 'firing' },
    { kind: 'told', outcome: 'accepted', attempts: 1, mention: 'ann' },
    { kind: 'ack', comment: 'looking' },
  ])
  expect(detail.values).toEqual([{ at_ms: START_MS, value: 0.5 }])
  const entry = (await journal.readFrom(3, 1))[0]
  expect(entry).toMatchObject({ who: 'local', body: { kind: 'alert_acks' } })
  expect(await readFile(auditPath, 'utf8')).toContain('"action":"alert_ack"')
  const rules = AlertRulesAnswer.parse((await get('/alerts/rules')).json())
  expect(rules.rules.length).toBeGreaterThan(20)
  expect(rules.rules.find(({ name }) => name === rule.name)).toMatchObject({
    open: 1,
    origin: 'pack',
    last_match_ms: alert.fired_ms,
  })
  const range = `from=${START_MS - 3_600_000}&to=${START_MS}`
  const history = AlertHistoryAnswer.parse((await get(`/alerts/history?${range}`)).json())
  expect(history.alerts.map(({ fingerprint }) => fingerprint)).toEqual([alert.fingerprint])
  const nothing = await get(`/alerts/history?from=${START_MS}&to=${START_MS + 1}`)
  expect(AlertHistoryAnswer.parse(nothing.json()).alerts).toEqual([])
  expect((await get(`/alerts/${'0'.repeat(32)}`)).statusCode).toBe(404)
  expect((await get('/alerts?state=resolved')).json()).toMatchObject({ alerts: [] })
  const unknown = await send('POST', '/alerts/ack', { group: `grp_${'1'.repeat(32)}` })
  expect(unknown.statusCode).toBe(404)
})

it('takes silences with an end and patterns that end, and ends them', async () => {
  const { get, send, tokenPath, app } = await site()
  const matchers = [{ label: 'rack', value: 'r7' }]
  const asked = { matchers, to_ms: START_MS + 3_600_000, kind: 'silence', comment: 'fans' }
  const made = SilenceItem.parse((await send('POST', '/silences', asked)).json())
  expect(made).toMatchObject({ who: 'local', from_ms: START_MS, quiet: 0 })
  for (const wrong of [
    { ...asked, to_ms: START_MS },
    { ...asked, matchers: [] },
    { ...asked, matchers: [{ label: 'surprise', value: 'x' }] },
    { ...asked, matchers: [{ label: 'rack', value: '(a+)+', is_regex: true }] },
    { ...asked, who: 'somebody else' },
  ])
    expect((await send('POST', '/silences', wrong)).statusCode).toBe(400)
  const ended = await send('DELETE', `/silences/${made.id}`)
  expect(ended.json()).toMatchObject({ id: made.id, to_ms: START_MS })
  const listed = SilencesAnswer.parse((await get('/silences')).json())
  expect(listed.silences).toMatchObject([{ id: made.id, to_ms: START_MS }])
  expect((await send('DELETE', '/silences/none')).statusCode).toBe(404)
  const reader = { name: 'r', role: 'read', expiresMs: null, nowMs: START_MS } as const
  const { token } = await addToken(tokenPath, reader)
  const login = { ...headers, authorization: `Bearer ${token}` }
  const ask = (method: 'GET' | 'POST', url: string) =>
    app.inject({
      method,
      url: `/api/v1${url}`,
      headers: login,
      ...(method === 'POST' && { payload: asked }),
    })
  expect((await ask('GET', '/silences')).statusCode).toBe(200)
  expect((await ask('POST', '/silences')).statusCode).toBe(403)
})

it('asks once more behind a link, changes nothing until the form is sent, and then once', async () => {
  const { app, journal, fire, link, group, rule, auditPath } = await site()
  await fire()
  const outside = { ...headers, 'x-forwarded-for': '203.0.113.7' }
  for (const action of ['ack', 'silence'] as const) {
    const url = await link(action)
    const before = await journal.last()
    for (let look = 0; look < 10; look += 1) {
      const page = await app.inject({ url: url.pathname + url.search, headers: outside })
      expect(page.statusCode).toBe(200)
      expect(page.body).toContain('<form method="post">')
      expect(page.body).not.toMatch(/<script|<style|<link|src=/)
    }
    await app.inject({ method: 'HEAD', url: url.pathname + url.search, headers: outside })
    expect(await journal.last()).toBe(before)
    const form = { ...outside, 'content-type': 'application/x-www-form-urlencoded' }
    const post = (payload: string) =>
      app.inject({ method: 'POST', url: url.pathname, headers: form, payload })
    expect((await post(url.search.slice(1))).statusCode).toBe(200)
    expect(await journal.last()).toBe(before + 1)
    expect((await post(url.search.slice(1))).body).toContain('Already done by link')
    expect(await journal.last()).toBe(before + 1)
    const forged = new URLSearchParams(url.search)
    forged.set('group', `grp_${'2'.repeat(32)}`)
    expect((await post(forged.toString())).statusCode).toBe(403)
    const other = url.pathname.replace(action, action === 'ack' ? 'silence' : 'ack')
    expect((await app.inject({ url: other + url.search, headers: outside })).statusCode).toBe(403)
  }
  const bodies = (await journal.readFrom(2, 9)).map(({ body, who }) => ({ who, body }))
  expect(bodies).toMatchObject([
    { who: 'link', body: { kind: 'alert_acks', acks: [{ group, who: 'link' }] } },
    { who: 'link', body: { silences: [{ matchers: [{ label: 'rule', value: rule.name }] }] } },
  ])
  expect(await readFile(auditPath, 'utf8')).toMatch(/"who":"link"[^\n]*"action":"alert_ack"/)
  const url = await link('ack')
  const chinese = { ...outside, 'accept-language': 'zh-CN,zh;q=0.9,en;q=0.8' }
  const page = await app.inject({ url: url.pathname + url.search, headers: chinese })
  expect(page.body).toContain('已由 link 处理')
})

it('refuses links after seven days', async () => {
  const { app, fire, link, advance } = await site()
  await fire()
  const url = await link('ack')
  advance(7 * 86_400_000)
  const late = await app.inject({ url: url.pathname + url.search, headers })
  expect([late.statusCode, late.body.includes('does not work')]).toEqual([403, true])
})

it('says that no channel takes pages when a drill is asked for', async () => {
  const { send } = await site()
  expect((await send('POST', '/alerts/drill')).statusCode).toBe(400)
})

it('PagerDuty tells acknowledgements back, signed, once, and nothing else', async () => {
  const inboundSecrets = async (name: string) => (name === 'pager' ? ['old', 'secret'] : null)
  const { fire, group, get, journal, alert, app } = await site({ inboundSecrets })
  await fire()
  const body = (type: string, key: string) =>
    JSON.stringify({
      event: {
        id: '01',
        event_type: type,
        occurred_at: new Date(START_MS).toISOString(),
        agent: { type: 'user_reference', summary: '林' },
        data: { id: 'Q1', incident_key: key, title: '机房 2' },
      },
    })
  const tell = (payload: string, secret = 'secret', channel = 'pager') => {
    const signature = `v1=${createHmac('sha256', secret).update(payload).digest('hex')}`
    return app.inject({
      method: 'POST',
      url: `/api/v1/inbound/pagerduty/${channel}`,
      headers: {
        ...headers,
        'content-type': 'application/json',
        'x-pagerduty-signature': `v1=${'0'.repeat(64)},${signature}`,
      },
      payload,
    })
  }
  const acknowledged = body('incident.acknowledged', group)
  expect((await tell(acknowledged, 'other')).json()).toMatchObject({
    error: { code: 'E_SIGNATURE_INVALID' },
  })
  expect((await tell(acknowledged, 'secret', 'chat')).statusCode).toBe(404)
  expect((await tell('{"event":{"event_type":"pagey.ping"}}')).json()).toEqual({
    outcome: 'ignored',
  })
  expect((await tell('x'.repeat(300_000))).statusCode).toBe(413)
  const last = await journal.last()
  expect((await tell(acknowledged)).json()).toEqual({ outcome: 'acknowledged' })
  expect((await tell(acknowledged, 'old')).json()).toEqual({ outcome: 'ignored' })
  expect(await journal.last()).toBe(last + 1)
  const detail = AlertDetail.parse((await get(`/alerts/${alert.fingerprint}`)).json())
  expect(detail.alert.ack).toMatchObject({ who: '林 (PagerDuty)' })
})
