import type { SnmpVariable } from '../../collector/field-io.ts'

/** What a simulated rack PDU shows at its inlet. */
export interface RackPdu {
  readonly name: string
  readonly watts: number
  readonly joules: number
}

const SYSTEM = '1.3.6.1.2.1.1'
const PDU2 = '1.3.6.1.4.1.13742.6'
/** Inlet 1 of PDU 1. */
const INLET = '1.1'
const JOULES_PER_WH = 3_600
const VOLTS = 400
const POWER_FACTOR = 0.98
/** SensorTypeEnumeration and SensorUnitsEnumeration of PDU2-MIB. */
const ROWS = {
  current: { type: 1, unit: 2, digits: 2 },
  voltage: { type: 4, unit: 1, digits: 0 },
  power: { type: 5, unit: 3, digits: 0 },
  powerFactor: { type: 7, unit: -1, digits: 2 },
  energy: { type: 8, unit: 5, digits: 0 },
} as const
type Row = (typeof ROWS)[keyof typeof ROWS]

/** A PDU by PDU2-MIB: integers with digits and units of their own, energy in steps of 1 Wh. */
export function rackPduVariables({ name, watts, joules }: RackPdu): SnmpVariable[] {
  const amperes = watts / (Math.sqrt(3) * VOLTS * POWER_FACTOR)
  return [
    { oid: `${SYSTEM}.1.0`, value: { kind: 'text', text: 'Simulated rack PDU' } },
    { oid: `${SYSTEM}.2.0`, value: { kind: 'oid', text: PDU2 } },
    { oid: `${SYSTEM}.5.0`, value: { kind: 'text', text: name } },
    ...row(ROWS.current, amperes),
    ...row(ROWS.voltage, VOLTS),
    ...row(ROWS.power, watts),
    ...row(ROWS.powerFactor, POWER_FACTOR),
    ...row(ROWS.energy, joules / JOULES_PER_WH),
  ]
}

function row({ type, unit, digits }: Row, value: number): SnmpVariable[] {
  const at = (column: string, number: number): SnmpVariable => ({
    oid: `${PDU2}.${column}.${INLET}.${type}`,
    value: { kind: 'integer', number },
  })
  return [
    at('3.3.4.1.6', unit),
    at('3.3.4.1.7', digits),
    // It is there, and this is its value.
    at('5.2.3.1.2', 1),
    at('5.2.3.1.4', Math.round(value * 10 ** digits)),
  ]
}
