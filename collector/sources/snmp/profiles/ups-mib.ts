import type { ProfileData } from '../profile.ts'

const UPS = '1.3.6.1.2.1.33.1'

const ofInputLine = { point: 'input/phase/{1}' }
const ofOutputLine = { point: 'output/phase/{1}' }

/**
 * UPS-MIB (RFC 1628), which UPS of many makers speak. It has no energy counter: energy is power over time. Power stands per
 * line; the side as a whole is the sum of its lines, and there is none while a line is missing.
 */
export const upsMib: ProfileData = {
  name: 'ups-mib',
  about: 'any UPS with UPS-MIB (RFC 1628)',
  probe: `${UPS}.4.4.1.4`,
  columns: [
    { oid: `${UPS}.3.3.1.5`, to: 'power_watts', unit: 'W', point: 'input', combine: 'sum' },
    {
      oid: `${UPS}.3.3.1.2`,
      to: 'frequency_hertz',
      unit: 'Hz',
      scale: 0.1,
      point: 'input',
      combine: 'max',
    },
    { oid: `${UPS}.3.3.1.5`, to: 'power_watts', unit: 'W', ...ofInputLine },
    { oid: `${UPS}.3.3.1.3`, to: 'voltage_volts', unit: 'V', ...ofInputLine },
    { oid: `${UPS}.3.3.1.4`, to: 'current_amperes', unit: 'A', scale: 0.1, ...ofInputLine },
    { oid: `${UPS}.4.4.1.4`, to: 'power_watts', unit: 'W', point: 'output', combine: 'sum' },
    { oid: `${UPS}.4.4.1.5`, to: 'load_ratio', unit: '%', point: 'output', combine: 'max' },
    { oid: `${UPS}.4.2`, to: 'frequency_hertz', unit: 'Hz', scale: 0.1, point: 'output' },
    { oid: `${UPS}.4.4.1.4`, to: 'power_watts', unit: 'W', ...ofOutputLine },
    { oid: `${UPS}.4.4.1.2`, to: 'voltage_volts', unit: 'V', ...ofOutputLine },
    { oid: `${UPS}.4.4.1.3`, to: 'current_amperes', unit: 'A', scale: 0.1, ...ofOutputLine },
    { oid: `${UPS}.2.3`, to: 'battery_runtime_seconds', unit: 'min', point: 'battery' },
    { oid: `${UPS}.2.5`, to: 'voltage_volts', unit: 'V', scale: 0.1, point: 'battery' },
    { oid: `${UPS}.2.7`, to: 'temperature_celsius', unit: 'C', point: 'battery' },
  ],
}
