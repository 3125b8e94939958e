import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { aNotification } from '../message/message.testing.ts'
import type { HttpAnswer, Verdict } from './channel.ts'
import { aMessage, targetOf } from './channels.testing.ts'
import { dingtalkSign } from './dingtalk.ts'
import { feishuSign } from './feishu.ts'
import { HTTP_CHANNELS } from './registry.ts'
import { signature } from './webhook.ts'

/** Payloads, signature vectors and answers of receivers that lie beside the repository, where they do. */
const SAMPLES = join(import.meta.dirname, '..', '..', '..', 'shared/samples/facility/alerting')
const isThere = existsSync(SAMPLES)
if (!isThere) console.warn(`no samples of receivers at ${SAMPLES}: they are not compared`)

const text = (file: string) => readFileSync(join(SAMPLES, file), 'utf8')
const json = (file: string): unknown => JSON.parse(text(file))

const Vectors = z.object({
  standard_webhooks: z.object({
    secret: z.string(),
    id: z.string(),
    timestamp: z.number(),
    body: z.string(),
    signature: z.string(),
  }),
  standard_webhooks_utf8_and_rotation: z.object({
    secrets: z.array(z.string()),
    id: z.string(),
    timestamp: z.number(),
    body: z.string(),
    header: z.string(),
  }),
  feishu: z.object({ timestamp_s: z.string(), secret: z.string(), sign: z.string() }),
  dingtalk: z.object({
    timestamp_ms: z.string(),
    secret: z.string(),
    sign_b64: z.string(),
    sign_url: z.string(),
  }),
})

/** What an answer must mean, by the words of the table. */
function expectedOf(next: string): { kind: Verdict['kind']; isGone?: boolean; waitMs?: number } {
  if (next.startsWith('stop') || next.startsWith('re-send')) return { kind: 'accepted' }
  if (/disable/.test(next)) return { kind: 'final', isGone: true }
  if (next.startsWith('final')) return { kind: 'final', isGone: false }
  if (/10 min/.test(next)) return { kind: 'retry', waitMs: 600_000 }
  if (/120 s/.test(next)) return { kind: 'retry', waitMs: 120_000 }
  return { kind: 'retry' }
}

const kindOf = (target: string) => (target === 'standard-webhook' ? 'webhook' : target)

function answerOf(status: string, body: string): HttpAnswer {
  const wait = /\(Retry-After: (\d+)\)/.exec(body)?.[1]
  return wait === undefined
    ? { status: Number(status), headers: {}, body }
    : { status: Number(status), headers: { 'retry-after': wait }, body: '' }
}

describe.runIf(isThere)('against the samples', () => {
  it('every signature vector comes out', () => {
    const vectors = Vectors.parse(json('signature-vectors.json'))
    const one = vectors.standard_webhooks
    expect(signature({ ...one, seconds: one.timestamp }, one.secret)).toBe(one.signature)
    const two = vectors.standard_webhooks_utf8_and_rotation
    expect(signature({ ...two, seconds: two.timestamp }, two.secrets.join(' '))).toBe(two.header)
    const { feishu, dingtalk } = vectors
    expect(feishuSign(Number(feishu.timestamp_s), feishu.secret)).toBe(feishu.sign)
    const sign = dingtalkSign(Number(dingtalk.timestamp_ms), dingtalk.secret)
    expect(sign).toBe(dingtalk.sign_b64)
    expect(encodeURIComponent(sign)).toBe(dingtalk.sign_url)
  })

  it('every answer of the table means what it says', () => {
    const rows = text('response-cases.tsv').trim().split('\n').slice(1)
    expect(rows.length).toBeGreaterThan(15)
    for (const row of rows) {
      const [target = '', status = '', body = '', , next = ''] = row.split('\t')
      const channel = Object.values(HTTP_CHANNELS).find(({ kind }) => kind === kindOf(target))
      // A redirect is a failure that may be mended: it is tried again, never followed.
      const expected = next.startsWith('redirects') ? { kind: 'retry' } : expectedOf(next)
      expect([row, channel?.judge(answerOf(status, body))]).toMatchObject([row, expected])
    }
  })

  it.each([
    ['pagerduty', 'constructed-pagerduty-v2-trigger.json', 'firing'],
    ['pagerduty', 'constructed-pagerduty-v2-resolve.json', 'resolved'],
    ['slack', 'constructed-slack-incoming-webhook.json', 'firing'],
    ['feishu', 'constructed-feishu-interactive-signed.json', 'firing'],
    ['dingtalk', 'constructed-dingtalk-markdown.json', 'firing'],
    ['wecom', 'constructed-wecom-markdown.json', 'firing'],
    ['alertmanager', 'constructed-alertmanager-post-v2-alerts.json', 'firing'],
  ] as const)('%s: the fields of %s are there, of the same types', (kind, file, reason) => {
    const message = aMessage({ notification: aNotification({ reason }) })
    const { body } = HTTP_CHANNELS[kind].build(message, targetOf(kind), 1_795_334_400_000)
    const missing = differences(json(file), JSON.parse(body), '')
    expect(missing).toEqual([])
  })
})

/** Fields that are a site's own, and the address that a sample writes beside its body. */
const FREE = /\.(custom_details|annotations|labels)\.|^\._url$|\.fields\b/

/** Paths of the sample that ours lacks or that have another type there; of lists the first member. */
function differences(sample: unknown, ours: unknown, path: string): string[] {
  if (FREE.test(path)) return []
  if (Array.isArray(sample))
    return !Array.isArray(ours)
      ? [path]
      : sample.length === 0 || ours.length === 0
        ? []
        : differences(sample[0], ours[0], `${path}[0]`)
  if (typeof sample === 'object' && sample !== null) {
    if (typeof ours !== 'object' || ours === null) return [path]
    const own = new Map(Object.entries(ours))
    return Object.entries(sample).flatMap(([key, value]) =>
      own.has(key) || FREE.test(`${path}.${key}`)
        ? differences(value, own.get(key), `${path}.${key}`)
        : [`${path}.${key}`],
    )
  }
  return typeof sample === typeof ours ? [] : [path]
}
