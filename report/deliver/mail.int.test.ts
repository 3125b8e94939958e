import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { extractText, getDocumentProxy } from 'unpdf'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createChannelAttempts } from '../../alerts/deliver/channel-attempts.ts'
import { createReportPost } from '../../alerts/deliver/report-post.ts'
import { memoryJournal } from '../../alerts/engine/engine.testing.ts'
import type { HttpRequest } from '../../alerts/channels/channel.ts'
import { AlertsConfig } from '#schemas/alerts/config.ts'
import { ReportModel } from '#schemas/report/model.ts'
import { exampleReport } from '../example.testing.ts'
import { FORMATS } from '../formats/registry.ts'
import { saidWithoutSign } from '../words.ts'
import { followDeliveries } from './book.ts'
import { createDeliverer } from './deliverer.ts'
import { CALENDAR, DUE_MS, issuing, reportFor } from './deliver.testing.ts'
import { readMail } from './mail.testing.ts'

/** From the schedule to a real SMTP server (the package smtp-server) and to a chat that answers as Feishu does. */

const mails: { readonly to: string; readonly raw: string }[] = []
const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
  onData(stream, session, callback) {
    let raw = ''
    stream.setEncoding('latin1')
    stream.on('data', (part: string) => (raw += part))
    stream.on('end', () => {
      mails.push({ to: session.envelope.rcptTo.map(({ address }) => address).join(' '), raw })
      callback(null, 'OK queued as 4AbC91')
    })
  },
})
let port = 0
beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  port = (server.server.address() as AddressInfo).port
})
afterAll(
  () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
    }),
)

const MODEL = reportFor('2026-W47', 1)

function deliverer(posted: HttpRequest[]) {
  const config = AlertsConfig.parse({
    public_url: 'https://plimsoll.site.example/',
    allowed_hosts: [{ host: '127.0.0.1' }],
    channels: [
      {
        name: 'relay',
        kind: 'smtp',
        target: `smtp://127.0.0.1:${port}`,
        mail: { from: 'plimsoll@site.example', to: ['a@site.example'], starttls: 'off' },
      },
      ...['feishu', 'dingtalk', 'wecom', 'slack'].map((kind) => ({
        name: kind,
        kind,
        target_env: kind.toUpperCase(),
        language: 'zh',
      })),
      { name: 'hook', kind: 'webhook', target: 'http://127.0.0.1:9/', secret_env: 'HOOK' },
    ],
    reports: {
      recipients: [
        { mail: 'boss@site.example', language: 'en', attach: ['pdf', 'json'] },
        ...['feishu', 'dingtalk', 'wecom', 'slack', 'hook'].map((channel) => ({ channel })),
      ],
    },
  })
  const journal = memoryJournal()
  const clock = () => DUE_MS
  const attempts = createChannelAttempts()
  const real = createReportPost({ attempts, config: () => config, environment: {}, clock })
  const chat = createReportPost({
    attempts,
    config: () => config,
    environment: {
      FEISHU: 'https://open.feishu.cn/open-apis/bot/v2/hook/0000',
      DINGTALK: 'https://oapi.dingtalk.com/robot/send?access_token=XXX',
      WECOM: 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=0000',
      SLACK: 'https://hooks.slack.com/services/T000/B000/XXXX',
      HOOK: `whsec_${Buffer.alloc(32).toString('base64')}`,
    },
    clock,
    receiver: {
      post(request) {
        posted.push(request)
        const body = request.url.includes('slack') ? 'ok' : '{"code":0,"errcode":0}'
        return Promise.resolve({ status: 200, headers: {}, body })
      },
      sendMail: () => Promise.reject(new Error('not by mail')),
    },
  })
  const deps = {
    journal,
    book: followDeliveries(journal),
    reports: {
      ...issuing(journal, clock),
      model: () => Promise.resolve(MODEL),
      async write(
        _: unknown,
        { format, language }: { format: string; language: 'en' | 'zh' | 'both' },
      ) {
        const found = FORMATS.find(({ name }) => name === format)
        if (found === undefined) throw new Error(`no format ${format}`)
        return {
          bytes: await found.render(MODEL, language),
          mediaType: found.mediaType,
          fileName: `plimsoll-2026-W47-r1-${language}.${found.extension}`,
        }
      },
    },
    settled: () => Promise.resolve({ firstMs: 0, untilMs: DUE_MS }),
    calendar: CALENDAR,
    config: () => config,
    post: {
      place: (name: string) => real.place(name),
      mail: (...given: Parameters<typeof real.mail>) => real.mail(...given),
      card: (...given: Parameters<typeof chat.card>) => chat.card(...given),
    },
    clock,
    logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
  }
  return { deliverer: createDeliverer(deps), journal }
}

const posted: HttpRequest[] = []

it('a mail brings the report’s own digits as page, text, PDF and JSON, under one Message-ID', async () => {
  const { deliverer: made, journal } = deliverer(posted)
  expect((await made.look()).due[0]?.missing).toEqual([])
  const results = (await journal.readFrom(1, 100)).flatMap(({ body }) =>
    body.kind === 'report_deliveries' ? body.results : [],
  )
  expect(results.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 6 }, () => 'accepted'))
  expect(mails.map(({ to }) => to)).toEqual(['boss@site.example'])
  const { header, parts } = readMail(mails[0]?.raw ?? '')
  expect(header('subject')).toBe(
    '[SIMULATED] Ulanqab 1 · Week 47: 71.4 % busy, 3.6 points short of 75 %',
  )
  expect(header('message-id')).toMatch(
    /^<report\.2026-W47\.r1\.[0-9a-f]{16}@plimsoll\.site\.example>$/,
  )
  expect(parts.map(({ type, fileName }) => `${type} ${fileName}`.trim())).toEqual([
    'text/plain',
    'text/html',
    'application/pdf plimsoll-2026-W47-r1-en.pdf',
    'application/json plimsoll-2026-W47-r1-en.json',
  ])
  const text = parts.map(({ bytes }) => bytes.toString('utf8'))
  const model = ReportModel.parse(JSON.parse(text[3] ?? ''))
  expect(model).toEqual(MODEL)
  const link = 'https://plimsoll.site.example/reports?week=2026-W47&revision=1'
  expect(text[0]).toContain(model.page.verdict.en)
  expect(text[0]).toContain(model.page.cause_line.en)
  expect(text[0]).toContain(link)
  expect(text[1]).toContain(`href="${link.replace('&', '&amp;')}"`)
  expect(Buffer.byteLength(text[1] ?? '')).toBeLessThan(100_000)
  const pdf = await extractText(await getDocumentProxy(new Uint8Array(parts[2]?.bytes ?? [])), {
    mergePages: true,
  })
  const shown = [text[1] ?? '', pdf.text.replaceAll(/\s+/g, ' ')]
  const figures = model.page.numbers.filter(({ figure }) => figure.value !== null)
  expect(figures.length).toBeGreaterThan(6)
  for (const { name, figure } of figures)
    for (const one of shown) expect(one.includes(saidWithoutSign(figure, 'en')), name).toBe(true)
})

it('a card says verdict and causes in the channel’s language, and leads to the report', () => {
  const { page } = exampleReport()
  const link = 'https://plimsoll.site.example/reports?week=2026-W47&revision=1'
  expect(posted).toHaveLength(5)
  for (const { url, headers, body } of posted) {
    const isHook = url.startsWith('http:')
    const verdict = isHook ? page.verdict.en : page.verdict.zh
    const said = body.replaceAll('（', '(').replaceAll('）', ')')
    expect(said, url).toContain(verdict.slice(0, 20).replaceAll('（', '(').replaceAll('）', ')'))
    expect(body.replaceAll('&amp;', '&'), url).toContain(link)
    if (isHook) {
      expect(JSON.parse(body)).toMatchObject({ type: 'report.issued', data: { week: '2026-W47' } })
      expect(headers['webhook-id']).toMatch(/^rpt_[0-9a-f]{32}$/)
    }
  }
})
