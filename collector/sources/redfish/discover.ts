import { sameText } from '../../formats/same-text.ts'
import { child, children, type Json, linkOf, typeOf, word } from './json.ts'
import type { LimitPlace } from './limits.ts'
import type { KINDS } from './options.ts'
import { lastSegment } from './points.ts'
import { isOff } from './values.ts'

/** One thing that is read again and again: a resource, or a collection with its members in place. */
export interface Item {
  readonly path: string
  /** Leaks, pumps and flow: read at every tick, not only at full reads. */
  readonly isFast: boolean
  /** Paths of the members, for a device that does not expand after all. */
  readonly members: readonly string[]
}

/** One thing to look into while looking for items. */
export interface Step {
  readonly path: string
  readonly role: Role
  readonly isFast?: boolean
  /** Ids that are read elsewhere already. */
  readonly covered?: readonly string[]
  /** The chassis whose metrics these are. */
  readonly chassis?: Json
  /** The value whose limits are kept there. */
  readonly limitsOf?: LimitPlace
}

type Role =
  | 'root'
  | 'equipment'
  | 'units'
  | 'unit'
  | 'parts'
  | 'leaks'
  | 'chassis-list'
  | 'chassis'
  | 'chassis-metrics'
  | 'thermal'
  | 'power-subsystem'
  | 'supplies'
  | 'supply'
  | 'limits'

/** What a step found. */
export interface Found {
  readonly steps: readonly Step[]
  readonly items: readonly Item[]
}

export interface ExploreContext {
  readonly kinds: readonly (typeof KINDS)[number][]
  /** `.` or `*` where the service fills in members itself, else null. */
  readonly expand: '.' | '*' | null
}

const ROOT = '/redfish/v1/'

/** Where looking begins. */
export const FIRST_STEP: Step = { path: ROOT, role: 'root' }

/** Units of one service, parts of one unit, sensors where nothing else gives a value. */
const UNITS = 64
const PARTS = 256
const SENSORS = 64
const CHASSIS = 16

const UNIT_LISTS = [
  'FloorPDUs',
  'RackPDUs',
  'TransferSwitches',
  'Switchgear',
  'PowerShelves',
  'ElectricalBuses',
  'CDUs',
  'HeatExchangers',
  'ImmersionUnits',
  'CoolingLoops',
] as const

/** Parts of a unit, and whether they are on the fast lane. OutletGroups repeat outlets. */
const PART_LISTS: readonly (readonly [property: string, isFast: boolean])[] = [
  ['Mains', false],
  ['Branches', false],
  ['Feeders', false],
  ['Subfeeds', false],
  ['Outlets', false],
  ['PrimaryCoolantConnectors', true],
  ['SecondaryCoolantConnectors', true],
  ['Pumps', true],
  ['Reservoirs', false],
]

/** Parts of a whole that stands in the list too: boards, modules and cards inside a machine. */
const INNER_CHASSIS = new Set([
  'Component',
  'Module',
  'Card',
  'Cartridge',
  'Expansion',
  'Zone',
  'Other',
])

/** How a service fills in members: `NoLinks` is `.`, which leaves out what is under Links; else everything. */
export function expandOf(root: Json): ExploreContext['expand'] {
  const query = child(child(root, 'ProtocolFeaturesSupported'), 'ExpandQuery')
  if (query['NoLinks'] === true) return '.'
  return query['ExpandAll'] === true ? '*' : null
}

/** What one answer leads to; pure. Paths are the device's own words: whoever asks for them checks that they stay on it. */
export function explore(step: Step, answer: Json, context: ExploreContext): Found {
  return EXPLORERS[step.role](answer, { ...context, ...step })
}

type Explorer = (answer: Json, context: ExploreContext & Step) => Found

const EXPLORERS: Readonly<Record<Role, Explorer>> = {
  root: (answer, { kinds }) => {
    const steps: Step[] = []
    const add = (kind: (typeof KINDS)[number], name: string, role: Role) => {
      if (kinds.includes(kind)) steps.push(...stepTo(answer, name, role))
    }
    add('power', 'PowerEquipment', 'equipment')
    add('cooling', 'ThermalEquipment', 'equipment')
    add('chassis', 'Chassis', 'chassis-list')
    return { steps, items: [] }
  },
  equipment: (answer) => ({
    steps: [
      ...UNIT_LISTS.flatMap((name) => stepTo(answer, name, 'units')),
      ...stepTo(answer, 'LeakDetection', 'leaks'),
    ],
    items: [],
  }),
  units: (answer) => membersAs(answer, 'unit', UNITS),
  unit: (answer, { path }) => ({
    steps: [
      ...stepTo(answer, 'LeakDetection', 'leaks'),
      ...PART_LISTS.flatMap(([name, isFast]) =>
        stepTo(answer, name, 'parts').map((step) => ({ ...step, isFast })),
      ),
      ...stepTo(answer, 'PowerSupplies', 'supplies'),
    ],
    items: [
      ...itemTo(answer, 'Metrics'),
      ...itemTo(answer, 'EnvironmentMetrics'),
      ...('CoolantLevelPercent' in answer ? [item(path)] : []),
    ],
  }),
  parts: exploreParts,
  leaks: exploreLeaks,
  'chassis-list': (answer) => membersAs(answer, 'chassis', CHASSIS),
  chassis: (answer) => {
    if (INNER_CHASSIS.has(word(answer, 'ChassisType'))) return NOTHING
    const metrics = linkOf(answer, 'EnvironmentMetrics')
    const thermal = stepTo(answer, 'ThermalSubsystem', 'thermal')
    if (metrics === '') return joinFound({ steps: thermal, items: [] }, powerOtherwise(answer))
    const look: Step = { path: metrics, role: 'chassis-metrics', chassis: answer }
    return { steps: [look, ...thermal], items: [] }
  },
  'chassis-metrics': (answer, { path, chassis = {} }) => {
    const own = { steps: [], items: [item(path)] }
    const watts = child(answer, 'PowerWatts')['Reading']
    return typeof watts === 'number' ? own : joinFound(own, powerOtherwise(chassis))
  },
  thermal: (answer) => ({
    steps: [
      ...stepTo(answer, 'LeakDetection', 'leaks'),
      ...stepTo(answer, 'Pumps', 'parts').map((step) => ({ ...step, isFast: true })),
    ],
    items: itemTo(answer, 'ThermalMetrics'),
  }),
  'power-subsystem': (answer) => ({
    steps: stepTo(answer, 'PowerSupplies', 'supplies'),
    items: [],
  }),
  supplies: (answer) => membersAs(answer, 'supply', PARTS),
  supply: (answer) => (isOff(answer) ? NOTHING : { steps: [], items: itemTo(answer, 'Metrics') }),
  // Leads nowhere: it says limits.
  limits: () => NOTHING,
}

const NOTHING: Found = { steps: [], items: [] }

const joinFound = (first: Found, second: Found): Found => ({
  steps: [...first.steps, ...second.steps],
  items: [...first.items, ...second.items],
})

const item = (path: string, isFast = false): Item => ({ path, isFast, members: [] })

const itemTo = (answer: Json, name: string): Item[] => {
  const path = linkOf(answer, name)
  return path === '' ? [] : [item(path)]
}

const stepTo = (answer: Json, name: string, role: Role): Step[] => {
  const path = linkOf(answer, name)
  return path === '' ? [] : [{ path, role }]
}

const memberPaths = (answer: Json, limit: number): string[] =>
  children(answer, 'Members')
    .map((member) => word(member, '@odata.id'))
    .filter((path) => path !== '')
    .slice(0, limit)
    .map(sameText)

const membersAs = (answer: Json, role: Role, limit: number): Found => ({
  steps: memberPaths(answer, limit).map((path) => ({ path, role })),
  items: [],
})

/** A list of parts: one question for all where the service fills members in, else one each. */
function exploreParts(
  answer: Json,
  { path, expand, isFast = false, covered = [] }: ExploreContext & Step,
): Found {
  const isSensors = typeOf(answer) === 'SensorCollection'
  const members = memberPaths(answer, isSensors ? SENSORS : PARTS).filter(
    (member) => !covered.includes(lastSegment(member)),
  )
  if (members.length === 0) return NOTHING
  // A whole sensor tree in one answer is what slow controllers break on.
  if (expand === null || isSensors || members.length === 1)
    return { steps: [], items: members.map((member) => item(member, isFast)) }
  return { steps: [], items: [{ path: `${path}?$expand=${expand}($levels=1)`, isFast, members }] }
}

/** The summary has the state of every detector it names; only those it does not name are read one by one. */
function exploreLeaks(answer: Json, { path }: ExploreContext & Step): Found {
  const named = children(answer, 'LeakDetectorGroups').flatMap((group) =>
    children(group, 'Detectors'),
  )
  const covered = named
    .map((one) => lastSegment(word(one, 'DataSourceUri')))
    .filter((id) => id !== '')
  return {
    steps: stepTo(answer, 'LeakDetectors', 'parts').map((step) => ({
      ...step,
      isFast: true,
      covered,
    })),
    items: named.length === 0 ? [] : [item(path, true)],
  }
}

/** Power of a chassis whose metrics have none: its supplies, else the older form, else its sensors. One of them, never two. */
function powerOtherwise(chassis: Json): Found {
  const supplies = stepTo(chassis, 'PowerSubsystem', 'power-subsystem')
  if (supplies.length > 0) return { steps: supplies, items: [] }
  const older = itemTo(chassis, 'Power')
  if (older.length > 0) return { steps: [], items: older }
  return { steps: stepTo(chassis, 'Sensors', 'parts'), items: [] }
}
