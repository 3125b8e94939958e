import type { SimulatedVariable } from '../../collector/sources/snmp/simulate.ts'
import type { Wrong } from './fleet.ts'

/** A cooling unit that speaks SNMP: no maker's, because what they publish has no common form. */
const ROOT = '1.3.6.1.4.1.99999'
const COLUMN = `${ROOT}.1`
export const TRAP = `${ROOT}.0.1`

/** The profile as a site would write it. */
export const COOLING_PROFILE = {
  name: 'bench-cdu',
  enterprise: ROOT,
  probe: `${COLUMN}.1`,
  columns: [
    { oid: `${COLUMN}.1`, to: 'flow_liters_per_minute', unit: 'L/min', point: 'secondary' },
    { oid: `${COLUMN}.2`, to: 'rated_flow_liters_per_minute', unit: 'L/min', point: 'secondary' },
    { oid: `${COLUMN}.3`, to: 'leak_state', unit: 'code', point: 'leak/1' },
    { oid: `${COLUMN}.4`, to: 'pump_state', unit: 'code', point: 'pump/1' },
    { oid: `${COLUMN}.5`, to: 'supply_temperature_celsius', unit: 'C', point: 'secondary' },
    { oid: `${COLUMN}.6`, to: 'return_temperature_celsius', unit: 'C', point: 'secondary' },
    { oid: `${COLUMN}.7`, to: 'power_watts', unit: 'W' },
    { oid: `${COLUMN}.8`, to: 'energy_joules_total', unit: 'kWh' },
  ],
} as const

/** What such a unit says. */
export function coolingVariables(name: string, wrong: Wrong): SimulatedVariable[] {
  const values = [
    wrong.has('flow') ? 40 : 1100,
    1200,
    wrong.has('leak') ? 2 : 0,
    wrong.has('pump') ? 2 : 0,
    31,
    41,
    4200,
    91_000,
  ]
  return [
    { oid: '1.3.6.1.2.1.1.1.0', type: 'STRING', value: 'Simulated cooling unit' },
    { oid: '1.3.6.1.2.1.1.2.0', type: 'OID', value: ROOT },
    { oid: '1.3.6.1.2.1.1.5.0', type: 'STRING', value: name },
    ...values.map((value, at): SimulatedVariable => ({
      oid: `${COLUMN}.${at + 1}.0`,
      type: 'INTEGER',
      value,
    })),
  ]
}
