import { LEAK_STATES } from '#schemas/meter-metrics.ts'
import type { Json } from './json.ts'

/** One outlet, or the whole of a PDU: watts, amperes, volts, and a counter in joules. */
export interface SimulatedLoad {
  readonly id: string
  readonly watts: number
  readonly joules: number
  readonly volts?: number
  readonly amperes?: number
}

/** A rack PDU: what its inlet reads, and its outlets. */
export interface SimulatedPdu extends SimulatedLoad {
  readonly celsius?: number
  readonly outlets: readonly SimulatedLoad[]
}

/** One side of a cooling unit. */
export interface SimulatedSide {
  readonly litersPerMinute: number
  readonly ratedLitersPerMinute: number
  readonly supplyCelsius: number
  readonly returnCelsius: number
  readonly supplyPascals: number
  readonly returnPascals: number
  readonly heatWatts: number
}

/** A coolant distribution unit with its own power, both sides, pumps, leak detectors and reservoir. */
export interface SimulatedCdu extends SimulatedLoad {
  readonly dewPointCelsius: number
  readonly primary: SimulatedSide
  readonly secondary: SimulatedSide
  readonly pumps: readonly {
    readonly id: string
    /** 0..1. */
    readonly speed: number
    readonly hours: number
    readonly state: 'running' | 'standby' | 'failed' | 'absent'
  }[]
  readonly leaks: readonly { readonly id: string; readonly state: (typeof LEAK_STATES)[number] }[]
  readonly reservoir: number
}

export interface SimulatedService {
  readonly pdus?: readonly SimulatedPdu[]
  readonly cdus?: readonly SimulatedCdu[]
  /** Whether `$expand` is offered. */
  readonly canExpand?: boolean
}

const V1 = '/redfish/v1'
const link = (path: string): Json => ({ '@odata.id': path })
const KWH = 3.6e6

/** Every resource of a controller with this equipment, by path: same types, properties and units as a real service. */
export function redfishTree(service: SimulatedService): ReadonlyMap<string, Json> {
  const { pdus = [], cdus = [], canExpand = true } = service
  const tree = new Map<string, Json>()
  const put = (path: string, type: string, body: Json) =>
    tree.set(path, { '@odata.id': path, '@odata.type': `#${type}.v1_3_0.${type}`, ...body })
  const list = (path: string, type: string, ids: readonly string[]) => {
    const members = ids.map((id) => link(`${path}/${id}`))
    const body = { 'Members@odata.count': ids.length, Members: members }
    tree.set(path, { '@odata.id': path, '@odata.type': `#${type}.${type}`, ...body })
  }
  put(V1, 'ServiceRoot', {
    RedfishVersion: '1.15.0',
    ProtocolFeaturesSupported: { ExpandQuery: { NoLinks: canExpand, ExpandAll: canExpand } },
    ...(pdus.length > 0 ? { PowerEquipment: link(`${V1}/PowerEquipment`) } : {}),
    ...(cdus.length > 0 ? { ThermalEquipment: link(`${V1}/ThermalEquipment`) } : {}),
    EventService: link(`${V1}/EventService`),
    SessionService: link(`${V1}/SessionService`),
  })
  put(`${V1}/EventService`, 'EventService', {
    ServiceEnabled: true,
    Subscriptions: link(`${V1}/EventService/Subscriptions`),
  })
  const power = `${V1}/PowerEquipment/RackPDUs`
  put(`${V1}/PowerEquipment`, 'PowerEquipment', { RackPDUs: link(power) })
  list(power, 'PowerDistributionCollection', ids(pdus))
  for (const pdu of pdus) putPdu({ put, list }, `${power}/${pdu.id}`, pdu)
  const cooling = `${V1}/ThermalEquipment/CDUs`
  put(`${V1}/ThermalEquipment`, 'ThermalEquipment', { CDUs: link(cooling) })
  list(cooling, 'CoolingUnitCollection', ids(cdus))
  for (const cdu of cdus) putCdu({ put, list }, `${cooling}/${cdu.id}`, cdu)
  return tree
}

interface Writer {
  readonly put: (path: string, type: string, body: Json) => void
  readonly list: (path: string, type: string, ids: readonly string[]) => void
}

const ids = (things: readonly { readonly id: string }[]) => things.map(({ id }) => id)

const ENABLED: Json = { Status: { State: 'Enabled', Health: 'OK' } }

const electric = ({ watts, joules, volts, amperes }: SimulatedLoad): Json => ({
  PowerWatts: { Reading: watts },
  EnergykWh: { Reading: joules / KWH },
  ...(volts === undefined ? {} : { Voltage: { Reading: volts } }),
  ...(amperes === undefined ? {} : { CurrentAmps: { Reading: amperes } }),
})

function putPdu({ put, list }: Writer, path: string, pdu: SimulatedPdu): void {
  put(path, 'PowerDistribution', {
    Id: pdu.id,
    EquipmentType: 'RackPDU',
    FirmwareVersion: '4.3.0',
    ...ENABLED,
    Metrics: link(`${path}/Metrics`),
    Outlets: link(`${path}/Outlets`),
  })
  const air = pdu.celsius === undefined ? {} : { TemperatureCelsius: { Reading: pdu.celsius } }
  put(`${path}/Metrics`, 'PowerDistributionMetrics', { Id: 'Metrics', ...electric(pdu), ...air })
  list(`${path}/Outlets`, 'OutletCollection', ids(pdu.outlets))
  for (const outlet of pdu.outlets)
    put(`${path}/Outlets/${outlet.id}`, 'Outlet', {
      Id: outlet.id,
      ...ENABLED,
      ...electric(outlet),
    })
}

const STATUS = {
  running: { State: 'Enabled', Health: 'OK' },
  standby: { State: 'StandbySpare', Health: 'OK' },
  failed: { State: 'Enabled', Health: 'Critical' },
  absent: { State: 'Absent' },
} as const

function putCdu({ put, list }: Writer, path: string, cdu: SimulatedCdu): void {
  put(path, 'CoolingUnit', {
    Id: cdu.id,
    EquipmentType: 'CDU',
    FirmwareVersion: '1.0.0',
    ...ENABLED,
    EnvironmentMetrics: link(`${path}/EnvironmentMetrics`),
    PrimaryCoolantConnectors: link(`${path}/PrimaryCoolantConnectors`),
    SecondaryCoolantConnectors: link(`${path}/SecondaryCoolantConnectors`),
    Pumps: link(`${path}/Pumps`),
    Reservoirs: link(`${path}/Reservoirs`),
    LeakDetection: link(`${path}/LeakDetection`),
  })
  put(`${path}/EnvironmentMetrics`, 'EnvironmentMetrics', {
    ...electric(cdu),
    DewPointCelsius: { Reading: cdu.dewPointCelsius },
  })
  for (const [name, side] of [
    ['PrimaryCoolantConnectors', cdu.primary],
    ['SecondaryCoolantConnectors', cdu.secondary],
  ] as const) {
    list(`${path}/${name}`, 'CoolantConnectorCollection', ['1'])
    put(`${path}/${name}/1`, 'CoolantConnector', { Id: '1', ...ENABLED, ...connector(side) })
  }
  list(`${path}/Pumps`, 'PumpCollection', ids(cdu.pumps))
  for (const { id, speed, hours, state } of cdu.pumps)
    put(`${path}/Pumps/${id}`, 'Pump', {
      Id: id,
      Status: STATUS[state],
      PumpSpeedPercent: { Reading: speed * 100 },
      ServiceHours: hours,
    })
  list(`${path}/Reservoirs`, 'ReservoirCollection', ['1'])
  const level = { FluidLevelPercent: { Reading: cdu.reservoir * 100 } }
  put(`${path}/Reservoirs/1`, 'Reservoir', { Id: '1', ...ENABLED, ...level })
  putLeaks({ put, list }, `${path}/LeakDetection`, cdu.leaks)
}

const connector = (side: SimulatedSide): Json => ({
  FlowLitersPerMinute: { Reading: side.litersPerMinute },
  RatedFlowLitersPerMinute: side.ratedLitersPerMinute,
  SupplyTemperatureCelsius: { Reading: side.supplyCelsius },
  ReturnTemperatureCelsius: { Reading: side.returnCelsius },
  SupplyPressurekPa: { Reading: side.supplyPascals / 1000 },
  ReturnPressurekPa: { Reading: side.returnPascals / 1000 },
  HeatRemovedkW: { Reading: side.heatWatts / 1000 },
})

const WORDS: Readonly<Record<(typeof LEAK_STATES)[number], string>> = {
  ok: 'OK',
  warning: 'Warning',
  critical: 'Critical',
  unavailable: 'Unavailable',
  absent: 'Absent',
}

function putLeaks({ put, list }: Writer, path: string, leaks: SimulatedCdu['leaks']): void {
  const detectors = leaks.map(({ id, state }) => ({
    DataSourceUri: `${path}/LeakDetectors/${id}`,
    DeviceName: `Leak detector ${id}`,
    DetectorState: WORDS[state],
  }))
  put(path, 'LeakDetection', {
    ...ENABLED,
    LeakDetectorGroups: [{ GroupName: 'Inside', Detectors: detectors }],
    LeakDetectors: link(`${path}/LeakDetectors`),
  })
  list(`${path}/LeakDetectors`, 'LeakDetectorCollection', ids(leaks))
  for (const { id, state } of leaks)
    put(`${path}/LeakDetectors/${id}`, 'LeakDetector', {
      Id: id,
      ...ENABLED,
      LeakDetectorType: 'Moisture',
      DetectorState: WORDS[state],
    })
}
