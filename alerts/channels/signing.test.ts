import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { aMessage, targetOf } from './channels.testing.ts'
import { dingtalk, dingtalkSign } from './dingtalk.ts'
import { feishu, feishuSign } from './feishu.ts'
import { pagerduty } from './pagerduty.ts'
import { signature, webhook } from './webhook.ts'

/** RFC 4231, test case 2: that the HMAC below is the one everybody means. */
it('HMAC-SHA256 is that of RFC 4231', () => {
  expect(createHmac('sha256', 'Jefe').update('what do ya want for nothing?').digest('hex')).toBe(
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  )
})

describe('the webhook', () => {
  const KEY = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

  it('signs id, seconds and the very bytes it sends', () => {
    const { headers, body } = webhook.build(aMessage(), targetOf('webhook'), 1_795_334_400_123)
    const { id } = aMessage().notification
    expect(headers['webhook-id']).toBe(id)
    expect(headers['webhook-timestamp']).toBe('1795334400')
    const key = Buffer.from(KEY.slice(6), 'base64')
    const expected = createHmac('sha256', key).update(`${id}.1795334400.${body}`).digest('base64')
    expect(headers['webhook-signature']).toBe(`v1,${expected}`)
  })

  it('sends the same id and bytes at the next attempt, under a new time', () => {
    const first = webhook.build(aMessage(), targetOf('webhook'), 1_795_334_400_000)
    const second = webhook.build(aMessage(), targetOf('webhook'), 1_795_334_445_000)
    expect(second.body).toBe(first.body)
    expect(second.headers['webhook-id']).toBe(first.headers['webhook-id'])
    expect(second.headers['webhook-signature']).not.toBe(first.headers['webhook-signature'])
  })

  it('signs with each key while keys are exchanged', () => {
    const both = `${KEY} whsec_${Buffer.from('another-key-of-32-bytes-or-so-01').toString('base64')}`
    const made = signature({ id: 'msg_1', seconds: 1, body: '{}' }, both)
    expect(made.split(' ')).toHaveLength(2)
    expect(made).toMatch(/^v1,[A-Za-z0-9+/]{43}= v1,[A-Za-z0-9+/]{43}=$/)
  })

  it.each(['', 'secret', 'whsec_c2hvcnQ=', 'whsec_%%%'])('refuses the secret "%s"', (secret) => {
    expect(() => signature({ id: 'a', seconds: 1, body: '' }, secret)).toThrow(
      /secret of the webhook/,
    )
  })
})

describe('two bots that look alike', () => {
  it('differ in key, message and unit of time', () => {
    const ts = 1_599_360_473
    expect(feishuSign(ts, 'demo')).toBe(
      createHmac('sha256', `${ts}\ndemo`).update('').digest('base64'),
    )
    expect(dingtalkSign(ts * 1000, 'demo')).toBe(
      createHmac('sha256', 'demo')
        .update(`${ts * 1000}\ndemo`)
        .digest('base64'),
    )
  })

  it('carry the signature in the body, and in the query', () => {
    const now = 1_599_360_473_000
    const body: unknown = JSON.parse(feishu.build(aMessage(), targetOf('feishu'), now).body)
    expect(body).toMatchObject({ timestamp: '1599360473', sign: feishuSign(1_599_360_473, 'demo') })
    const url = new URL(dingtalk.build(aMessage(), targetOf('dingtalk'), now).url)
    expect(url.searchParams.get('timestamp')).toBe(String(now))
    expect(url.searchParams.get('sign')).toBe(dingtalkSign(now, 'SECdemo'))
    expect(url.searchParams.get('access_token')).toBe('XXX')
  })
})

it('PagerDuty refuses a routing key of another form, without saying it', () => {
  const target = { ...targetOf('pagerduty'), secret: 'my-own-secret' }
  expect(() => pagerduty.build(aMessage(), target, 0)).toThrow(/32 letters and digits/)
})
