import type { ProfileData } from '../profile.ts'

const ST4 = '1.3.6.1.4.1.1718.4.1'

const ofCord = { device: 1, point: 'inlet/{2}', short: '' }
const ofLine = { device: 1, point: 'line/{2}-{3}', short: 'line/{3}' }
const ofPhase = { device: 1, point: 'phase/{2}-{3}', short: 'phase/{3}' }
const ofBranch = { device: 1, point: 'branch/{2}-{3}', short: 'branch/{3}' }
const ofOutlet = { device: 1, point: 'outlet/{2}-{3}', short: 'outlet/{3}' }

/** Sentry4-MIB: energy counts in 0.1 kWh at the cord and the phase, in Wh at the outlet. */
export const servertechSentry4: ProfileData = {
  name: 'servertech-sentry4',
  about: 'Server Technology PRO2 and later (Sentry4-MIB)',
  enterprise: '1.3.6.1.4.1.1718',
  probe: `${ST4}.3.3.1.3`,
  columns: [
    { oid: `${ST4}.3.3.1.3`, to: 'power_watts', unit: 'W', ...ofCord },
    { oid: `${ST4}.3.3.1.5`, to: 'apparent_power_voltamperes', unit: 'VA', ...ofCord },
    { oid: `${ST4}.3.3.1.7`, to: 'load_ratio', unit: '%', scale: 0.1, ...ofCord },
    { oid: `${ST4}.3.3.1.8`, to: 'power_factor_ratio', unit: 'ratio', scale: 0.01, ...ofCord },
    { oid: `${ST4}.3.3.1.10`, to: 'energy_joules_total', unit: 'kWh', scale: 0.1, ...ofCord },
    { oid: `${ST4}.3.3.1.11`, to: 'frequency_hertz', unit: 'Hz', scale: 0.1, ...ofCord },
    { oid: `${ST4}.4.3.1.3`, to: 'current_amperes', unit: 'A', scale: 0.01, ...ofLine },
    { oid: `${ST4}.5.3.1.3`, to: 'voltage_volts', unit: 'V', scale: 0.1, ...ofPhase },
    { oid: `${ST4}.5.3.1.6`, to: 'current_amperes', unit: 'A', scale: 0.01, ...ofPhase },
    { oid: `${ST4}.5.3.1.8`, to: 'power_watts', unit: 'W', ...ofPhase },
    { oid: `${ST4}.5.3.1.13`, to: 'energy_joules_total', unit: 'kWh', scale: 0.1, ...ofPhase },
    { oid: `${ST4}.7.3.1.3`, to: 'current_amperes', unit: 'A', scale: 0.01, ...ofBranch },
    { oid: `${ST4}.8.3.1.3`, to: 'current_amperes', unit: 'A', scale: 0.01, ...ofOutlet },
    { oid: `${ST4}.8.3.1.6`, to: 'voltage_volts', unit: 'V', scale: 0.1, ...ofOutlet },
    { oid: `${ST4}.8.3.1.7`, to: 'power_watts', unit: 'W', ...ofOutlet },
    { oid: `${ST4}.8.3.1.14`, to: 'energy_joules_total', unit: 'Wh', ...ofOutlet },
  ],
}
