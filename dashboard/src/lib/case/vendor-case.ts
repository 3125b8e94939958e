import type { Device, DeviceDetail } from '#schemas/api.ts'

/** What a vendor's support asks first, as text. English: it goes to them. */

/** Newest events that are told. */
const EVENTS_MAX = 20
/** Facts that say which versions run. */
const VERSIONS = /version$|^serial|part_number$|^vbios|^firmware/

/** The text of a case about a device. Times are UTC; tenants and jobs are nobody's business outside. */
export function vendorCase({ events, facts, labels }: DeviceDetail, device: Device): string {
  const versions = facts
    .filter(({ name, until }) => until === null && VERSIONS.test(name))
    .map(({ name, value }) => line(name, value))
  const told = events.slice(0, EVENTS_MAX).map((event) => {
    const code = event.code === '' ? '' : ` ${event.code}`
    return `${event.at}  ${event.type}${code}  ${event.edge}  ${event.message}`
  })
  const left = events.length - told.length
  return [
    line('Device', `${device.vendor} ${device.model}`),
    ...device.keys.map((key) => line('Key', key)),
    line('Place', `${device.node}, index ${device.index ?? 'not known'}, ${device.bus}`),
    line('State', device.state),
    ...(labels['serial'] === undefined ? [] : [line('Serial', labels['serial'])]),
    '',
    'Versions',
    ...(versions.length === 0 ? ['not known'] : [...new Set(versions)]),
    '',
    `Events, newest first (${events.length})`,
    ...(told.length === 0 ? ['none'] : told),
    ...(left > 0 ? [`… ${left} more`] : []),
    '',
  ].join('\n')
}

const line = (name: string, value: string) => `${name}: ${value}`
