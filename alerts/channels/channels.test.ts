import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anAlert, aNotification, AT } from '../message/message.testing.ts'
import { aMessage, targetOf, WANG } from './channels.testing.ts'
import { HTTP_CHANNELS } from './registry.ts'
import { judgeRelay, mailOf } from './smtp.ts'
import { bytesOf } from './texts.ts'

const NOW = AT + 20 * 60_000
const kinds = Object.values(HTTP_CHANNELS)
const built = (kind: keyof typeof HTTP_CHANNELS, message = aMessage()) =>
  HTTP_CHANNELS[kind].build(message, targetOf(kind), NOW)
const previewed = (kind: keyof typeof HTTP_CHANNELS, message = aMessage()) =>
  HTTP_CHANNELS[kind]
    .preview(built(kind, message))
    .map(({ text }) => text)
    .join('\n')

describe('every channel', () => {
  it.each(kinds.filter(({ kind }) => kind !== 'alertmanager'))(
    '$kind shows the five lines, in the language it is set to',
    ({ kind }) => {
      const english = previewed(kind)
      expect(english).toContain(
        '[PAGE] Fleet busy 58.4 %, under the 60 % line since 02:55 (15 min)',
      )
      expect(english).toContain(
        "Do: 412 waiting accelerators fit hall 2; call videogen-7's contact",
      )
      expect(english).not.toContain('处置')
      const both = previewed(kind, aMessage({ language: 'both' }))
      if (kind === 'webhook') return
      expect(previewed(kind, aMessage({ language: 'zh' }))).toContain('处置：机房 2')
      expect(both).toContain('Do: 412')
      expect(both).toContain('处置：机房 2')
    },
  )

  it.each(kinds)('$kind keeps within its limits however long and odd the lines are', (channel) => {
    const limits: Readonly<Record<string, number>> = {
      webhook: 20_000,
      feishu: 20_480,
      dingtalk: 20_480,
    }
    const line = fc.string({ minLength: 1, maxLength: 1024, unit: 'grapheme' })
    const lines = fc.array(line, { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(lines, lines, fc.constantFrom('en', 'zh', 'both'), (en, zh, language) => {
        const notification = aNotification({ lines: { en, zh } })
        const alerts = Array.from({ length: 50 }, (_, i) => anAlert({ labels: { node: `n${i}` } }))
        const message = aMessage({ notification, alerts, language, person: WANG })
        const request = channel.build(message, targetOf(channel.kind), NOW)
        expect(() => channel.preview(request)).not.toThrow()
        expect(bytesOf(request.body)).toBeLessThanOrEqual(limits[channel.kind] ?? 512_000)
        if (channel.kind === 'wecom') {
          const { markdown } = JSON.parse(request.body)
          expect(bytesOf(markdown.content)).toBeLessThanOrEqual(4_096)
        }
        if (channel.kind === 'slack')
          for (const block of JSON.parse(request.body).blocks)
            expect((block.text?.text ?? '').length).toBeLessThanOrEqual(3_000)
      }),
      { numRuns: 40 },
    )
  })
})

/** A job's name that tries to be markup everywhere. */
const HOSTILE =
  '<!channel> <@U999> <at id=all></at> [click](http://evil.example) **x** `y` & <font color="red">@all https://evil.example/a\n# head'

describe('text from outside', () => {
  const notification = aNotification({
    lines: { en: [HOSTILE, `Why: job ${HOSTILE}`], zh: [HOSTILE, HOSTILE] },
  })
  const body = (kind: keyof typeof HTTP_CHANNELS) =>
    built(kind, aMessage({ notification, person: WANG })).body

  it('is plain text at Slack, and escaped where it cannot be', () => {
    const parsed = JSON.parse(body('slack'))
    expect(parsed.text).toMatch(/^<@U012AB3CD> &lt;!channel&gt;/)
    expect(parsed.text).not.toMatch(/<!channel>|<@U999>/)
    const marked = parsed.blocks.filter(
      (block: { text?: { type: string } }) => block.text?.type === 'mrkdwn',
    )
    expect(JSON.stringify(marked)).not.toMatch(/evil|channel/)
  })

  it('is plain text at Feishu', () => {
    const { card } = JSON.parse(body('feishu'))
    const marked = card.elements.filter(
      (one: { text?: { tag: string } }) => one.text?.tag === 'lark_md',
    )
    expect(marked).toHaveLength(1)
    expect(JSON.stringify(marked)).not.toMatch(/evil|all/)
    expect(marked[0].text.content).toContain('<at id=ou_0123456789abcdef></at>')
  })

  it.each(['dingtalk', 'wecom'] as const)('opens no markup at %s', (kind) => {
    const { markdown } = JSON.parse(body(kind))
    const said: string = markdown.text ?? markdown.content
    const theirs = said.split('\n').filter((line) => line.includes('evil'))
    expect(theirs.length).toBeGreaterThan(0)
    for (const line of theirs) {
      const inner = line.replace(/^<font color="\w+">|<\/font>$/g, '').replace(/^(###|>) /, '')
      expect(inner).not.toMatch(/[<>`*]|\]\(|https?:\/\//)
    }
  })

  it('cannot add a header to a mail', () => {
    const mail = mailOf(aMessage({ notification }), {
      from: 'p@site.example',
      to: ['o@site.example'],
    })
    expect(mail.subject).not.toMatch(/[\r\n]/)
  })
})

describe('identity', () => {
  it('PagerDuty: trigger, repeat and resolve share the group as dedup_key', () => {
    const key = (reason: 'firing' | 'repeat' | 'resolved') =>
      JSON.parse(built('pagerduty', aMessage({ notification: aNotification({ reason }) })).body)
    expect(
      new Set([key('firing'), key('repeat'), key('resolved')].map((one) => one.dedup_key)).size,
    ).toBe(1)
    expect(key('resolved').event_action).toBe('resolve')
  })

  it('Alertmanager: firing holds five minutes, resolved ended, the label set stays', () => {
    const [firing] = JSON.parse(built('alertmanager').body)
    const over = anAlert({ state: 'resolved', resolved_ms: NOW - 1000 })
    const message = aMessage({
      alerts: [over],
      notification: aNotification({ reason: 'resolved' }),
    })
    const [resolved] = JSON.parse(built('alertmanager', message).body)
    expect(resolved.labels).toEqual(firing.labels)
    expect(Date.parse(firing.endsAt)).toBe(NOW + 300_000)
    expect(Date.parse(resolved.endsAt)).toBe(NOW - 1000)
    expect(firing.labels).toMatchObject({ alertname: 'zone_danger', severity: 'critical' })
  })

  it('Alertmanager: what got worse ends under its old severity', () => {
    const message = aMessage({ notification: aNotification({ reason: 'worse' }) })
    const posted = JSON.parse(built('alertmanager', message).body)
    const ends = posted.map((one: { labels: { severity: string }; endsAt: string }) => [
      one.labels.severity,
      Date.parse(one.endsAt) > NOW,
    ])
    expect(ends).toContainEqual(['critical', true])
    expect(ends).toContainEqual(['warning', false])
  })

  it('mail: one Message-ID for a notification, one thread for a group, a page also to who is meant', () => {
    const mail = mailOf(aMessage({ person: WANG }), {
      from: 'p@site.example',
      to: ['o@site.example'],
    })
    expect(mail.headers['message-id']).toBe(`<${aNotification().id}@plimsoll.example>`)
    expect(mail.headers['references']).toBe(`<${aNotification().group}@plimsoll.example>`)
    expect(mail.to).toEqual(['o@site.example', 'wang@site.example'])
  })
})

describe('answers', () => {
  it.each([
    ['feishu', 200, '<html>login</html>', 'retry'],
    [
      'feishu',
      200,
      '{"StatusCode":0,"StatusMessage":"success","code":0,"msg":"success"}',
      'accepted',
    ],
    ['dingtalk', 200, '{"errcode":-1,"errmsg":"system busy"}', 'retry'],
    ['wecom', 200, '{"errcode":93000,"errmsg":"invalid webhook url"}', 'final'],
    ['wecom', 502, '', 'retry'],
    ['slack', 200, 'something else', 'retry'],
    ['slack', 400, 'invalid_payload', 'final'],
    ['slack', 503, '', 'retry'],
    ['webhook', 404, '', 'retry'],
    ['alertmanager', 400, 'bad', 'final'],
    ['alertmanager', 503, '', 'retry'],
  ] as const)('%s, %i %s: %s', (kind, status, body, verdict) => {
    expect(HTTP_CHANNELS[kind].judge({ status, headers: {}, body }).kind).toBe(verdict)
  })

  it('a relay that took one of two is success, one that took none is not', () => {
    const answer = { code: 250, reply: '250 OK queued as 4AbC9', takenFor: 1, refused: [] }
    expect(judgeRelay(answer)).toMatchObject({ kind: 'accepted', receipt: '4AbC9' })
    expect(judgeRelay({ ...answer, refused: ['a@b.example'] }).detail).toContain('a@b.example')
    expect(judgeRelay({ ...answer, code: 451, takenFor: 0 }).kind).toBe('retry')
    expect(judgeRelay({ ...answer, code: 550, takenFor: 0 }).kind).toBe('final')
    expect(judgeRelay({ ...answer, code: 0, takenFor: 0 }).kind).toBe('retry')
  })
})
