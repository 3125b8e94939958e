import { join } from 'node:path'
import { z } from 'zod'
import { PlimsollError } from '#schemas/errors.ts'
import { SHARDS_MAX } from '#schemas/subjects.ts'
import type { Invocation } from './command.ts'
import { listenAddress } from './role-http.ts'

/** What the roles other than the collector are told: options first, then the environment, then defaults. */
export const Settings = z.strictObject({
  dataDir: z.string().min(1).default('./data'),
  /** `http://user:password@host:8123/database`; absent = the embedded engine. */
  clickhouseUrl: z.url({ protocol: /^https?$/ }).optional(),
  natsUrl: z.string().min(1).optional(),
  /** A .creds file for NATS. */
  natsCreds: z.string().min(1).optional(),
  /** Telemetry streams of the site; the same everywhere, and in the mapping of the NATS server. */
  shards: z.coerce.number().int().min(1).max(SHARDS_MAX).default(1),
  /** Those that this ingest process reads; absent = all. */
  ownShards: z.array(z.coerce.number().int().min(0)).min(1).optional(),
  /** Copies of each stream in a cluster of NATS servers. */
  natsReplicas: z.coerce.number().int().min(1).max(5).optional(),
  /** Room of all telemetry streams together; beyond it collectors spool. */
  streamGib: z.coerce.number().int().min(1).max(100_000).default(40),
  /** How long the streams keep messages, read or not. */
  streamHours: z.coerce.number().int().min(1).max(720).default(6),
  /** JetStream domains of leaf servers whose streams are copied into this server's. */
  leafDomains: z.array(z.string().regex(/^[A-Za-z0-9_-]+$/)).default([]),
  host: z.string().min(1).default('127.0.0.1'),
  port: z.coerce.number().int().min(0).max(65_535).default(8440),
  publicNames: z.array(z.string().min(1)).default([]),
  trustedProxies: z.array(z.string().min(1)).default([]),
  /** Header in which a trusted proxy names the signed-in person. */
  identityHeader: z
    .string()
    .regex(/^[A-Za-z0-9-]+$/)
    .optional(),
  tokensFile: z.string().min(1).optional(),
  /** The site's own entries of the model catalogue, YAML. */
  modelsFile: z.string().min(1).optional(),
  /** Whom to tell of alerts, and where: YAML. */
  alertsFile: z.string().min(1).optional(),
  /** The site's own rules: a YAML file, or a folder of them. */
  rulesPath: z.string().min(1).optional(),
  timeZone: z.string().refine(isTimeZone, 'an IANA time zone such as Asia/Shanghai').default('UTC'),
  /** Wait after a minute's end before it is settled. */
  settleDelaySeconds: z.coerce.number().int().min(1).max(3600).default(20),
  /** How long each level is kept, such as `raw=14d,minutes=90d,hours=3y`; absent = the defaults. */
  retention: z.string().min(1).optional(),
  /** Where this process says how it is, without a token; absent = nowhere. */
  metricsListen: z
    .string()
    .refine((text) => listenAddress(text) !== null, 'HOST:PORT, or a port of loopback')
    .optional(),
  /** How often a process reports to the store, or a collector upstream; absent = 10 s and 60 s. */
  statusSeconds: z.coerce.number().int().min(1).max(3600).optional(),
})
export type Settings = z.infer<typeof Settings>

/** Which option and which variable set what. */
const SOURCES: readonly (readonly [field: keyof Settings, option: string, variable: string])[] = [
  ['dataDir', 'data', 'PLIMSOLL_DATA'],
  ['clickhouseUrl', 'clickhouse', 'CLICKHOUSE_URL'],
  ['natsUrl', 'nats', 'NATS_URL'],
  ['natsCreds', 'nats-creds', 'NATS_CREDS'],
  ['shards', 'shard-count', 'PLIMSOLL_SHARDS'],
  ['ownShards', 'shards', 'PLIMSOLL_INGEST_SHARDS'],
  ['natsReplicas', 'nats-replicas', 'PLIMSOLL_NATS_REPLICAS'],
  ['streamGib', 'stream-gib', 'PLIMSOLL_STREAM_GIB'],
  ['streamHours', 'stream-hours', 'PLIMSOLL_STREAM_HOURS'],
  ['leafDomains', 'leaf-domain', 'PLIMSOLL_LEAF_DOMAINS'],
  ['host', 'host', 'PLIMSOLL_HOST'],
  ['port', 'port', 'PLIMSOLL_PORT'],
  ['publicNames', 'public-name', 'PLIMSOLL_PUBLIC_NAMES'],
  ['trustedProxies', 'trusted-proxy', 'PLIMSOLL_TRUSTED_PROXIES'],
  ['identityHeader', 'identity-header', 'PLIMSOLL_IDENTITY_HEADER'],
  ['tokensFile', 'tokens', 'PLIMSOLL_TOKENS'],
  ['modelsFile', 'models', 'PLIMSOLL_MODELS'],
  ['alertsFile', 'alerts', 'PLIMSOLL_ALERTS'],
  ['rulesPath', 'rules', 'PLIMSOLL_RULES'],
  ['timeZone', 'timezone', 'PLIMSOLL_TIMEZONE'],
  ['settleDelaySeconds', 'settle-delay', 'PLIMSOLL_SETTLE_DELAY_SECONDS'],
  ['retention', 'retention', 'PLIMSOLL_RETENTION'],
  ['metricsListen', 'metrics-listen', 'PLIMSOLL_METRICS_LISTEN'],
  ['statusSeconds', 'status-every', 'PLIMSOLL_STATUS_SECONDS'],
]
/** Every variable that sets something here. */
export const SETTING_VARIABLES: readonly string[] = SOURCES.map(([, , variable]) => variable)
const LISTS: ReadonlySet<keyof Settings> = new Set([
  'publicNames',
  'trustedProxies',
  'ownShards',
  'leafDomains',
])

/** Reads the settings of a command. Throws E_CONFIG_INVALID that names the option and the variable. */
export function readSettings(invocation: Invocation): Settings {
  const given: Partial<Record<keyof Settings, unknown>> = {}
  for (const [field, option, variable] of SOURCES) {
    const value = LISTS.has(field)
      ? list(invocation, option, variable)
      : (invocation.option(option) ?? nonEmpty(invocation.env[variable]))
    if (value !== undefined) given[field] = value
  }
  const result = Settings.safeParse(given)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const source = SOURCES.find(([field]) => field === issue?.path[0])
  const where = source === undefined ? 'the settings' : `--${source[1]} (or ${source[2]})`
  throw new PlimsollError('E_CONFIG_INVALID', `${where}: ${issue?.message ?? 'not understood'}`)
}

function list(
  invocation: Invocation,
  option: string,
  variable: string,
): readonly string[] | undefined {
  const given = invocation.options(option)
  const text = nonEmpty(invocation.env[variable])
  if (given.length > 0) return given.flatMap(entries)
  return text === undefined ? undefined : entries(text)
}

const entries = (text: string) => text.split(',').map((entry) => entry.trim())

const nonEmpty = (text: string | undefined) =>
  text === undefined || text === '' ? undefined : text

/** Where tokens live unless told otherwise. */
export const tokensPath = (settings: Settings) =>
  settings.tokensFile ?? join(settings.dataDir, 'access', 'tokens.json')

/** The append-only record of who changed what. */
export const auditPath = (settings: Settings) => join(settings.dataDir, 'access', 'audit.jsonl')

/** Where requests to settle a window again wait for the process that owns an embedded engine. */
export const repairsPath = (dataDir: string) => join(dataDir, 'repairs')

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
