import type { ProfileData } from '../profile.ts'

const PDU2 = '1.3.6.1.4.1.13742.6'
const OLD = '1.3.6.1.4.1.13742.4.1'

/** SensorTypeEnumeration of PDU2-MIB, as far as a row of it is a metric of ours. */
const ELECTRIC = {
  1: 'current_amperes',
  4: 'voltage_volts',
  5: 'power_watts',
  6: 'apparent_power_voltamperes',
  7: 'power_factor_ratio',
  8: 'energy_joules_total',
  23: 'frequency_hertz',
} as const
/** SensorUnitsEnumeration of PDU2-MIB. */
const UNITS = {
  '-1': 'ratio',
  1: 'V',
  2: 'A',
  3: 'W',
  4: 'VA',
  5: 'Wh',
  7: 'C',
  8: 'Hz',
  9: '%',
  14: 'F',
} as const
/** TruthValue: false. A sensor that is not there prints 0. */
const NOT_THERE = [2]
/** SensorStateEnumeration: unavailable. */
const UNAVAILABLE = [-1]

/** A table of measurements: `.3` state, `.4` value; digits and units of each row stand in the configuration part. */
const table = (part: string, config: string) => ({
  oid: `${PDU2}.5.${part}.3.1.4`,
  types: { by: 3, of: ELECTRIC },
  units: { oid: `${PDU2}.3.${config}.4.1.6`, names: UNITS },
  digits: `${PDU2}.3.${config}.4.1.7`,
  device: 1,
  unless: { oid: `${PDU2}.5.${part}.3.1.2`, is: NOT_THERE },
  invalid: [],
})

const EXTERNAL_TYPE = `${PDU2}.3.6.3.1.2`
const EXTERNAL_STATE = `${PDU2}.5.5.3.1.3`
/** A water sensor is normal or alarmed; one that cannot say is unavailable, which is not ok. */
const WATER_STATES = { '-1': 3, 4: 0, 5: 1, 6: 2, 9: 2, 10: 0, 11: 2 }

/** PDU2-MIB: every value is an integer to be divided by 10^digits, with its unit, both read from the device. */
export const raritanPdu2: ProfileData = {
  name: 'raritan-pdu2',
  about: 'Raritan and Legrand PX2, PX3 and later (PDU2-MIB)',
  enterprise: '1.3.6.1.4.1.13742',
  probe: `${PDU2}.5.2.3.1.4`,
  columns: [
    { ...table('2', '3'), point: 'inlet/{2}', short: '' },
    { ...table('3', '4'), point: 'branch/{2}' },
    { ...table('4', '5'), point: 'outlet/{2}' },
    {
      oid: `${PDU2}.5.5.3.1.4`,
      types: { by: EXTERNAL_TYPE, of: { 10: 'temperature_celsius', 11: 'humidity_ratio' } },
      units: { oid: `${PDU2}.3.6.3.1.16`, names: UNITS },
      digits: `${PDU2}.3.6.3.1.17`,
      device: 1,
      point: 'sensor/{2}',
      unless: { oid: EXTERNAL_STATE, is: UNAVAILABLE },
      invalid: [],
    },
    {
      oid: EXTERNAL_STATE,
      types: { by: EXTERNAL_TYPE, of: { 17: 'leak_state' } },
      unit: 'code',
      values: WATER_STATES,
      otherwise: 3,
      device: 1,
      point: 'leak/{2}',
      invalid: [],
      fast: true,
    },
  ],
}

/** PDU-MIB, the first generation: voltages in mV, watts, watt-hours. */
export const raritanPdu: ProfileData = {
  name: 'raritan-pdu',
  about: 'Raritan Dominion PX, first generation (PDU-MIB)',
  enterprise: '1.3.6.1.4.1.13742',
  probe: `${OLD}.20.2.1.9`,
  columns: [
    { oid: `${OLD}.20.2.1.9`, to: 'power_watts', unit: 'W', point: 'inlet/{1}', short: '' },
    { oid: `${OLD}.20.2.1.8`, to: 'voltage_volts', unit: 'mV', point: 'inlet/{1}', short: '' },
    { oid: `${OLD}.2.2.1.6`, to: 'voltage_volts', unit: 'mV', point: 'outlet/{1}' },
    { oid: `${OLD}.2.2.1.7`, to: 'power_watts', unit: 'W', point: 'outlet/{1}' },
    { oid: `${OLD}.2.2.1.31`, to: 'energy_joules_total', unit: 'Wh', point: 'outlet/{1}' },
  ],
}
