import { LEAK_STATES } from '#schemas/meter-metrics.ts'
import type { MeterReading } from '#schemas/reading.ts'
import type { EventRecord } from '#schemas/records.ts'
import { SOURCE_NAME } from './faults.ts'
import { children, type Json, linkOf, word } from './json.ts'
import { pointOf } from './points.ts'
import { readingOf } from './readings.ts'

/** Events of one push that are taken. */
const EVENTS = 64
const TEXT = 512

/** What one push of a device means. */
export interface Pushed {
  /** Leaks that the messages themselves state. */
  readonly meters: readonly MeterReading[]
  readonly events: readonly EventRecord[]
  /** Resources that changed: to be asked for at once. */
  readonly origins: readonly string[]
}

/** The token a push carries; a sender that does not know it is nobody we subscribed with. */
export const contextOf = (push: Json): string => word(push, 'Context')

/** A push of a subscribed device, as readings and events of it; pure. Logins and other notes are left out. */
export function readPush(
  push: Json,
  about: { readonly node: string; readonly atMs: number },
): Pushed {
  const meters: MeterReading[] = []
  const events: EventRecord[] = []
  const origins = new Set<string>()
  for (const event of children(push, 'Events').slice(0, EVENTS)) {
    const code = word(event, 'MessageId').slice(0, 200)
    const origin = linkOf(event, 'OriginOfCondition') || word(event, 'OriginOfCondition')
    const isOfEquipment = /\/(PowerEquipment|ThermalEquipment|Chassis)\//.test(origin)
    const severity = severityOf(event)
    if (isOfEquipment) origins.add(origin)
    meters.push(...leakOf(code, origin))
    if (severity === 'info' && !isOfEquipment) continue
    events.push({
      kind: 'event',
      at_ms: about.atMs,
      node: about.node,
      device_key: null,
      source: SOURCE_NAME,
      type: 'redfish_event',
      code: code === '' ? 'unknown' : code,
      severity,
      edge: 'point',
      message: messageOf(event, origin),
    })
  }
  return { meters, events, origins: [...origins] }
}

/** `Environmental.1.1.0.LeakDetectedWarning`, about the detector it came from. */
function leakOf(code: string, origin: string): MeterReading[] {
  const said = /\.LeakDetected(Normal|Warning|Critical)$/.exec(code)?.[1]?.toLowerCase()
  const point = pointOf({ '@odata.id': origin })
  if (said === undefined || point === null || !/(^|\/)leak\//.test(point)) return []
  const state = said === 'normal' ? 'ok' : said
  return readingOf(point, { leak_state: LEAK_STATES.findIndex((one) => one === state) })
}

function severityOf(event: Json): 'info' | 'warning' | 'critical' {
  const said = (word(event, 'MessageSeverity') || word(event, 'Severity')).toLowerCase()
  return said === 'critical' ? 'critical' : said === 'warning' ? 'warning' : 'info'
}

function messageOf(event: Json, origin: string): string {
  const said = word(event, 'Message')
    .replaceAll(/\p{Cc}+/gu, ' ')
    .trim()
  const text = said === '' ? 'the device sent an event without a message' : said
  return `${text.slice(0, TEXT)}${origin === '' ? '' : ` (${origin.slice(0, 200)})`}`
}
