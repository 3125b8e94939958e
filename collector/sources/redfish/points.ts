import { meterPart } from '#schemas/meter-id.ts'
import { remembered } from '../../formats/same-text.ts'
import { type Json, typeOf, word } from './json.ts'

/** Collections of equipment -> the word before its number where there are several. */
const UNITS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    FloorPDUs: 'floor-pdu',
    RackPDUs: 'pdu',
    TransferSwitches: 'ats',
    Switchgear: 'switchgear',
    PowerShelves: 'shelf',
    ElectricalBuses: 'bus',
    CDUs: 'cdu',
    HeatExchangers: 'hx',
    ImmersionUnits: 'immersion',
    CoolingLoops: 'loop',
    Chassis: 'chassis',
  }),
)

/** Collections of parts -> the word of their points. */
const PARTS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    Mains: 'mains',
    Branches: 'branch',
    Feeders: 'feeder',
    Subfeeds: 'subfeed',
    Outlets: 'outlet',
    PrimaryCoolantConnectors: 'primary',
    SecondaryCoolantConnectors: 'secondary',
    Pumps: 'pump',
    Filters: 'filter',
    Reservoirs: 'reservoir',
    LeakDetectors: 'leak',
    PowerSupplies: 'psu',
    Sensors: 'sensor',
  }),
)

/** Parts by type, for a resource that does not say where it lives. */
const PART_OF_TYPE: ReadonlyMap<string, string> = new Map(
  Object.entries({
    Outlet: 'outlet',
    Circuit: 'branch',
    CoolantConnector: 'connector',
    Pump: 'pump',
    Filter: 'filter',
    Reservoir: 'reservoir',
    LeakDetector: 'leak',
    PowerSupply: 'psu',
    Sensor: 'sensor',
  }),
)

/** Each side of a cooling unit is one point; a second pair of pipes gets a number. */
const SIDES: ReadonlySet<string> = new Set(['primary', 'secondary'])

/**
 * The point a resource is about, by the path of it alone, so that a name never depends on what else was found: the unit
 * whose id is 1, or has no number, is the thing itself; `pdu-2` and so on are written before the part. Null for what
 * repeats others (outlet groups).
 */
export function pointOf(resource: Json): string | null {
  const { point } = placeOf(word(resource, '@odata.id'))
  return point === undefined ? pointByType(resource) : point
}

/** What a path says; undefined = nothing. */
const placeOf = remembered((path): { readonly point: string | null | undefined } => {
  const [place = ''] = path.split('#')
  const segments = place.split('/').filter((segment) => segment !== '')
  if (segments.length < 3) return { point: undefined }
  if (segments.includes('OutletGroups')) return { point: null }
  const at = segments.findIndex((segment) => UNITS.has(segment))
  const id = segments[at + 1]
  if (at === -1 || id === undefined) return { point: partOf(segments) ?? undefined }
  const prefix = unitPrefix(segments[at] ?? '', id)
  return { point: joined(prefix, partOf(segments.slice(at + 2)) ?? '') }
})

const FIRST = /^\D*(0*1\D*)?$/

function unitPrefix(collection: string, id: string): string {
  const unit = UNITS.get(collection) ?? ''
  // Loops are named, not numbered, and stand beside the unit.
  if (unit !== 'loop' && FIRST.test(decoded(id))) return ''
  return meterPart(`${unit}-${decoded(id)}`)
}

function partOf(segments: readonly string[]): string | null {
  for (const [index, segment] of segments.entries()) {
    const part = PARTS.get(segment)
    const id = segments[index + 1]
    if (part === undefined || id === undefined) continue
    const name = meterPart(decoded(id))
    return (SIDES.has(part) && FIRST.test(name)) || name === '' ? part : `${part}/${name}`
  }
  return null
}

function pointByType(resource: Json): string {
  const part = PART_OF_TYPE.get(typeOf(resource)) ?? ('ReadingType' in resource ? 'sensor' : '')
  const id = meterPart(word(resource, 'Id') || word(resource, 'ID'))
  return part === '' ? '' : joined(part, id)
}

/** Two halves of a point; either may be empty. */
export const joined = (first: string, second: string): string =>
  [first, second].filter((half) => half !== '').join('/')

/** A path segment as text; one that cannot be decoded stays as it is. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

/** Last segment of a path: the id of what it leads to. */
export const lastSegment = (path: string): string =>
  decoded(
    path
      .split('/')
      .filter((part) => part !== '')
      .at(-1) ?? '',
  )
