import { Notification } from '#schemas/alerts/alert.ts'
import {
  type ChannelItem,
  ChannelsAnswer,
  ChannelTestAnswer,
  type DeadLetter,
  DeliveriesAnswer,
  type DeliveryItem,
  ReplayAnswer,
  ReplayRequest,
} from '#schemas/api-channels.ts'
import { DrillAnswer } from '#schemas/api-alert-drill.ts'
import { JournalPage } from '#schemas/api-journal.ts'
import { OverrideItem, OverrideRequest, RosterAnswer } from '#schemas/api-roster.ts'

/** TEST ONLY. Channels in good and bad health, and a roster; what is entered is kept while the server runs. */

/** `none` = there is no alerting file. */
export type StubChannels = 'trouble' | 'none'

interface Question {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly body: () => Promise<unknown>
  readonly nowMs: number
}

const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
const id = (n: number) => `ntf_${String(n).padStart(32, '0')}`
const WARNING = {
  code: 'no_heartbeat',
  words: {
    en: 'Nobody outside watches whether alerting itself lives: set heartbeat.',
    zh: '没有外部看守检查告警本身是否存活：请设置 heartbeat。',
  },
}
const LINE = {
  en: '[PAGE] Fleet busy 58.4 %, under the 60 % line since 02:55 (15 min)',
  zh: '[紧急] 机群繁忙率 58.4 %，低于 60 % 线，自 02:55 起（15 分钟）',
}

export function channelsStub(story: StubChannels = 'trouble') {
  let tested: DeliveryItem[] = []
  let overrides: OverrideItem[] = []
  let isReplayed = false
  let drill: Notification[] = []

  async function answer(question: Question): Promise<{ readonly body: unknown } | null> {
    const { path, query, nowMs } = question
    if (path === 'alerts/channels') return { body: nowAnswer(nowMs) }
    if (path === 'alerts/deliveries') return { body: log(query, nowMs) }
    if (path === 'alerts/replay') {
      const { ids } = ReplayRequest.parse(await question.body())
      isReplayed = true
      return { body: ReplayAnswer.parse({ sequence: 40, replayed: ids.length }) }
    }
    const name = /^alerts\/channels\/([^/]+)\/test$/.exec(path)?.[1]
    if (name !== undefined) return { body: test(name, nowMs) }
    if (path === 'alerts/drill') {
      drill = [drillNote(nowMs)]
      return { body: DrillAnswer.parse({ sequence: 50, notifications: drill }) }
    }
    if (path === 'journal') return { body: JournalPage.parse(journal(query, nowMs)) }
    if (path === 'roster') return { body: rosterAt(overrides, nowMs, story) }
    if (!path.startsWith('roster/overrides')) return null
    if (question.method === 'DELETE') {
      const ended = path.slice('roster/overrides/'.length)
      overrides = overrides.map((one) => (one.id === ended ? { ...one, to_ms: nowMs } : one))
      return { body: overrides.find((one) => one.id === ended) }
    }
    const { from_ms, ...asked } = OverrideRequest.parse(await question.body())
    const made = { ...asked, from_ms: from_ms ?? nowMs, id: `o-${overrides.length}`, who: 'lin' }
    overrides = [OverrideItem.parse(made), ...overrides]
    return { body: made }
  }

  function nowAnswer(nowMs: number): ChannelsAnswer {
    const dead = story === 'none' || isReplayed ? [] : [letterAt(nowMs)]
    return ChannelsAnswer.parse({
      at_ms: nowMs,
      file: story === 'none' ? null : '/etc/plimsoll/alerts.yaml',
      last_pass_ms: nowMs - 7_000,
      channels: story === 'none' ? [] : channelsAt(nowMs),
      warnings: story === 'none' ? [] : [WARNING],
      dead,
      dead_total: dead.length,
      simulated: true,
    })
  }

  function test(name: string, nowMs: number): ChannelTestAnswer {
    const isWell = name !== 'ops-chat'
    const made = { ...attemptAt(name, nowMs + 420, 100 + tested.length), outcome: 'accepted' }
    const failed = { outcome: 'failed', status: 502, detail: 'answered 502: bad gateway' }
    tested = [
      DeliveriesAnswer.shape.deliveries.element.parse({ ...made, ...(isWell ? {} : failed) }),
      ...tested,
    ]
    return ChannelTestAnswer.parse({ sequence: 30, id: made.id, at_ms: nowMs })
  }

  function log(query: URLSearchParams, nowMs: number): DeliveriesAnswer {
    const [channel, outcome, wanted] = ['channel', 'outcome', 'id'].map((key) => query.get(key))
    const cursor = Number(query.get('cursor') ?? Infinity)
    const all = [...tested, ...attemptsAt(nowMs)].filter(
      (one) =>
        (wanted === null || one.id === wanted) &&
        (channel === null || one.channel === channel) &&
        (outcome === null || one.outcome === outcome),
    )
    const limit = Number(query.get('limit') ?? 50)
    const from = Number.isFinite(cursor) ? cursor : 0
    const shown = story === 'none' ? [] : all.slice(from, from + limit)
    const next = all.length > from + limit ? from + limit : null
    return DeliveriesAnswer.parse({
      at_ms: nowMs,
      deliveries: shown,
      next_cursor: next,
      simulated: true,
    })
  }

  function journal(query: URLSearchParams, nowMs: number): JournalPage {
    const [note] = drill
    const from = Number(query.get('from'))
    if (note === undefined || from > 52) return { last: 52, entries: [], next_from: null }
    const at_ms = note.at_ms + 900
    const result = { id: note.id, channel: note.channel, at_ms, attempt: 1, outcome: 'accepted' }
    const results = [{ ...result, status: 202, detail: '', next_ms: null, receipt: '' }]
    const ack = { group: note.group, at_ms: note.at_ms + 95_000, until_ms: nowMs + HOUR_MS }
    return JournalPage.parse({
      last: 52,
      entries: [
        { sequence: 51, at_ms, who: 'alerts', body: { kind: 'alert_deliveries', results } },
        {
          sequence: 52,
          at_ms,
          who: 'wang',
          body: { kind: 'alert_acks', acks: [{ ...ack, who: 'wang', comment: '' }] },
        },
      ],
      next_from: null,
    })
  }
  return { answer }
}

const drillNote = (nowMs: number): Notification =>
  Notification.parse({
    id: id(9),
    channel: 'on-call',
    group: `grp_${'d'.repeat(32)}`,
    reason: 'drill',
    severity: 'page',
    urgent: true,
    at_ms: nowMs,
    not_before_ms: nowMs,
    fingerprints: [],
    lines: { en: ['[DRILL] this is a drill'], zh: ['[DRILL] 这是演练'] },
  })

function channelsAt(nowMs: number): ChannelItem[] {
  const channel = (over: Pick<ChannelItem, 'name' | 'kind'> & Partial<ChannelItem>) => ({
    enabled: true,
    rings: false,
    language: 'en' as const,
    host: null,
    target: null,
    secret: null,
    failover: null,
    reach: { severities: [], escalation: [], operations: false, owners: [], takes_over: [] },
    rate: { per_minute: 60, burst: 20, used: 0 },
    last_accepted_ms: nowMs - 3 * HOUR_MS,
    last_failure: null,
    accepted_24h: 4,
    failed_24h: 0,
    waiting: 0,
    dead: 0,
    is_gone: false,
    line: 12,
    ...over,
  })
  return [
    channel({
      name: 'on-call',
      kind: 'pagerduty',
      rings: true,
      host: 'events.pagerduty.com',
      secret: { from: 'environment', name: 'PAGERDUTY_KEY' },
      failover: 'ops-chat',
      reach: {
        severities: ['page'],
        escalation: [300],
        operations: false,
        owners: [],
        takes_over: [],
      },
    }),
    channel({
      name: 'ops-chat',
      kind: 'feishu',
      language: 'zh',
      target: { from: 'environment', name: 'FEISHU_HOOK' },
      secret: { from: 'file', name: '/run/secrets/feishu' },
      reach: {
        severities: ['page', 'warn', 'data'],
        escalation: [],
        operations: true,
        owners: ['videogen-*', 'atlas'],
        takes_over: ['on-call'],
      },
      rate: { per_minute: 60, burst: 4, used: 41 },
      last_accepted_ms: nowMs - 5 * HOUR_MS,
      last_failure: { at_ms: nowMs - 240_000, detail: 'answered 502: bad gateway' },
      accepted_24h: 31,
      failed_24h: 6,
      waiting: 2,
      dead: 1,
      line: 17,
    }),
    channel({
      name: 'old-hook',
      kind: 'webhook',
      enabled: false,
      language: 'both',
      host: 'hooks.site.example:8443',
      secret: { from: 'environment', name: 'OLD_HOOK' },
      last_accepted_ms: null,
      accepted_24h: 0,
      line: 24,
    }),
  ]
}

const letterAt = (nowMs: number): DeadLetter => ({
  id: id(1),
  channel: 'ops-chat',
  reason: 'firing',
  severity: 'warn',
  line: { en: '[WARN] Rack h1-r07 hot, 8 devices', zh: '[预警] 机柜 h1-r07 过热，8 台设备' },
  at_ms: nowMs - 26 * HOUR_MS,
  dead_ms: nowMs - 2 * HOUR_MS,
  attempts: 10,
  detail: 'answered 502: bad gateway',
})

const attemptAt = (channel: string, at_ms: number, n: number): DeliveryItem => ({
  id: id(n),
  channel,
  at_ms,
  attempt: 1,
  outcome: 'accepted',
  status: 200,
  detail: 'accepted',
  next_ms: null,
  receipt: '',
  message: {
    channel,
    reason: n >= 100 ? 'test' : 'firing',
    severity: n >= 100 ? 'ticket' : 'page',
    line: n >= 100 ? { en: '[TEST] Plimsoll reaches you', zh: '[TEST] 已能联系到您' } : LINE,
    at_ms,
    fingerprint: n >= 100 ? null : '0'.repeat(31) + '1',
  },
})

function attemptsAt(nowMs: number): DeliveryItem[] {
  const page = attemptAt('on-call', nowMs - 3 * HOUR_MS, 2)
  const taken = attemptAt('ops-chat', nowMs - 4 * HOUR_MS, 3)
  const refused = {
    ...attemptAt('ops-chat', nowMs - 240_000, 4),
    attempt: 3,
    outcome: 'failed' as const,
    status: 502,
    detail: 'answered 502: bad gateway',
    next_ms: nowMs + 60_000,
  }
  const old = Array.from({ length: 60 }, (_attempt, at) =>
    attemptAt('on-call', nowMs - DAY_MS - at * HOUR_MS, 5 + at),
  )
  const message = taken.message === null ? null : { ...taken.message, channel: 'on-call' }
  return [refused, page, { ...taken, message }, ...old]
}

function rosterAt(
  overrides: readonly OverrideItem[],
  nowMs: number,
  story: StubChannels,
): RosterAnswer {
  const week = 7 * DAY_MS
  const startMs = nowMs - 2 * DAY_MS - (nowMs % DAY_MS) + HOUR_MS
  const people = ['Wang Lei', 'Ada', 'Li Na']
  const rotation = [0, 1, 2, 3, 4].map((at) => ({
    person: people[at % 3] ?? '',
    by: 'rotation' as const,
    from_ms: startMs + at * week,
    to_ms: startMs + (at + 1) * week,
  }))
  const now = overrides.find(({ from_ms, to_ms }) => from_ms <= nowMs && to_ms > nowMs)
  const [first, ...rest] = rotation
  const shifts =
    now === undefined || first === undefined
      ? rotation
      : [
          { person: now.person, by: 'override' as const, from_ms: now.from_ms, to_ms: now.to_ms },
          { ...first, from_ms: now.to_ms },
          ...rest,
        ]
  const none = story === 'none'
  return RosterAnswer.parse({
    at_ms: nowMs,
    time_zone: 'Asia/Shanghai',
    file: none ? null : '/etc/plimsoll/alerts.yaml',
    line: none ? null : 31,
    shifts: none ? [] : shifts,
    next: none ? null : 'Ada',
    people: none
      ? []
      : [
          { name: 'Wang Lei', mentions: ['feishu', 'mail'] },
          { name: 'Ada', mentions: ['slack'] },
          { name: 'Li Na', mentions: [] },
        ],
    rotation: null,
    escalation: none
      ? []
      : [
          { after: 300, channels: ['on-call'], person: 'on_call' },
          { after: 900, channels: ['on-call', 'ops-chat'], person: 'next' },
        ],
    overrides: none ? [] : overrides,
    warnings: [],
    simulated: true,
  })
}
