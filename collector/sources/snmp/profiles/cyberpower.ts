import type { ProfileData } from '../profile.ts'

const PDU = '1.3.6.1.4.1.3808.1.1.6'
const UPS = '1.3.6.1.4.1.3808.1.1.1'
const ENVIRONMENT = '1.3.6.1.4.1.3808.1.1.4'

const ofDevice = { device: `${PDU}.3.4.1.2` }
const ofPhase = { device: `${PDU}.4.4.1.2`, number: `${PDU}.4.4.1.3`, point: 'phase/{#}' }
const ofBank = { device: `${PDU}.5.4.1.2`, number: `${PDU}.5.4.1.3`, point: 'branch/{#}' }
const ofOutlet = { device: `${PDU}.6.2.4.1.2`, number: `${PDU}.6.2.4.1.3`, point: 'outlet/{#}' }

/**
 * ePDU2. `…3.4.1.5` is a current although its text says power. The totals of a daisy chain (`…6.8.2`, `…6.8.3`) repeat its
 * devices and are not read.
 */
export const cyberpowerPdu: ProfileData = {
  name: 'cyberpower-pdu',
  about: 'CyberPower rack PDUs (ePDU2)',
  enterprise: '1.3.6.1.4.1.3808',
  probe: `${PDU}.3.4.1.18`,
  columns: [
    { oid: `${PDU}.3.4.1.18`, to: 'power_watts', unit: 'W', ...ofDevice },
    { oid: `${PDU}.3.4.1.15`, to: 'apparent_power_voltamperes', unit: 'VA', ...ofDevice },
    { oid: `${PDU}.3.4.1.16`, to: 'power_factor_ratio', unit: 'ratio', scale: 0.01, ...ofDevice },
    { oid: `${PDU}.3.4.1.5`, to: 'current_amperes', unit: 'A', scale: 0.1, ...ofDevice },
    { oid: `${PDU}.3.4.1.9`, to: 'energy_joules_total', unit: 'kWh', scale: 0.1, ...ofDevice },
    { oid: `${PDU}.4.4.1.5`, to: 'current_amperes', unit: 'A', scale: 0.1, ...ofPhase },
    { oid: `${PDU}.4.4.1.6`, to: 'voltage_volts', unit: 'V', scale: 0.1, ...ofPhase },
    { oid: `${PDU}.4.4.1.7`, to: 'power_watts', unit: 'W', ...ofPhase },
    { oid: `${PDU}.5.4.1.5`, to: 'current_amperes', unit: 'A', scale: 0.1, ...ofBank },
    { oid: `${PDU}.6.2.4.1.6`, to: 'current_amperes', unit: 'A', scale: 0.1, ...ofOutlet },
    { oid: `${PDU}.6.2.4.1.7`, to: 'power_watts', unit: 'W', ...ofOutlet },
    { oid: `${PDU}.6.2.4.1.11`, to: 'energy_joules_total', unit: 'kWh', scale: 0.1, ...ofOutlet },
    {
      oid: `${ENVIRONMENT}.2.6`,
      to: 'temperature_celsius',
      unit: 'C',
      scale: 0.1,
      point: 'sensor/1',
    },
    { oid: `${ENVIRONMENT}.3.1`, to: 'humidity_ratio', unit: '%', point: 'sensor/1' },
  ],
}

/** The UPS part of CPS-MIB. Input power stands per phase without a stated unit and is not read. */
export const cyberpowerUps: ProfileData = {
  name: 'cyberpower-ups',
  about: 'CyberPower UPS',
  enterprise: '1.3.6.1.4.1.3808',
  probe: `${UPS}.4.2.5`,
  columns: [
    { oid: `${UPS}.3.2.1`, to: 'voltage_volts', unit: 'V', scale: 0.1, point: 'input' },
    { oid: `${UPS}.3.2.4`, to: 'frequency_hertz', unit: 'Hz', scale: 0.1, point: 'input' },
    { oid: `${UPS}.4.2.1`, to: 'voltage_volts', unit: 'V', scale: 0.1, point: 'output' },
    { oid: `${UPS}.4.2.2`, to: 'frequency_hertz', unit: 'Hz', scale: 0.1, point: 'output' },
    { oid: `${UPS}.4.2.3`, to: 'load_ratio', unit: '%', point: 'output' },
    { oid: `${UPS}.4.2.4`, to: 'current_amperes', unit: 'A', scale: 0.1, point: 'output' },
    { oid: `${UPS}.4.2.5`, to: 'power_watts', unit: 'W', point: 'output' },
    { oid: `${UPS}.4.2.6`, to: 'energy_joules_total', unit: 'kWh', scale: 0.1, point: 'output' },
    { oid: `${UPS}.2.2.2`, to: 'voltage_volts', unit: 'V', scale: 0.1, point: 'battery' },
    { oid: `${UPS}.2.2.3`, to: 'temperature_celsius', unit: 'C', point: 'battery' },
    { oid: `${UPS}.2.2.4`, to: 'battery_runtime_seconds', unit: 'timeticks', point: 'battery' },
  ],
}
