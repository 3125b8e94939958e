import type { ProfileData } from '../profile.ts'

const PDU = '1.3.6.1.4.1.318.1.1.26'
const UPS = '1.3.6.1.4.1.318.1.1.1'

/** Rows count on through a chain of PDUs: which PDU, and which phase of it, stand in columns of their own. */
const ofDevice = { device: `${PDU}.4.3.1.2` }
const ofPhase = { device: `${PDU}.6.3.1.2`, number: `${PDU}.6.3.1.3`, point: 'phase/{#}' }
const ofBank = { device: `${PDU}.8.3.1.2`, number: `${PDU}.8.3.1.3`, point: 'branch/{#}' }
const ofSensor = { device: `${PDU}.10.2.2.1.2`, number: `${PDU}.10.2.2.1.4`, point: 'sensor/{#}' }

/** PowerNet-MIB, rPDU2: power in steps of 10 W, energy in steps of 0.1 kWh that a user can reset, -1 = not supported. */
export const apcRpdu2: ProfileData = {
  name: 'apc-rpdu2',
  about: 'APC rack PDUs, second generation',
  enterprise: '1.3.6.1.4.1.318',
  probe: `${PDU}.4.3.1.5`,
  columns: [
    { oid: `${PDU}.4.3.1.5`, to: 'power_watts', unit: 'W', scale: 10, ...ofDevice },
    {
      oid: `${PDU}.4.3.1.16`,
      to: 'apparent_power_voltamperes',
      unit: 'VA',
      scale: 10,
      ...ofDevice,
    },
    { oid: `${PDU}.4.3.1.17`, to: 'power_factor_ratio', unit: 'ratio', scale: 0.01, ...ofDevice },
    { oid: `${PDU}.4.3.1.9`, to: 'energy_joules_total', unit: 'kWh', scale: 0.1, ...ofDevice },
    { oid: `${PDU}.6.3.1.7`, to: 'power_watts', unit: 'W', scale: 10, ...ofPhase },
    { oid: `${PDU}.6.3.1.8`, to: 'apparent_power_voltamperes', unit: 'VA', scale: 10, ...ofPhase },
    { oid: `${PDU}.6.3.1.9`, to: 'power_factor_ratio', unit: 'ratio', scale: 0.01, ...ofPhase },
    { oid: `${PDU}.6.3.1.6`, to: 'voltage_volts', unit: 'V', ...ofPhase },
    { oid: `${PDU}.6.3.1.5`, to: 'current_amperes', unit: 'A', scale: 0.1, ...ofPhase },
    { oid: `${PDU}.8.3.1.5`, to: 'current_amperes', unit: 'A', scale: 0.1, ...ofBank },
    { oid: `${PDU}.10.2.2.1.8`, to: 'temperature_celsius', unit: 'C', scale: 0.1, ...ofSensor },
    { oid: `${PDU}.10.2.2.1.10`, to: 'humidity_ratio', unit: '%', ...ofSensor },
  ],
}

/** PowerNet-MIB, UPS: the input side counts in kW, the output side in W. */
export const apcUps: ProfileData = {
  name: 'apc-ups',
  about: 'APC UPS',
  enterprise: '1.3.6.1.4.1.318',
  probe: `${UPS}.4.2.8`,
  columns: [
    { oid: `${UPS}.3.2.12`, to: 'power_watts', unit: 'kW', point: 'input' },
    { oid: `${UPS}.3.2.11`, to: 'apparent_power_voltamperes', unit: 'kVA', point: 'input' },
    { oid: `${UPS}.3.2.15`, to: 'energy_joules_total', unit: 'kWh', point: 'input' },
    { oid: `${UPS}.3.2.1`, to: 'voltage_volts', unit: 'V', point: 'input' },
    { oid: `${UPS}.3.2.4`, to: 'frequency_hertz', unit: 'Hz', point: 'input' },
    { oid: `${UPS}.4.2.8`, to: 'power_watts', unit: 'W', point: 'output' },
    { oid: `${UPS}.4.2.9`, to: 'apparent_power_voltamperes', unit: 'VA', point: 'output' },
    { oid: `${UPS}.4.2.12`, to: 'energy_joules_total', unit: 'kWh', point: 'output' },
    { oid: `${UPS}.4.2.1`, to: 'voltage_volts', unit: 'V', point: 'output' },
    { oid: `${UPS}.4.2.2`, to: 'frequency_hertz', unit: 'Hz', point: 'output' },
    { oid: `${UPS}.4.2.4`, to: 'current_amperes', unit: 'A', point: 'output' },
    { oid: `${UPS}.4.2.18`, to: 'load_ratio', unit: '%', point: 'output' },
    { oid: `${UPS}.2.2.2`, to: 'temperature_celsius', unit: 'C', point: 'battery' },
    { oid: `${UPS}.2.2.3`, to: 'battery_runtime_seconds', unit: 'timeticks', point: 'battery' },
    { oid: `${UPS}.2.2.8`, to: 'voltage_volts', unit: 'V', point: 'battery' },
  ],
}
