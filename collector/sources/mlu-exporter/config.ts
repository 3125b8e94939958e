import { z } from 'zod'
import { DEFAULT_PREFIX, KNOWN_LABELS, KNOWN_NAMES, type KnownLabel } from './map.ts'

const metricName = z.string().regex(/^[A-Za-z_:][\w:]{0,127}$/)
const LABELS: ReadonlySet<string> = new Set(KNOWN_LABELS)
const labelName = z.string().regex(/^[A-Za-z_]\w{0,127}$/)

/** Where to look on this machine, and how this site's exporter names things; targets come from the collector's section. */
export const MluExporterConfig = z
  .strictObject({
    host: z.string().min(1).max(253).default('127.0.0.1'),
    port: z.int().min(1).max(65_535).default(30_108),
    path: z.string().startsWith('/').max(1024).default('/metrics'),
    timeout_ms: z.int().min(100).max(60_000).default(10_000),
    /** In front of every default name. */
    prefix: z
      .string()
      .regex(/^(?:[A-Za-z_:][\w:]{0,63})?$/)
      .default(DEFAULT_PREFIX),
    /** Default name without prefix -> the whole name on this site's pages. */
    names: z
      .record(
        z.string().refine((name) => KNOWN_NAMES.has(name), 'not a metric this source reads'),
        metricName,
      )
      .default({}),
    /** Default label -> its name on this site's pages. */
    labels: z
      .record(
        z.string().refine((name) => LABELS.has(name), 'not a label this source reads'),
        labelName,
      )
      .default({}),
    /** A heart beat that stands still for this long is a fault. */
    heartbeat_after_ms: z.int().min(1000).max(3_600_000).default(60_000),
  })
  .prefault({})
export type MluExporterConfig = z.infer<typeof MluExporterConfig>

/** How a page's names are told from each other. */
export interface Naming {
  /** The default name without prefix, or null for a series this source does not read. */
  readonly nameOf: (printed: string) => string | null
  readonly label: (labels: Readonly<Record<string, string>>, name: KnownLabel) => string
  readonly prefix: string
}

/** The naming of a site, from its configuration. */
export function namingOf(config: Pick<MluExporterConfig, 'prefix' | 'names' | 'labels'>): Naming {
  const byPrinted = new Map<string, string>()
  for (const name of KNOWN_NAMES)
    byPrinted.set(config.names[name] ?? `${config.prefix}${name}`, name)
  const labelNames = new Map(Object.entries(config.labels))
  return {
    nameOf: (printed) => byPrinted.get(printed) ?? null,
    label: (labels, name) => (labels[labelNames.get(name) ?? name] ?? '').trim(),
    prefix: config.prefix,
  }
}
