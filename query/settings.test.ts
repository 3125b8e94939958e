import { expect, it } from 'vitest'
import { AlertsConfig } from '#schemas/alerts/config.ts'
import { SETUP_KEYS, SettingsAnswer } from '#schemas/api-settings.ts'
import { foldJournal, NO_JOURNAL } from '#schemas/journal-state.ts'
import { settingsOf, type SettingsInput } from './settings.ts'

const NOTHING: SettingsInput = {
  nowMs: 1_000_000,
  version: '0.0.0',
  timeZone: 'UTC',
  journal: NO_JOURNAL,
  file: { config: AlertsConfig.parse({}), path: null, lineOf: () => null, warnings: [] },
  rules: new Map(),
  trust: new Map(),
  access: { hasTokens: false, host: '127.0.0.1' },
  simulated: false,
  reportsNextMs: null,
}

it('names everything a site should look at, and of a bare one what is assumed and what is missing', () => {
  const answer = SettingsAnswer.parse(settingsOf(NOTHING))
  expect(answer.setup.map(({ key }) => key).toSorted()).toEqual([...SETUP_KEYS].toSorted())
  expect(answer.setup.every(({ state }) => state !== 'set')).toBe(true)
  const missing = answer.setup.filter(({ state }) => state === 'missing').map(({ key }) => key)
  expect(missing).toEqual(
    expect.arrayContaining([
      'channels',
      'roster',
      'heartbeat',
      'public_url',
      'reports',
      'owner_contacts',
    ]),
  )
  expect(answer.zones).toMatchObject([{ name: 'fleet', origin: { kind: 'built_in' } }])
})

it('says of what is set where it comes from: file and line, or who entered it', () => {
  const journal = foldJournal(NO_JOURNAL, {
    sequence: 1,
    at_ms: 500,
    who: 'ada',
    body: {
      kind: 'owners',
      owners: [
        { tenant: 'atlas', display_name: 'Atlas', contact: 'atlas@site.example' },
        { tenant: 'b', display_name: 'B', contact: '' },
      ].map((one) => ({ ...one, accounts: [], namespaces: [], queues: [], billing: 'paid' })),
    },
  })
  const config = AlertsConfig.parse({
    public_url: 'https://p.example',
    channels: [{ name: 'chat', kind: 'slack', target_env: 'S' }],
    zone_sets: [
      {
        name: 'h1',
        scope: 'hall',
        value: 'h1',
        levels: [{ from_ms: 0, ticket: 0.9, watch: 0.8, warn: 0.7, danger: 0.6 }],
      },
    ],
  })
  const file = { ...NOTHING.file, config, path: 'alerts.yaml', lineOf: () => 7 }
  const { setup, zones, owners } = settingsOf({ ...NOTHING, journal, file })
  const of = (key: string) => setup.find((item) => item.key === key)
  const line = { kind: 'file', path: 'alerts.yaml', line: 7 }
  expect(of('channels')).toMatchObject({ state: 'set', value: 1, origin: line })
  expect(zones).toMatchObject([{ name: 'h1', origin: line }])
  expect(of('owners')).toMatchObject({ value: 2, origin: { kind: 'journal', who: 'ada' } })
  expect(of('owner_contacts')).toMatchObject({ state: 'missing', value: 1, of: 2 })
  expect(owners.total).toBe(2)
})

it('of the weekly report says to how many it goes and when, and that the time is assumed where nobody said one', () => {
  const config = AlertsConfig.parse({
    public_url: 'https://p.example',
    channels: [{ name: 'chat', kind: 'slack', target_env: 'S' }],
    reports: { recipients: [{ channel: 'chat' }] },
  })
  const of = (lineOf: SettingsInput['file']['lineOf']) =>
    settingsOf({
      ...NOTHING,
      file: { ...NOTHING.file, config, path: 'alerts.yaml', lineOf },
      reportsNextMs: 5_000,
    }).setup.find(({ key }) => key === 'reports')
  expect(of(() => 7)).toMatchObject({ state: 'set', value: 1, next_ms: 5_000 })
  const untimed = of((...path) => (path.includes('schedule') ? null : 7))
  expect(untimed).toMatchObject({ state: 'default', value: 1, next_ms: 5_000, origin: { line: 7 } })
})
