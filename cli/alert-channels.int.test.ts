import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { openFileJournal } from '../ingest/bus/file-journal.ts'
import { START_MS, testApp } from '../query/access/access.testing.ts'
import { type DeliveryResult, GONE } from '#schemas/alerts/alert.ts'
import {
  ChannelsAnswer,
  ChannelTestAnswer,
  DeliveriesAnswer,
  ReplayAnswer,
} from '#schemas/api-channels.ts'
import { OverrideItem, RosterAnswer } from '#schemas/api-roster.ts'
import type { JournalBody } from '#schemas/journal.ts'
import { openAlerting } from './alerting.ts'

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }
const closing: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const ALERTS = `public_url: https://plimsoll.site.example
allowed_hosts: [{ host: hooks.site.example }]
channels:
  - { name: phone, kind: pagerduty, secret_env: PD_KEY, rings: true, failover: ops }
  - { name: ops, kind: webhook, target: 'https://hooks.site.example/x?token=abc', secret_file: /run/k }
  - { name: old, kind: slack, target_env: SLACK, enabled: false }
routes:
  - { severities: [page], channels: [phone] }
  - { channels: [ops] }
operations: [ops]
roster:
  people: [{ name: Wang Lei, feishu: ou_0123456789abcdef }, { name: Ada, mail: a@site.example }]
  rotation: { people: [Wang Lei, Ada], starts: '2026-05-04' }
`

async function site() {
  const folder = await mkdtemp(join(tmpdir(), 'plimsoll-channels-'))
  closing.push(() => rm(folder, { recursive: true }))
  const alertsFile = join(folder, 'alerts.yaml')
  await writeFile(alertsFile, ALERTS)
  const directory = join(folder, 'journal')
  const lock = () => Promise.resolve(() => Promise.resolve())
  const journal = await openFileJournal({ directory, log: quiet, lock })
  closing.push(() => journal.close())
  const settings = { alertsFile, rulesPath: undefined, timeZone: 'Asia/Shanghai', dataDir: folder }
  const opened = await openAlerting({ settings, log: quiet, roles: [] })
  closing.push(opened.close)
  const built = await testApp({ journal, alerting: opened.alerting })
  closing.push(() => built.app.close())
  const headers = { host: 'localhost:8440' }
  const get = async (path: string): Promise<unknown> =>
    (await built.app.inject({ url: `/api/v1${path}`, headers })).json()
  const send = (method: 'POST' | 'DELETE', path: string, payload?: object) =>
    built.app.inject({ method, url: `/api/v1${path}`, headers, ...(payload && { payload }) })
  const append = (body: JournalBody) => journal.append({ at_ms: START_MS, who: 'alerts', body })
  const result = (over: Partial<DeliveryResult> & Pick<DeliveryResult, 'id'>) =>
    append({ kind: 'alert_deliveries', results: [{ ...FAILED, ...over }] })
  const advance = (ms: number) => built.advance(ms)
  return { ...built, advance, journal, alertsFile, get, send, result }
}

const FAILED: Omit<DeliveryResult, 'id'> = {
  channel: 'phone',
  at_ms: START_MS,
  attempt: 1,
  outcome: 'failed',
  status: 500,
  detail: 'answered 500',
  next_ms: null,
  receipt: '',
}

it('tells channels with what leads there, and never a secret or an address with one in it', async () => {
  const { get, alertsFile } = await site()
  const body = await get('/alerts/channels')
  const { channels, file, warnings } = ChannelsAnswer.parse(body)
  expect(file).toBe(alertsFile)
  expect(warnings.map(({ code }) => code)).toEqual(['no_heartbeat'])
  expect(channels).toMatchObject([
    {
      name: 'phone',
      line: 4,
      host: null,
      secret: { from: 'environment', name: 'PD_KEY' },
      failover: 'ops',
      reach: { severities: ['page'], escalation: [300] },
      rate: { per_minute: 60, used: 0 },
    },
    {
      name: 'ops',
      line: 5,
      host: 'hooks.site.example',
      reach: { severities: ['warn', 'ticket', 'data'], operations: true, takes_over: ['phone'] },
    },
    { name: 'old', enabled: false, target: { from: 'environment', name: 'SLACK' } },
  ])
  expect(JSON.stringify(body)).not.toContain('token=abc')
})

it('a test is queued for one channel, its attempt is found by id, and who did it is audited', async () => {
  const { get, send, result, journal, auditPath, advance } = await site()
  expect((await send('POST', '/alerts/channels/old/test')).json()).toMatchObject({
    error: { code: 'E_CHANNEL_UNKNOWN' },
  })
  const { id, sequence } = ChannelTestAnswer.parse(
    (await send('POST', '/alerts/channels/phone/test')).json(),
  )
  const [entry] = await journal.readFrom(sequence, 1)
  expect(entry?.body).toMatchObject({ notifications: [{ id, channel: 'phone', reason: 'test' }] })
  const found = async () => DeliveriesAnswer.parse(await get(`/alerts/deliveries?id=${id}`))
  expect((await found()).deliveries).toEqual([])
  await result({ id, detail: `${GONE}404 no such key` })
  advance(3_000)
  expect((await found()).deliveries).toMatchObject([
    { outcome: 'failed', message: { reason: 'test', channel: 'phone' } },
  ])
  const { channels, dead, last_pass_ms } = ChannelsAnswer.parse(await get('/alerts/channels'))
  expect([dead, last_pass_ms]).toEqual([[], null])
  expect(channels[0]).toMatchObject({ is_gone: true, failed_24h: 1, waiting: 0, dead: 0 })
  expect(await readFile(auditPath, 'utf8')).toMatch(/"action":"channel_test","target":"phone"/)
})

it('dead letters are told and replayed once; attempts are read page by page', async () => {
  const { get, send, result, journal, advance } = await site()
  const { id } = ChannelTestAnswer.parse((await send('POST', '/alerts/channels/phone/test')).json())
  const [tested] = await journal.readFrom(1, 1)
  if (tested?.body.kind !== 'alerts') throw new Error('a test is an entry of alerts')
  const [note] = tested.body.notifications
  if (note === undefined) throw new Error('with its message')
  const page = { ...note, id: `ntf_${'a'.repeat(32)}`, reason: 'firing' as const }
  await journal.append({ ...tested, body: { ...tested.body, notifications: [page] } })
  for (const attempt of [1, 2, 3]) await result({ id: page.id, attempt })
  await result({ id: page.id, attempt: 4, outcome: 'dead', detail: 'nobody took it' })
  advance(3_000)
  const { dead, dead_total } = ChannelsAnswer.parse(await get('/alerts/channels'))
  expect([dead_total, dead]).toMatchObject([1, [{ id: page.id, attempts: 4 }]])
  const first = DeliveriesAnswer.parse(await get('/alerts/deliveries?limit=3'))
  expect(first.deliveries.map(({ attempt }) => attempt)).toEqual([4, 3, 2])
  const rest = DeliveriesAnswer.parse(
    await get(`/alerts/deliveries?limit=3&cursor=${first.next_cursor}`),
  )
  expect([rest.deliveries.map(({ attempt }) => attempt), rest.next_cursor]).toEqual([[1], null])
  const onlyDead = DeliveriesAnswer.parse(await get('/alerts/deliveries?outcome=dead'))
  expect(onlyDead.deliveries).toHaveLength(1)
  const replay = () => send('POST', '/alerts/replay', { ids: [page.id, id] })
  expect(ReplayAnswer.parse((await replay()).json()).replayed).toBe(1)
  expect((await replay()).statusCode).toBe(404)
  const after = ChannelsAnswer.parse(await get('/alerts/channels'))
  expect([after.dead_total, after.channels[0]?.waiting]).toEqual([0, 2])
})

it('the roster tells who is on call and who comes; an override is entered and ended', async () => {
  const { get, send, advance, journal } = await site()
  const roster = async () => RosterAnswer.parse(await get('/roster'))
  const before = await roster()
  // 16:00 on a Monday in Shanghai: the first week's person took over at nine.
  expect(before.shifts[0]).toMatchObject({ person: 'Wang Lei', by: 'rotation' })
  expect(before).toMatchObject({ next: 'Ada', line: 12, warnings: [] })
  expect(before.people).toMatchObject([{ mentions: ['feishu'] }, { mentions: ['mail'] }])
  const to_ms = START_MS + 3_600_000
  const wrong = await send('POST', '/roster/overrides', { person: 'Nobody', to_ms })
  expect(wrong.json()).toMatchObject({ error: { code: 'E_BAD_REQUEST' } })
  const made = OverrideItem.parse(
    (await send('POST', '/roster/overrides', { person: 'Ada', to_ms })).json(),
  )
  const during = await roster()
  expect(during.shifts.slice(0, 2)).toMatchObject([
    { person: 'Ada', by: 'override', to_ms },
    { person: 'Wang Lei', by: 'rotation', from_ms: to_ms },
  ])
  expect([during.next, during.overrides]).toMatchObject(['Wang Lei', [{ who: 'local' }]])
  advance(60_000)
  const ended = await send('DELETE', `/roster/overrides/${made.id}`)
  expect(OverrideItem.parse(ended.json()).to_ms).toBe(START_MS + 60_000)
  expect((await roster()).shifts[0]).toMatchObject({ person: 'Wang Lei' })
  expect((await send('DELETE', '/roster/overrides/none')).statusCode).toBe(404)
  expect(await journal.last()).toBe(2)
})
