import { DEFAULT_ZONE_SET } from '#schemas/alerts/zone-levels.ts'
import {
  SETTING_ROWS_MAX,
  type SettingOrigin,
  type SettingsAnswer,
  type SetupItem,
} from '#schemas/api-settings.ts'
import type { AlertState } from '#schemas/alerts/state.ts'
import type { InForce, JournalState } from '#schemas/journal-state.ts'
import type { JournalKind } from '#schemas/journal.ts'
import { facilityAt } from '#schemas/facility.ts'
import { ASSUMED_USD_PER_HOUR, ASSUMED_USD_PER_KWH } from '#schemas/price-book.ts'
import type { AlertingFile, RuleInForce } from './alerts/alerting.ts'

/** All that a site's settings are read from. */
export interface SettingsInput {
  readonly nowMs: number
  readonly version: string
  readonly timeZone: string
  readonly journal: JournalState
  readonly file: AlertingFile
  readonly rules: ReadonlyMap<string, RuleInForce>
  readonly trust: AlertState['trust']
  /** Whether any token holds, and the address that is listened on. */
  readonly access: { readonly hasTokens: boolean; readonly host: string }
  readonly simulated: boolean
  /** When reports are sent the next time, epoch ms; null = to nobody. */
  readonly reportsNextMs: number | null
}

const BUILT_IN: SettingOrigin = { kind: 'built_in' }
const TIME_ZONE: SettingOrigin = {
  kind: 'option',
  option: '--timezone',
  variable: 'PLIMSOLL_TIMEZONE',
}
const RULES: SettingOrigin = { kind: 'option', option: '--rules', variable: 'PLIMSOLL_RULES' }
const LISTEN: SettingOrigin = { kind: 'option', option: '--host', variable: 'PLIMSOLL_HOST' }

/** How a site is set up, and what is open. */
export function settingsOf(input: SettingsInput): SettingsAnswer {
  const { nowMs, version, timeZone, journal, file, rules, trust, simulated } = input
  const sets = file.config.zone_sets
  const inForce = [...rules.values()]
  const owners = journal.owners?.body.owners ?? []
  const cut = <Row>(rows: readonly Row[] | undefined) => (rows ?? []).slice(0, SETTING_ROWS_MAX)
  return {
    at_ms: nowMs,
    version,
    time_zone: timeZone,
    setup: setupOf(input),
    zones:
      sets.length === 0
        ? [{ ...DEFAULT_ZONE_SET, origin: BUILT_IN }]
        : sets.map((set, index) => ({ ...set, origin: fromFile(file, 'zone_sets', index) })),
    prices: {
      origin: entered(journal.prices),
      lines: cut(journal.prices?.body.lines),
      currencies: cut(journal.prices?.body.currencies),
      electricity: cut(journal.prices?.body.electricity),
      assumed_usd_per_hour: ASSUMED_USD_PER_HOUR,
      assumed_usd_per_kwh: ASSUMED_USD_PER_KWH,
    },
    references: {
      origin: entered(journal.references),
      references: cut(journal.references?.body.references),
    },
    owners: {
      origin: entered(journal.owners),
      owners: cut(owners).map(({ tenant, display_name, contact }) => ({
        tenant,
        display_name,
        contact,
      })),
      total: owners.length,
    },
    rules: {
      total: inForce.length,
      enabled: inForce.filter(({ rule }) => rule.enabled).length,
      observing: inForce.filter(({ rule }) => (trust.get(rule.name) ?? rule.trust) === 'observing')
        .length,
      own: cut(inForce.filter(({ origin }) => origin === 'site')).map(({ rule, file: path }) => ({
        name: rule.name,
        file: path,
      })),
    },
    simulated,
  }
}

const fromFile = (file: AlertingFile, ...path: readonly (string | number)[]): SettingOrigin =>
  file.path === null ? BUILT_IN : { kind: 'file', path: file.path, line: file.lineOf(...path) }

function entered(
  document: Pick<InForce<JournalKind>, 'sequence' | 'at_ms' | 'who' | 'before'> | null,
): SettingOrigin {
  if (document === null) return BUILT_IN
  const { sequence, at_ms, who, before } = document
  return { kind: 'journal', sequence, at_ms, who, before }
}

type State = SetupItem['state']

/** One line for each thing a site should look at. */
function setupOf(input: SettingsInput): SetupItem[] {
  const { journal, file, rules, timeZone, access } = input
  const { config } = file
  const enabled = config.channels.filter((channel) => channel.enabled)
  const item = (
    key: SetupItem['key'],
    state: State,
    value: SetupItem['value'],
    origin: SettingOrigin,
    of: number | null = null,
  ): SetupItem => ({ key, state, value, of, next_ms: null, origin })
  const counted = (
    key: SetupItem['key'],
    count: number,
    without: State,
    origin: SettingOrigin,
  ): SetupItem => item(key, count > 0 ? 'set' : without, count, origin)
  const owners = journal.owners?.body.owners ?? []
  const reachable = owners.filter(({ contact }) => contact !== '').length
  const { rotation } = config.roster
  const own = [...rules.values()].filter(({ origin }) => origin === 'site').length
  const facility = facilityAt(journal.facility, input.nowMs).meters.length
  const prices = entered(journal.prices)
  return [
    counted('channels', enabled.length, 'missing', fromFile(file, 'channels')),
    item(
      'roster',
      rotation === undefined ? 'missing' : 'set',
      rotation?.people.length ?? 0,
      fromFile(file, 'roster'),
    ),
    item(
      'heartbeat',
      config.heartbeat === undefined ? 'missing' : 'set',
      config.heartbeat?.every ?? null,
      fromFile(file, 'heartbeat'),
    ),
    item(
      'public_url',
      config.public_url === undefined ? 'missing' : 'set',
      config.public_url ?? null,
      fromFile(file, 'public_url'),
    ),
    { ...reportsItem(file), next_ms: input.reportsNextMs },
    counted('prices', journal.prices?.body.lines.length ?? 0, 'default', prices),
    counted('electricity', journal.prices?.body.electricity.length ?? 0, 'default', prices),
    counted('owners', owners.length, 'missing', entered(journal.owners)),
    item(
      'owner_contacts',
      owners.length > 0 && reachable === owners.length ? 'set' : 'missing',
      reachable,
      entered(journal.owners),
      owners.length,
    ),
    item(
      'inventory',
      journal.rows.inventory > 0 ? 'set' : 'default',
      journal.rows.inventory,
      BUILT_IN,
    ),
    counted(
      'contracts',
      journal.contracts?.body.contracts.length ?? 0,
      'missing',
      entered(journal.contracts),
    ),
    counted('zones', config.zone_sets.length, 'default', fromFile(file, 'zone_sets')),
    counted(
      'references',
      journal.references?.body.references.length ?? 0,
      'missing',
      entered(journal.references),
    ),
    counted('facility', facility, 'missing', BUILT_IN),
    counted('rules', own, 'default', RULES),
    item('time_zone', timeZone === 'UTC' ? 'default' : 'set', timeZone, TIME_ZONE),
    item('access', access.hasTokens ? 'set' : 'default', access.host, LISTEN),
  ]
}

/** Recipients of the weekly report; `default` = they are there, and its day and time are assumed. */
function reportsItem(file: AlertingFile): Omit<SetupItem, 'next_ms'> {
  const { length: value } = file.config.reports.recipients
  const isTimed = file.lineOf('reports', 'schedule') !== null
  const state = value === 0 ? 'missing' : isTimed ? 'set' : 'default'
  return { key: 'reports', state, value, of: null, origin: fromFile(file, 'reports') }
}
