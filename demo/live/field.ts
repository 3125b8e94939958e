import type {
  FieldIo,
  FieldResponse,
  ModbusIo,
  SnmpIo,
  SnmpVariable,
} from '../../collector/field-io.ts'
import { below } from '../../collector/formats/oid.ts'
import { redfishTree } from '../../collector/sources/redfish/simulate.ts'
import type { UnitState } from '../facility/cooling.ts'
import type { FacilityModel } from '../facility/model.ts'
import { roomDewPoint } from '../facility/readings.ts'
import { pduName, unitMeter } from '../facility/site.ts'
import type { FacilityMoments } from './facility-moments.ts'
import { rackPduVariables } from './rack-pdu.ts'
import type { CduRegisters } from './cdu-registers.ts'

export interface FieldDeps {
  readonly live: FacilityMoments
  readonly registers: CduRegisters
  readonly wallMs: () => number
}

const NOTHING = new Uint8Array(0)

/** Devices of the simulated site as their protocols show them: PDUs by SNMP, cooling units by Redfish and Modbus. */
export function createField({ live, registers, wallMs }: FieldDeps): FieldIo {
  const { site } = live.facility
  const pdus = new Set(
    site.racks
      .filter(({ isSnmp }) => isSnmp)
      .flatMap((rack) => [pduName(rack, 'a'), pduName(rack, 'b')]),
  )
  const unitOf = (host: string, protocol: 'redfish' | 'modbus'): UnitState | null => {
    const unit = site.units.find((one) => one.name === host && one.protocol === protocol)
    return (unit && live.at(wallMs()).units[unit.index]) ?? null
  }
  const pduVariables = (host: string): SnmpVariable[] | null => {
    if (!pdus.has(host)) return null
    live.at(wallMs())
    const { power_watts: watts, energy_joules_total: joules } = live.facility.reading(host)
    return rackPduVariables({ name: host, watts: watts ?? 0, joules: joules ?? 0 })
  }
  return {
    snmp: snmpOf(pduVariables),
    modbus: modbusOf((host) => {
      const state = unitOf(host, 'modbus')
      return state === null
        ? null
        : registers(state, live.at(wallMs()).weather, live.facility.reading(unitMeter(state.unit)))
    }),
    async request(url) {
      const { hostname, pathname } = new URL(url)
      const state = unitOf(hostname, 'redfish')
      if (state === null) return response(null, '', 'refused')
      const { weather } = live.at(wallMs())
      const path = pathname.replace(/\/$/, '')
      const found = redfishOf(state, live.facility, roomDewPoint(weather)).get(path)
      return found === undefined ? response(404, '{}') : response(200, JSON.stringify(found))
    },
    hear: () => Promise.reject(new Error('Nobody pushes anything in the simulated site.')),
  }
}

const response = (
  status: number | null,
  body: string,
  failure: FieldResponse['failure'] = null,
): FieldResponse => ({
  status,
  body: body === '' ? NOTHING : Buffer.from(body, 'utf8'),
  failure,
  headers: { 'content-type': 'application/json' },
})

function snmpOf(variablesOf: (host: string) => SnmpVariable[] | null): SnmpIo {
  return {
    async get({ host }, oids) {
      const variables = variablesOf(host)
      if (variables === null) return { variables: [], failure: 'timeout' }
      const byOid = new Map(variables.map((variable) => [variable.oid, variable]))
      return {
        variables: oids.map((oid) => byOid.get(oid) ?? { oid, value: { kind: 'none' } }),
        failure: null,
      }
    },
    async walk({ host }, roots) {
      const variables = variablesOf(host)
      if (variables === null) return { variables: [], failure: 'timeout' }
      const own = variables.filter(({ oid }) => roots.some((root) => below(root, oid) !== null))
      return { variables: own, failure: null }
    },
    traps: () => Promise.reject(new Error('Nobody sends traps in the simulated site.')),
    addressOf: () => null,
  }
}

/** The registers of a host that answers; null where none does. */
type RegistersOf = (host: string) => ReturnType<CduRegisters> | null

function modbusOf(registersOf: RegistersOf): ModbusIo {
  return {
    async read({ host }, ranges) {
      const words = registersOf(host)
      if (words === null) return { ranges: [], failure: 'refused', exception: null }
      const known = new Map(
        words.map((word) => [`${word.unit}/${word.function}/${word.address}`, word.value]),
      )
      return {
        ranges: ranges.map(({ unit, function: table, address, count }) =>
          Array.from(
            { length: count },
            (_, at) => known.get(`${unit}/${table}/${address + at}`) ?? 0,
          ),
        ),
        failure: null,
        exception: null,
      }
    },
  }
}

function redfishOf(state: UnitState, facility: FacilityModel, dewPointCelsius: number) {
  const { unit, primary, secondary, pumps, heatWatts, reservoirRatio } = state
  const { power_watts: watts, energy_joules_total: joules } = facility.reading(unitMeter(unit))
  return redfishTree({
    cdus: [
      {
        id: '1',
        watts: watts ?? 0,
        joules: joules ?? 0,
        dewPointCelsius,
        primary: { ...primary, heatWatts },
        secondary: { ...secondary, heatWatts },
        pumps: pumps.map((pump, at) => ({ id: String(at + 1), ...pump })),
        leaks: ['1', '2'].map((id) => ({ id, state: 'ok' })),
        reservoir: reservoirRatio,
      },
    ],
  })
}
