import type { Alert } from '#schemas/alerts/alert.ts'
import type { ChannelKind } from '#schemas/alerts/channel-config.ts'
import type { AlertsConfig, Route } from '#schemas/alerts/config.ts'
import type { AlertLabels, AlertSeverity } from '#schemas/alerts/severity.ts'

/** Machines take each ticket by itself; people read them together. */
const MACHINES: ReadonlySet<ChannelKind> = new Set(['webhook', 'pagerduty', 'alertmanager'])

/** Channels of the notices to those who hold devices. */
export interface OwnerRoute {
  readonly channels: readonly string[]
}

/** Where the messages of one group go. */
export interface Routed {
  readonly channels: readonly string[]
  /** The message names who is on call. */
  readonly mentionsOnCall: boolean
}

/** What is wrong with a report is told to its owner. */
const REPORT_RULE = 'report_missing'

const fits = (pattern: string, text: string) =>
  pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : pattern === text

/** The first route that matches; without one, the operations channels, so that nothing ends in silence. */
export function routeOf(
  config: AlertsConfig,
  about: { readonly severity: AlertSeverity; readonly rule: string; readonly labels: AlertLabels },
): Routed {
  const enabled = enabledChannels(config)
  if (about.rule === REPORT_RULE) {
    const owner = config.reports.owner.filter((name) => enabled.has(name))
    if (owner.length > 0) return { channels: owner, mentionsOnCall: false }
  }
  const route = config.routes.find((one) => isRouted(one, about))
  if (route !== undefined)
    return {
      channels: route.channels.filter((name) => enabled.has(name)),
      mentionsOnCall: route.mention_on_call,
    }
  return { channels: operationsOf(config), mentionsOnCall: false }
}

function isRouted(
  { severities, rules, labels }: Route,
  about: { readonly severity: AlertSeverity; readonly rule: string; readonly labels: AlertLabels },
): boolean {
  if (severities !== undefined && !severities.includes(about.severity)) return false
  if (rules !== undefined && !rules.some((pattern) => fits(pattern, about.rule))) return false
  const found: Readonly<Record<string, string | undefined>> = about.labels
  return Object.entries(labels ?? {}).every(([name, patterns]) =>
    patterns.some((pattern) => fits(pattern, found[name] ?? '')),
  )
}

/** Kind of each channel that is enabled. */
export const enabledChannels = ({ channels }: AlertsConfig): ReadonlyMap<string, ChannelKind> =>
  new Map(channels.filter(({ enabled }) => enabled).map(({ name, kind }) => [name, kind]))

export function operationsOf(config: AlertsConfig): string[] {
  const enabled = enabledChannels(config)
  return config.operations.filter((name) => enabled.has(name))
}

/** Whether tickets reach this channel together, as a digest. */
export const readsDigests = (config: AlertsConfig, channel: string): boolean => {
  const kind = enabledChannels(config).get(channel)
  return kind !== undefined && !MACHINES.has(kind)
}

/** Whom to tell that their device has a fault: the first entry whose pattern fits the tenant. */
export function ownerRoute(config: AlertsConfig, alert: Alert): OwnerRoute | null {
  const { tenant } = alert.labels
  if (tenant === undefined || alert.labels.device === undefined) return null
  const owner = config.owners.find((one) => fits(one.tenant, tenant))
  if (owner === undefined) return null
  const enabled = enabledChannels(config)
  return { channels: owner.channels.filter((name) => enabled.has(name)) }
}
