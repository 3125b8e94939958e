import { HEALTH_CODES, type MetricValues } from '#schemas/metrics.ts'
import type { DeviceReading } from '#schemas/reading.ts'
import type { EventRecord } from '#schemas/records.ts'
import { nodeOf } from './identity.ts'
import type { Accepted, SeenDevice } from './merge.ts'
import type { TargetRead } from './runner.ts'
import type { FaultDescription } from '#schemas/faults.ts'
import { clean } from './targets/target.ts'

/** Reads in a row that a device must be absent from before it is missing: one blank page is noise. */
const MISSING_AFTER = 2
/** Events a page may state at once. */
const STATED_PER_TARGET = 256
/** A device missing for this long is no longer waited for, ms. */
const FORGET_MS = 86_400_000
/** Longest message and advice, as EventRecord takes them. */
const TEXT_MAX = 1024
const OPEN_HEALTH = HEALTH_CODES.alarm

/** What is known about one device as one target shows it. */
interface DeviceEdges {
  readonly node: string
  /** The last one seen, 0 without any; null until the device was read once. */
  xid: number | null
  /** Grows only while the driver stays loaded; its fall is a driver restart. */
  energyJoules: number | null
  driver: string
  healthCode: number | null
  failed: string | null
  absentReads: number
  isMissing: boolean
  readonly isPartition: boolean
  lastTickMs: number
}

/** No devices and no events, as of a meter: nothing to remember. */
const isWithoutNews = ({ interpretation }: TargetRead, { seen, replaced }: Accepted) =>
  interpretation.events.length + seen.length + replaced.length === 0

interface TargetEdges {
  readonly devices: Map<string, DeviceEdges>
  stated: Map<string, EventRecord>
}

export interface EventDeps {
  readonly emit: (event: EventRecord) => void
  readonly describeFault: (source: string, type: string, code: string) => FaultDescription | null
}

export interface EventEdges {
  /** Finds what rose or fell with this read. Failed reads change nothing: silence is no edge. */
  observe(read: TargetRead, accepted: Accepted): void
  forgetTarget(id: string): void
}

/** Turns levels that repeat with every read into edges that are said once. */
export function createEventEdges(deps: EventDeps): EventEdges {
  const targets = new Map<string, TargetEdges>()
  return {
    observe(read, accepted) {
      if (!targets.has(read.id) && isWithoutNews(read, accepted)) return
      const edges = targets.get(read.id) ?? { devices: new Map(), stated: new Map() }
      targets.set(read.id, edges)
      const tell = say(deps, read)
      if (read.interpretation.outcome !== 'ok') {
        // A tool that lists its devices and could read none of them still says that about each.
        for (const seen of accepted.seen)
          if (seen.reading.failed !== null) observeDevice(edges.devices, seen, tell)
        return
      }
      for (const key of accepted.replaced) closeReplaced(edges.devices, key, tell)
      for (const seen of accepted.seen) observeDevice(edges.devices, seen, tell)
      observeMissing(targets, edges.devices, { read, seen: accepted.seen }, tell)
      edges.stated = observeStated(edges.stated, { read, seen: accepted.seen }, deps.emit)
    },
    forgetTarget: (id) => targets.delete(id),
  }
}

interface Said {
  readonly type: string
  readonly code: string
  readonly edge: EventRecord['edge']
  readonly severity: EventRecord['severity']
  readonly message: string
  readonly message_zh: string
}
type Say = (node: string, key: string, event: Said) => void

function say(deps: EventDeps, read: TargetRead): Say {
  return (node, key, event) => {
    const known =
      event.edge === 'closed' ? null : deps.describeFault(read.source, event.type, event.code)
    deps.emit({
      kind: 'event',
      at_ms: read.tickMs,
      node,
      device_key: key,
      source: read.source,
      ...event,
      code: event.code.slice(0, 256),
      severity: known?.severity ?? event.severity,
      message: (known?.name.en ?? event.message).slice(0, TEXT_MAX),
      message_zh: event.message_zh.slice(0, TEXT_MAX),
      ...(known === null ? {} : adviceOf(known)),
    })
  }
}

const adviceOf = (fault: FaultDescription) => ({
  message_zh: fault.name.zh.slice(0, TEXT_MAX),
  fault_class: fault.class,
  action: fault.action.en.slice(0, TEXT_MAX),
  action_zh: fault.action.zh.slice(0, TEXT_MAX),
})

function observeDevice(devices: Map<string, DeviceEdges>, seen: SeenDevice, say: Say): void {
  const { key, node, reading, metrics } = seen
  const known = devices.get(key)
  const edges = known ?? newEdges(node, reading)
  devices.set(key, edges)
  if (edges.isMissing)
    say(node, key, closed('device_missing', '', ['the device is reported again', '设备重新上报']))
  edges.isMissing = false
  edges.absentReads = 0
  observeFailed(edges, seen, say)
  if (known !== undefined && isDriverRestart(edges, reading, metrics)) {
    if (edges.xid !== null && edges.xid !== 0)
      say(node, key, closed('xid', String(edges.xid), ['the driver was restarted', '驱动已重启']))
    edges.xid = 0
  }
  observeXid(edges, seen, say)
  observeHealth(edges, seen, say)
  edges.energyJoules = metrics.energy_joules_total ?? edges.energyJoules
  edges.driver = driverOf(reading) || edges.driver
}

const newEdges = (node: string, reading: DeviceReading): DeviceEdges => ({
  node,
  xid: null,
  energyJoules: null,
  driver: '',
  healthCode: null,
  failed: null,
  absentReads: 0,
  isMissing: false,
  isPartition: reading.parent !== null || reading.partition !== null,
  lastTickMs: 0,
})

function observeFailed(edges: DeviceEdges, { key, node, reading }: SeenDevice, say: Say): void {
  const failed = reading.failed === null ? null : clean(reading.failed)
  if (failed !== null && edges.failed === null)
    say(node, key, {
      type: 'device_unreadable',
      code: failed,
      edge: 'open',
      severity: 'critical',
      message: `the tool could not read this device (${failed}) although it read others`,
      message_zh: `工具未能读取该设备（${failed}），但读到了其他设备`,
    })
  if (failed === null && edges.failed !== null)
    say(
      node,
      key,
      closed('device_unreadable', edges.failed, ['the device can be read again', '设备恢复可读']),
    )
  edges.failed = failed
}

/**
 * An XID is the last one since the driver was loaded and stays for weeks, so only a change is news: what is
 * there at first sight may be old, and a restart of the collector must not date it now. A value that is 0 or
 * absent again is not the end of the fault: only a driver restart is.
 */
function observeXid(edges: DeviceEdges, seen: SeenDevice, say: Say): void {
  const { key, node, metrics, reading } = seen
  if (reading.failed !== null) return
  const xid = metrics.xid_code ?? 0
  const before = edges.xid
  edges.xid ??= xid
  if (xid === 0 || xid === before) return
  if (before === null) {
    say(node, key, {
      type: 'xid_at_start',
      code: String(xid),
      edge: 'point',
      severity: 'info',
      message: `XID ${xid} was already there when this collector first read the device; when it happened is not known`,
      message_zh: `采集器首次读取该设备时 XID ${xid} 已存在，发生时间未知`,
    })
    return
  }
  if (before !== 0)
    say(node, key, closed('xid', String(before), [`followed by XID ${xid}`, `随后出现 XID ${xid}`]))
  edges.xid = xid
  say(node, key, {
    type: 'xid',
    code: String(xid),
    edge: 'open',
    severity: 'warning',
    message: `XID ${xid} reported by the driver`,
    message_zh: `驱动报告 XID ${xid}`,
  })
}

function observeHealth(edges: DeviceEdges, { key, node, metrics }: SeenDevice, say: Say): void {
  const code = metrics.health_code ?? null
  if (code === null) return
  const open = edges.healthCode
  if (code >= OPEN_HEALTH && code !== open) {
    if (open !== null)
      say(
        node,
        key,
        closed('health', wordOf(open), [`changed to ${wordOf(code)}`, `变为 ${wordOf(code)}`]),
      )
    edges.healthCode = code
    say(node, key, {
      type: 'health',
      code: wordOf(code),
      edge: 'open',
      severity: code >= HEALTH_CODES.critical ? 'fatal' : 'critical',
      message: `the vendor's health word is ${wordOf(code)}`,
      message_zh: `厂商健康状态为 ${wordOf(code)}`,
    })
  }
  if (code === HEALTH_CODES.ok && open !== null) {
    edges.healthCode = null
    say(
      node,
      key,
      closed('health', wordOf(open), ['the health word is OK again', '健康状态恢复正常']),
    )
  }
}

const wordOf = (code: number) =>
  Object.entries(HEALTH_CODES).find(([, value]) => value === code)?.[0] ?? String(code)

/** Another driver version, or a counter since driver load that fell. */
function isDriverRestart(
  edges: DeviceEdges,
  reading: DeviceReading,
  metrics: MetricValues,
): boolean {
  const driver = driverOf(reading)
  if (driver !== '' && edges.driver !== '' && driver !== edges.driver) return true
  const energy = metrics.energy_joules_total ?? null
  return energy !== null && edges.energyJoules !== null && energy < edges.energyJoules
}

function driverOf({ labels }: DeviceReading): string {
  for (const name in labels) if (/driver/i.test(name)) return labels[name] ?? ''
  return ''
}

const closed = (
  type: string,
  code: string,
  [message, message_zh]: readonly [en: string, zh: string],
): Said => ({ type, code, edge: 'closed', severity: 'info', message, message_zh })

/** Whole devices that a target showed before and no longer shows while it shows others. */
function observeMissing(
  targets: ReadonlyMap<string, TargetEdges>,
  devices: Map<string, DeviceEdges>,
  now: { readonly read: TargetRead; readonly seen: readonly SeenDevice[] },
  say: Say,
): void {
  const shown = new Set(now.seen.map(({ key }) => key))
  for (const key of shown) {
    const edges = devices.get(key)
    if (edges !== undefined) edges.lastTickMs = now.read.tickMs
  }
  for (const [key, edges] of devices) {
    if (edges.isMissing && now.read.tickMs - edges.lastTickMs > FORGET_MS) devices.delete(key)
    if (shown.has(key) || edges.isMissing) continue
    // A new MIG layout takes slices away on purpose.
    if (edges.isPartition || isShownElsewhere(targets, devices, key, now.read)) {
      devices.delete(key)
      continue
    }
    if (shown.size === 0 || ++edges.absentReads < MISSING_AFTER) continue
    edges.isMissing = true
    say(edges.node, key, {
      type: 'device_missing',
      code: '',
      edge: 'open',
      severity: 'critical',
      message: `the device is no longer reported; ${shown.size} others of this target are`,
      message_zh: `设备不再上报；该目标的其他 ${shown.size} 个设备仍在上报`,
    })
  }
}

function isShownElsewhere(
  targets: ReadonlyMap<string, TargetEdges>,
  own: ReadonlyMap<string, DeviceEdges>,
  key: string,
  read: TargetRead,
): boolean {
  for (const { devices } of targets.values()) {
    const edges = devices === own ? undefined : devices.get(key)
    if (edges !== undefined && edges.lastTickMs >= read.tickMs - 2 * read.intervalMs) return true
  }
  return false
}

function closeReplaced(devices: Map<string, DeviceEdges>, key: string, say: Say): void {
  const edges = devices.get(key)
  if (edges?.isMissing === true)
    say(
      edges.node,
      key,
      closed('device_missing', '', ['another device took its place', '其位置已由另一设备占用']),
    )
  devices.delete(key)
}

/** What the output itself states: told when it appears, closed when it no longer does. */
function observeStated(
  before: ReadonlyMap<string, EventRecord>,
  { read, seen }: { readonly read: TargetRead; readonly seen: readonly SeenDevice[] },
  emit: (event: EventRecord) => void,
): Map<string, EventRecord> {
  const now = new Map<string, EventRecord>()
  const keyOf = (key: string | null) =>
    seen.find(({ reading }) => key !== null && reading.keys.includes(key))?.key ?? key
  for (const event of read.interpretation.events.slice(0, STATED_PER_TARGET)) {
    const node = nodeOf(event, read.target)
    const at_ms = event.at_ms > 0 ? event.at_ms : read.tickMs
    const stated = { ...event, node, at_ms, device_key: keyOf(event.device_key), ...cut(event) }
    const name = JSON.stringify([node, stated.device_key, event.type, event.code, event.edge])
    now.set(name, before.get(name) ?? stated)
    if (!before.has(name)) emit(stated)
  }
  for (const [name, event] of before)
    if (!now.has(name) && event.edge === 'open')
      emit({
        ...withoutAdvice(event),
        at_ms: read.tickMs,
        edge: 'closed',
        severity: 'info',
        message: 'no longer reported',
        message_zh: '不再上报',
      })
  return now
}

/** A text too long would cost its whole message: ingest refuses what breaks the contract. */
function cut(event: EventRecord): Partial<EventRecord> {
  const { message, message_zh, action, action_zh } = event
  return {
    message: message.slice(0, TEXT_MAX),
    ...(message_zh === undefined ? {} : { message_zh: message_zh.slice(0, TEXT_MAX) }),
    ...(action === undefined ? {} : { action: action.slice(0, TEXT_MAX) }),
    ...(action_zh === undefined ? {} : { action_zh: action_zh.slice(0, TEXT_MAX) }),
  }
}

/** What is over needs nothing done. */
function withoutAdvice(event: EventRecord): EventRecord {
  const over = { ...event }
  delete over.action
  delete over.action_zh
  return over
}
