import { z } from 'zod'
import { ID_PATTERN } from '#schemas/subjects.ts'
import type { Source } from './source.ts'
import type { Placement, Target } from './targets/target.ts'
import { ThresholdEntry } from './thresholds/config.ts'

/** What the collector runs on, defaults filled in. `docs` of each default: CONFIG_DEFAULTS. */
export interface CollectorConfig {
  readonly cluster: string
  /** Delivery identity: subject, sequence, spool, permissions. */
  readonly collector: string
  /** Name of this machine, for tools that run here and exporters on loopback. */
  readonly node: string
  readonly labels: Placement
  /** Node -> where it stands; wins over `labels`, loses to a target's own labels. */
  readonly nodeLabels: ReadonlyMap<string, Partial<Placement>>
  /** Empty: look for every known tool on this machine, again every minute. */
  readonly sources: readonly SourceSection[]
  readonly spool: { readonly directory: string; readonly maxBytes: number }
  readonly nats: NatsSection | null
  /** Limits of meters and cooling units that replace the defaults. */
  readonly thresholds: readonly ThresholdEntry[]
}

/** One source to read, from the file or from what was found on this machine. */
export interface SourceSection {
  readonly source: Source
  /** The source's own options, parsed by its schema. */
  readonly options: unknown
  readonly targets: readonly Target[]
  readonly fileSd: readonly string[]
  readonly httpSd: readonly string[]
  /** Prometheus servers whose active dcgm-exporter targets are taken over. */
  readonly prometheus: readonly string[]
  /** How often http_sd and Prometheus are asked, ms. */
  readonly refreshMs: number
  /** No list of any kind: the tool or exporter of this machine. */
  readonly isLocal: boolean
  readonly intervalMs: number
  readonly timeoutMs: number
}

export type NatsSection = z.infer<typeof Nats>

/** Every default of the file, in one place: `config check` prints them, docs quote them. */
export const CONFIG_DEFAULTS = {
  cluster: 'default',
  spoolDirectory: './data/spool',
  spoolBytes: 4 * 2 ** 30,
  refreshMs: 60_000,
  /** A read may take as long as its interval, but never longer than this, ms. */
  timeoutMs: 10_000,
} as const

/** Seconds that divide a minute: an interval that does not would let cells drift (DEFINITIONS 1). */
export const INTERVAL_SECONDS = [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60] as const

const SIZE_UNITS: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
}

/** `500ms`, `10s`, `1m` -> ms, or null. */
export function durationMs(value: unknown): number | null {
  const match = typeof value === 'string' ? /^(\d{1,7})\s*(ms|s|m|h)$/.exec(value.trim()) : null
  if (match === null) return null
  return Number(match[1]) * ({ ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[match[2] ?? 's'] ?? 1000)
}

/** `1073741824`, `4GiB`, `512 MB` -> bytes, or null. */
export function sizeBytes(value: unknown): number | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : null
  const match =
    typeof value === 'string' ? /^(\d+(?:\.\d+)?)\s*([A-Za-z]+)$/.exec(value.trim()) : null
  const unit = SIZE_UNITS[match?.[2] ?? '']
  return unit === undefined ? null : Math.floor(Number(match?.[1]) * unit)
}

/** A value read by a function that answers null for what it does not take. */
function readBy<T>(read: (value: unknown) => T | null, allowed: string) {
  return z.unknown().transform((value, context): T => {
    const result = read(value)
    if (result !== null) return result
    context.issues.push({ code: 'custom', message: `must be ${allowed}`, input: value })
    return z.NEVER
  })
}

const Interval = readBy(
  (value) => {
    const ms = durationMs(value)
    return ms !== null && INTERVAL_SECONDS.some((seconds) => seconds * 1000 === ms) ? ms : null
  },
  `an interval that divides a minute: ${INTERVAL_SECONDS.map((s) => `${s}s`).join(', ')}`,
)
const Duration = readBy((value) => {
  const ms = durationMs(value)
  return ms !== null && ms >= 10 && ms <= 60_000 ? ms : null
}, 'a time from 10ms to 60s, such as 5s')
const Refresh = readBy((value) => {
  const ms = durationMs(value)
  return ms !== null && ms >= 1000 && ms <= 86_400_000 ? ms : null
}, 'a time from 1s to 24h, such as 60s')
const SpoolBytes = readBy((value) => {
  const bytes = sizeBytes(value)
  return bytes !== null && bytes >= 2 ** 24 && bytes <= 2 ** 50 ? bytes : null
}, 'a size from 16MiB up, such as 4GiB')

const Id = z
  .string()
  .regex(ID_PATTERN, 'must start with a letter or digit and hold only letters, digits, _ and -')
const text = z
  .string()
  .max(256)
  .regex(/^\P{Cc}*$/u, 'must not hold control characters')
const HttpUrl = z
  .string()
  .max(1024)
  .regex(/^https?:\/\/[^\s/]+/, 'must be an http:// or https:// URL')
const placement = { hall: text.optional(), rack: text.optional(), pool: text.optional() }

const TargetEntry = z.preprocess(
  (value) => (typeof value === 'string' ? { address: value } : value),
  z.strictObject({
    address: z
      .string()
      .min(1)
      .max(1 << 20),
    node: text.optional(),
    /** The same as `node`, for what is no machine: the name of the PDU, cooling unit or meter. */
    meter: text.optional(),
    ...placement,
  }),
)

/** Keys that every source's section has; what is left belongs to the source's own schema. */
export const SourceKeys = z.strictObject({
  targets: z.array(TargetEntry).max(100_000).default([]),
  file_sd: z.array(z.string().min(1).max(4096)).max(100).default([]),
  http_sd: z.array(HttpUrl).max(100).default([]),
  targets_from: z.array(HttpUrl).max(10).default([]),
  refresh: Refresh.optional(),
  interval: Interval.optional(),
  timeout: Duration.optional(),
})
export type SourceKeys = z.infer<typeof SourceKeys>

const Nats = z.strictObject({
  url: z.union([z.string(), z.array(z.string()).min(1)]),
  /** File with an nkey or JWT, as `nsc` writes it. */
  credentials: z.string().optional(),
  tls: z
    .strictObject({
      ca: z.string().optional(),
      cert: z.string().optional(),
      key: z.string().optional(),
    })
    .optional(),
})

/** The file's shape; `sources` is opened one by one, with each source's own schema. */
export const ConfigFile = z.strictObject({
  cluster: Id.optional(),
  collector: Id.optional(),
  node: text.min(1).optional(),
  labels: z.strictObject(placement).optional(),
  node_labels: z
    .array(
      z.strictObject({
        nodes: z
          .string()
          .min(1)
          .max(1 << 20),
        ...placement,
      }),
    )
    .max(10_000)
    .default([]),
  sources: z.record(z.string(), z.unknown()).default({}),
  spool: z
    .strictObject({ directory: z.string().min(1).optional(), max_bytes: SpoolBytes.optional() })
    .optional(),
  nats: Nats.optional(),
  thresholds: z.array(ThresholdEntry).max(10_000).default([]),
})
export type ConfigFile = z.infer<typeof ConfigFile>

/** Any host name as an id: `gpu.site-a.example` -> `gpu_site-a_example`. */
export function idFromHost(host: string): string {
  const id = host
    .replaceAll(/[^A-Za-z0-9_-]/g, '_')
    .replace(/^[_-]+/, '')
    .slice(0, 63)
  return ID_PATTERN.test(id) ? id : 'collector'
}

/** The configuration without a file: look on this machine, keep everything under the data directory. */
export function defaultConfig(options: { host: string; spoolDirectory?: string }): CollectorConfig {
  return {
    cluster: CONFIG_DEFAULTS.cluster,
    collector: idFromHost(options.host),
    node: options.host,
    labels: { hall: '', rack: '', pool: '' },
    nodeLabels: new Map(),
    sources: [],
    spool: {
      directory: options.spoolDirectory ?? CONFIG_DEFAULTS.spoolDirectory,
      maxBytes: CONFIG_DEFAULTS.spoolBytes,
    },
    nats: null,
    thresholds: [],
  }
}

/** The section of a source that was found, or is to be looked for, on this machine. */
export function localSection(source: Source): SourceSection {
  return {
    source,
    options: source.config.parse({}),
    targets: [],
    fileSd: [],
    httpSd: [],
    prometheus: [],
    refreshMs: CONFIG_DEFAULTS.refreshMs,
    isLocal: true,
    intervalMs: source.defaultIntervalMs,
    timeoutMs: Math.min(CONFIG_DEFAULTS.timeoutMs, source.defaultIntervalMs),
  }
}
