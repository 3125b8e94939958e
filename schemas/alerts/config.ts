import { z } from 'zod'
import { Holiday } from '#schemas/holiday.ts'
import { ChannelConfig, ChannelName, channelMistakes, VENDOR_HOSTS } from './channel-config.ts'
import { EscalationStep, Roster } from './roster-config.ts'
import { ReportsConfig, reportsMistakes } from '#schemas/report/delivery-config.ts'
import { ALERT_LABELS, ALERT_SEVERITIES } from './severity.ts'
import { ZoneSet } from './zone-set.ts'

/**
 * The alerting file (`alerts.yaml`): who is told what, where and how. Durations are whole seconds. A file is taken whole
 * or not at all.
 */

const channelNames = z.array(ChannelName).min(1).max(16)
const seconds = (most: number) => z.int().min(1).max(most)

const timeZone = z.string().refine(isTimeZone, {
  error: 'must be a time zone such as Asia/Shanghai or UTC',
})
function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

/** Which messages go where: the first route that matches decides. Lists match any member; what is absent matches all. */
export const Route = z.strictObject({
  severities: z.array(z.enum(ALERT_SEVERITIES)).min(1).max(4).optional(),
  /** Rule names; `*` at the end stands for the rest. */
  rules: z.array(z.string().min(1).max(64)).min(1).max(128).optional(),
  /** Label -> values; `*` at the end stands for the rest. */
  labels: z
    .partialRecord(z.enum(ALERT_LABELS), z.array(z.string().min(1).max(256)).min(1).max(64))
    .optional(),
  channels: channelNames,
  /** The chat message names who is on call. */
  mention_on_call: z.boolean().default(false),
})
export type Route = z.infer<typeof Route>

/** Notices to those who hold devices: the first entry whose pattern fits the tenant. */
export const OwnerNotice = z.strictObject({
  /** Tenant, `*` at the end stands for the rest. */
  tenant: z.string().min(1).max(128),
  channels: channelNames,
})
export type OwnerNotice = z.infer<typeof OwnerNotice>

const cidr = z.string().regex(/^[0-9a-fA-F:.]+\/\d{1,3}$/, {
  error: 'must be a network such as 10.20.0.0/16',
})
/**
 * A host that messages may go to. `*.site.example` stands for every name below. Addresses of this machine and link-local
 * ones (169.254.0.0/16 holds the credentials of cloud machines) are refused unless `networks` names them.
 */
export const AllowedHost = z.strictObject({
  host: z.string().regex(/^(\*\.)?[A-Za-z0-9_.:-]{1,253}$/, {
    error: 'must be a host name, *.domain or an address, without scheme or port',
  }),
  /** If given, the name must lead into one of these. */
  networks: z.array(cidr).min(1).max(32).optional(),
})
export type AllowedHost = z.infer<typeof AllowedHost>

const base = z.strictObject({
  /** Where people reach Plimsoll: links in messages begin with it. Required as soon as a channel is enabled. */
  public_url: z
    .url({ protocol: /^https?$/ })
    .max(512)
    .optional(),
  language: z.enum(['en', 'zh', 'both']).default('en'),
  /** Of times in messages and of the roster's handover; absent = the site's. */
  time_zone: timeZone.optional(),
  channels: z.array(ChannelConfig).max(64).default([]),
  routes: z.array(Route).max(128).default([]),
  /** Where zone pages go that nobody on call could act on, digests, and what is about alerting itself. */
  operations: z.array(ChannelName).max(16).default([]),
  owners: z.array(OwnerNotice).max(512).default([]),
  allowed_hosts: z.array(AllowedHost).max(128).default([]),
  roster: Roster.prefault({}),
  /** Absent or empty: after 300 s every channel that rings. */
  escalation: z.array(EscalationStep).max(8).default([]),
  /** Pages beyond it within `within` go into the digest, by $/h; urgent rules are never counted. */
  page_budget: z
    .strictObject({
      pages: z.int().min(1).max(100).default(2),
      within: seconds(604_800).default(86_400),
    })
    .prefault({}),
  grouping: z
    .strictObject({
      /** Wait for more of the group before the first message. Urgent rules do not wait. */
      wait: z.int().min(0).max(600).default(30),
      /** Between two messages of a group. */
      interval: seconds(86_400).default(300),
      /** A firing alert that nobody acknowledged is told again. */
      repeat: seconds(604_800).default(14_400),
      /** Messages of one rule to one channel within `interval` before the rest become one. */
      storm: z.int().min(1).max(100).default(5),
    })
    .prefault({}),
  /** How long an acknowledgement holds. */
  acknowledged_for: seconds(604_800).default(14_400),
  zone_sets: z.array(ZoneSet).max(64).default([]),
  /** Local days that are like Sundays: the forecast learns nothing of the week's pattern from them; reports mark them. */
  holidays: z.array(Holiday).max(512).default([]),
  /** Who gets the reports, and when. */
  reports: ReportsConfig.prefault({}),
  /** An outside watcher that alarms when this stops being called. */
  heartbeat: z
    .strictObject({
      url: z.string().min(1).max(2048).optional(),
      url_env: z
        .string()
        .regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/)
        .optional(),
      every: z.int().min(15).max(3_600).default(60),
      proxy: z.string().max(512).optional(),
      ca_file: z.string().min(1).max(1024).optional(),
    })
    .optional(),
})

/** The alerting file of a site in an IANA time zone. */
export const alertsConfigIn = (siteTimeZone: string) =>
  base
    .superRefine((config, context) => {
      const add = (path: PropertyKey[], message: string) =>
        context.addIssue({ code: 'custom', path, message })
      checkChannels(config, add)
      checkReferences(config, add)
      checkRoster(config, add)
      for (const { path, message } of reportsMistakes(config.reports, config.channels))
        add(['reports', ...path], message)
    })
    .transform((config) => ({
      ...config,
      time_zone: config.time_zone ?? siteTimeZone,
      escalation: config.escalation.length > 0 ? config.escalation : defaultEscalation(config),
    }))
export const AlertsConfig = alertsConfigIn('UTC')
export type AlertsConfig = z.infer<typeof AlertsConfig>

type Base = z.infer<typeof base>

/** Without steps of its own: after 5 minutes every channel that rings, for who is on call. */
function defaultEscalation({ channels }: Base): EscalationStep[] {
  const ringing = channels.filter(({ enabled, rings }) => enabled && rings).slice(0, 8)
  if (ringing.length === 0) return []
  return [{ after: 300, channels: ringing.map(({ name }) => name), person: 'on_call' }]
}
type Add = (path: PropertyKey[], message: string) => void

function checkChannels(config: Base, add: Add): void {
  const seen = new Set<string>()
  for (const [index, channel] of config.channels.entries()) {
    const at = ['channels', index]
    if (seen.has(channel.name)) add([...at, 'name'], `there are two channels "${channel.name}"`)
    seen.add(channel.name)
    for (const { key, message } of channelMistakes(channel)) add([...at, key], message)
    const host = channel.target === undefined ? undefined : URL.parse(channel.target)?.hostname
    if (host && !isHostAllowed(config, channel.kind, host))
      add([...at, 'target'], `the host ${host} is not in allowed_hosts`)
  }
  const enabled = config.channels.findIndex((channel) => channel.enabled)
  if (enabled !== -1 && config.public_url === undefined)
    add(
      ['channels', enabled],
      'public_url is needed before a channel is enabled: links in messages begin with it',
    )
  const beat = config.heartbeat
  if (beat === undefined) return
  if ((beat.url === undefined) === (beat.url_env === undefined))
    add(['heartbeat'], 'say one of url and url_env')
  const host = beat.url === undefined ? undefined : URL.parse(beat.url)?.hostname
  if (beat.url !== undefined && !/^https?:\/\//.test(beat.url))
    add(['heartbeat', 'url'], 'must begin with https:// or http://')
  else if (host && allowedEntry(config.allowed_hosts, host) === null)
    add(['heartbeat', 'url'], `the host ${host} is not in allowed_hosts`)
}

function checkReferences(config: Base, add: Add): void {
  const names = new Set(config.channels.map(({ name }) => name))
  const check = (path: PropertyKey[], list: readonly string[]) => {
    for (const [index, name] of list.entries())
      if (!names.has(name)) add([...path, index], `there is no channel "${name}"`)
  }
  for (const [index, { channels }] of config.routes.entries())
    check(['routes', index, 'channels'], channels)
  for (const [index, { channels }] of config.owners.entries())
    check(['owners', index, 'channels'], channels)
  for (const [index, { channels }] of config.escalation.entries())
    check(['escalation', index, 'channels'], channels)
  check(['operations'], config.operations)
  for (const [index, { failover }] of config.channels.entries())
    if (failover !== undefined && !names.has(failover))
      add(['channels', index, 'failover'], `there is no channel "${failover}"`)
  const sets = new Set<string>()
  for (const [index, { name }] of config.zone_sets.entries()) {
    if (sets.has(name)) add(['zone_sets', index, 'name'], `there are two zone sets "${name}"`)
    sets.add(name)
  }
}

function checkRoster(config: Base, add: Add): void {
  const people = new Set<string>()
  for (const [index, person] of config.roster.people.entries()) {
    if (people.has(person.name))
      add(['roster', 'people', index, 'name'], `there are two people "${person.name}"`)
    people.add(person.name)
  }
  for (const [index, name] of (config.roster.rotation?.people ?? []).entries())
    if (!people.has(name))
      add(
        ['roster', 'rotation', 'people', index],
        `"${name}" is not among the people of the roster`,
      )
  let before = 0
  for (const [index, { person, after }] of config.escalation.entries()) {
    if (person !== 'on_call' && person !== 'next' && !people.has(person))
      add(['escalation', index, 'person'], `"${person}" is not among the people of the roster`)
    if (after <= before) add(['escalation', index, 'after'], 'steps must be in order of time')
    before = after
  }
}

/** The entry of the allow-list that a host falls under, or null. */
export function allowedEntry(
  allowed: readonly AllowedHost[],
  hostname: string,
): AllowedHost | null {
  const name = hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
  return (
    allowed.find(({ host }) => {
      const pattern = host.toLowerCase()
      return pattern.startsWith('*.') ? name.endsWith(pattern.slice(1)) : name === pattern
    }) ?? null
  )
}

/** Whether a channel may reach a host: its vendor's own hosts, and those of the allow-list. */
export function isHostAllowed(
  config: Pick<AlertsConfig, 'allowed_hosts'>,
  kind: ChannelConfig['kind'],
  hostname: string,
): boolean {
  if (VENDOR_HOSTS[kind]?.includes(hostname.toLowerCase()) === true) return true
  return allowedEntry(config.allowed_hosts, hostname) !== null
}
