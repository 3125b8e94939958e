import { z } from 'zod'
import { AuditAnswer } from '#schemas/api-audit.ts'
import { SETUP_KEYS, SettingsAnswer, type SetupItem } from '#schemas/api-settings.ts'
import { OwnersChange, PricesChange, SettingChanged } from '#schemas/api-settings-change.ts'
import { DEFAULT_ZONE_SET } from '#schemas/alerts/zone-levels.ts'
import { refusal } from './stub-answer.ts'

/** TEST ONLY. Settings of a site that has most things, and an audit log. */

const FILE = { kind: 'file' as const, path: '/etc/plimsoll/alerts.yaml', line: 12 }

const OWNERS = [
  { tenant: 'llm-pretrain', display_name: 'LLM pre-training', contact: 'llm-lead@site.example' },
  { tenant: 'vision', display_name: 'Vision research', contact: '' },
  { tenant: 'speech', display_name: 'Speech', contact: '#speech-oncall' },
]

/** Takes a change as the API would, or refuses it as somebody else's was quicker. */
export function changedAt(body: unknown, nowMs: number): { status: number; body: unknown } {
  const asked = z.union([PricesChange, OwnersChange]).safeParse(body)
  if (!asked.success || asked.data.base !== 7)
    return refusal(409, 'E_JOURNAL_CHANGED', 'lin changed it meanwhile: look at it again')
  return { status: 200, body: SettingChanged.parse({ sequence: 8, at_ms: nowMs, who: 'local' }) }
}

export function settingsAt(nowMs: number): SettingsAnswer {
  const journal = {
    kind: 'journal' as const,
    sequence: 7,
    at_ms: nowMs - 86_400_000,
    who: 'lin',
    before: 3,
  }
  const known: Partial<Record<SetupItem['key'], Partial<SetupItem>>> = {
    channels: { state: 'set', value: 3, origin: FILE },
    roster: { state: 'set', value: 3, origin: { ...FILE, line: 31 } },
    public_url: { state: 'set', value: 'https://plimsoll.site.example', origin: FILE },
    reports: {
      state: 'set',
      value: 3,
      next_ms: nowMs + 3 * 86_400_000,
      origin: { ...FILE, line: 44 },
    },
    prices: { state: 'set', value: 2, origin: journal },
    owners: { state: 'set', value: 9, origin: journal },
    owner_contacts: { value: 4, of: 9, origin: journal },
    electricity: { state: 'default', origin: journal },
    zones: { state: 'default' },
    rules: { state: 'default' },
    inventory: { state: 'set', value: 2_304 },
    time_zone: { state: 'set', value: 'Asia/Shanghai' },
    access: { state: 'default', value: '127.0.0.1' },
  }
  const setup = SETUP_KEYS.map((key) => ({
    key,
    state: 'missing',
    value: 0,
    of: null,
    next_ms: null,
    origin: { kind: 'built_in' },
    ...known[key],
  }))
  return SettingsAnswer.parse({
    at_ms: nowMs,
    version: '0.4.0',
    time_zone: 'Asia/Shanghai',
    setup,
    zones: [
      { ...DEFAULT_ZONE_SET, origin: { kind: 'built_in' } },
      { ...DEFAULT_ZONE_SET, name: 'halls', scope: 'hall', value: '*', origin: FILE },
    ],
    prices: {
      origin: journal,
      lines: [
        { from_ms: 0, model: 'H100 SXM5 80GB', per_hour: 2.4, currency: 'USD' },
        { from_ms: 0, per_hour: 13.5, currency: 'CNY' },
      ],
      currencies: [{ from_ms: 0, currency: 'CNY', usd: 0.1385 }],
      electricity: [],
      assumed_usd_per_hour: 2,
      assumed_usd_per_kwh: 0.08,
    },
    references: { origin: { kind: 'built_in' }, references: [] },
    owners: { origin: journal, owners: OWNERS, total: OWNERS.length },
    rules: { total: 51, enabled: 50, observing: 4, own: [] },
    simulated: true,
  })
}

export function auditAt(query: URLSearchParams, nowMs: number): AuditAnswer {
  const who = query.get('who')
  const before = Number(query.get('before') ?? 61)
  const lines = Array.from({ length: 60 }, (_line, at) => ({
    seq: 60 - at,
    at: new Date(nowMs - at * 600_000).toISOString(),
    who: at % 3 === 0 ? 'lin' : 'wang',
    role: 'operate',
    address: '10.20.0.7',
    action: at % 2 === 0 ? 'silence' : 'channel_test',
    target: at % 2 === 0 ? 's-12 [{"label":"rack","value":"h1-r07"}]' : 'ops-chat',
    outcome: at === 1 ? 'failed' : 'done',
  })).filter((line) => line.seq < before && (who === null || line.who === who))
  const shown = lines.slice(0, 25)
  const next = lines.length > shown.length ? (shown.at(-1)?.seq ?? null) : null
  return AuditAnswer.parse({ lines: shown, next_before: next, broken_at: null })
}
