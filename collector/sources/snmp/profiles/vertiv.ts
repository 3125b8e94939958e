import type { ProfileData } from '../profile.ts'

const PDU = '1.3.6.1.4.1.476.1.42.3.8'

const ofSource = { device: 1, point: 'inlet/{2}', short: '' }
const ofLine = { device: 1, point: 'phase/{2}-{3}', short: 'phase/{3}' }
const ofReceptacle = { device: 1, point: 'outlet/{2}-{3}' }
const ofSensor = { device: 1, point: 'sensor/{2}' }

/**
 * Liebert PDU. Its energy columns (`…30.20.1.50`, `…50.20.1.85`) are left out: their step is not written down anywhere we
 * could check. A site that has compared one with power over time adds it with `extends: vertiv-pdu`.
 */
export const vertivPdu: ProfileData = {
  name: 'vertiv-pdu',
  about: 'Vertiv and Liebert rack PDUs (LIEBERT-GP-PDU-MIB)',
  enterprise: '1.3.6.1.4.1.476',
  probe: `${PDU}.30.20.1.65`,
  columns: [
    { oid: `${PDU}.30.20.1.65`, to: 'power_watts', unit: 'W', ...ofSource },
    { oid: `${PDU}.30.20.1.90`, to: 'apparent_power_voltamperes', unit: 'VA', ...ofSource },
    { oid: `${PDU}.30.40.1.63`, to: 'power_watts', unit: 'W', ...ofLine },
    { oid: `${PDU}.30.40.1.19`, to: 'voltage_volts', unit: 'V', scale: 0.1, ...ofLine },
    { oid: `${PDU}.30.40.1.22`, to: 'current_amperes', unit: 'A', scale: 0.01, ...ofLine },
    { oid: `${PDU}.50.20.1.65`, to: 'power_watts', unit: 'W', ...ofReceptacle },
    { oid: `${PDU}.50.20.1.61`, to: 'current_amperes', unit: 'A', scale: 0.01, ...ofReceptacle },
    { oid: `${PDU}.50.20.1.56`, to: 'voltage_volts', unit: 'V', scale: 0.1, ...ofReceptacle },
    { oid: `${PDU}.60.10.1.100`, to: 'humidity_ratio', unit: '%', ...ofSensor },
  ],
}
