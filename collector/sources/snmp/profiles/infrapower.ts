import type { ProfileData } from '../profile.ts'

const PDU = '1.3.6.1.4.1.34550.20.2.1.1.1'

/** InfraPower: numbers arrive as text, power in hundred-thousandths of a kW. */
export const infrapowerPdu: ProfileData = {
  name: 'infrapower-pdu',
  about: 'InfraPower PDUs behind a manager; one row per PDU',
  enterprise: '1.3.6.1.4.1.34550',
  probe: `${PDU}.17`,
  columns: [
    { oid: `${PDU}.17`, to: 'power_watts', unit: 'W', scale: 0.01, device: 1 },
    { oid: `${PDU}.14`, to: 'current_amperes', unit: 'A', scale: 0.1, device: 1 },
    { oid: `${PDU}.13`, to: 'voltage_volts', unit: 'V', scale: 0.1, device: 1 },
  ],
}
