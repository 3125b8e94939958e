import { z } from 'zod'
import { ZoneSet } from './alerts/zone-set.ts'
import { CurrencyRate, EfficiencyReference, ElectricityPrice, PriceLine } from './journal.ts'

/** What /api/v1/settings answers: how a site is set up. Secrets are never in it, only where they are read from. */

const epochMs = z.int().min(0).max(8.64e15)
const count = z.int().min(0)

/** Things a site should look at, those that cost most when forgotten first. */
export const SETUP_KEYS = [
  'channels',
  'roster',
  'heartbeat',
  'public_url',
  'reports',
  'prices',
  'electricity',
  'owners',
  'owner_contacts',
  'inventory',
  'contracts',
  'zones',
  'references',
  'facility',
  'rules',
  'time_zone',
  'access',
] as const
export type SetupKey = (typeof SETUP_KEYS)[number]

/** Where a setting comes from, and with that whether it can be changed on a screen. */
export const SettingOrigin = z.discriminatedUnion('kind', [
  /** A file of the site: changed there. */
  z.strictObject({
    kind: z.literal('file'),
    path: z.string().max(1024),
    line: z.int().min(1).nullable(),
  }),
  /** An option or variable of the process: changed where it is started. */
  z.strictObject({
    kind: z.literal('option'),
    option: z.string().max(64),
    variable: z.string().max(64),
  }),
  /** Entered by people. */
  z.strictObject({
    kind: z.literal('journal'),
    sequence: z.int().min(1),
    at_ms: epochMs,
    who: z.string().max(256),
    /** The entry that it replaced: what undoing brings back; null = it was the first. */
    before: z.int().min(1).nullable(),
  }),
  z.strictObject({ kind: z.literal('built_in') }),
])
export type SettingOrigin = z.infer<typeof SettingOrigin>

export const SetupItem = z.strictObject({
  key: z.enum(SETUP_KEYS),
  /** `default` = nobody said anything, and something is assumed; `missing` = what depends on it cannot be. */
  state: z.enum(['set', 'default', 'missing']),
  /** What is in force, in short: a name, or how many. */
  value: z.union([z.string().max(512), count]).nullable(),
  /** Of how many, where `value` counts some of them. */
  of: count.nullable(),
  /** When it does its work the next time, epoch ms; null = it has no such time. */
  next_ms: epochMs.nullable(),
  origin: SettingOrigin,
})
export type SetupItem = z.infer<typeof SetupItem>

/** Rows of one table at most; all of them are in `plimsoll config export` and the journal. */
export const SETTING_ROWS_MAX = 500

const rows = <Row extends z.ZodType>(row: Row) => z.array(row).max(SETTING_ROWS_MAX)

/** GET /api/v1/settings */
export const SettingsAnswer = z.strictObject({
  at_ms: epochMs,
  version: z.string().max(64),
  time_zone: z.string().max(64),
  setup: z.array(SetupItem).max(SETUP_KEYS.length),
  zones: z.array(ZoneSet.extend({ origin: SettingOrigin })).max(64),
  prices: z.strictObject({
    origin: SettingOrigin,
    lines: rows(PriceLine),
    currencies: rows(CurrencyRate),
    electricity: rows(ElectricityPrice),
    /** What is taken where nobody entered anything, US dollars. */
    assumed_usd_per_hour: z.number(),
    assumed_usd_per_kwh: z.number(),
  }),
  references: z.strictObject({ origin: SettingOrigin, references: rows(EfficiencyReference) }),
  owners: z.strictObject({
    origin: SettingOrigin,
    owners: rows(
      z.strictObject({
        tenant: z.string().max(128),
        display_name: z.string().max(256),
        contact: z.string().max(256),
      }),
    ),
    total: count,
  }),
  rules: z.strictObject({
    total: count,
    enabled: count,
    observing: count,
    /** Rules of the site's own files. */
    own: rows(z.strictObject({ name: z.string().max(64), file: z.string().max(1024) })),
  }),
  simulated: z.boolean(),
})
export type SettingsAnswer = z.infer<typeof SettingsAnswer>
