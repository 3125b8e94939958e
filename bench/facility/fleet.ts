/** The devices of the benchmark: every one has a loopback address of its own, so that one process can be hundreds. */

export const KINDS = ['redfish', 'snmp', 'modbus'] as const
export type Kind = (typeof KINDS)[number]

/** How a bad device is bad. `slow` answers after 10 s, `half` breaks off, `locked` refuses every login. */
export const TROUBLES = ['slow', 'silent', 'garbage', 'half', 'locked'] as const
export type Trouble = (typeof TROUBLES)[number] | 'none'
export const SLOW_MS = 10_000

/** What changes in a cooling unit, and the type of the event that must come of it. */
export const CHANGES = ['leak', 'flow', 'pump'] as const
export type Change = (typeof CHANGES)[number]

const NETS: Readonly<Record<Kind, number>> = { redfish: 21, snmp: 22, modbus: 23 }
/** One of so many is a cooling unit, and another one is bad. */
const GROUP = 20
const COOLING_AT = 3
const BAD_AT = 7

export const addressOf = (kind: Kind, index: number): string =>
  `127.${NETS[kind]}.${index >> 8}.${index & 255}`

/** The device at an address (IPv4, or as an IPv6 socket writes it). */
export function indexOf(address: string): number {
  const [, , high = '0', low = '0'] = address.replace(/^::ffff:/, '').split('.')
  return (Number(high) << 8) | Number.parseInt(low, 10)
}

export const isCooling = (index: number): boolean => index % GROUP === COOLING_AT

export const troubleOf = (index: number, hasBad: boolean): Trouble =>
  hasBad && index % GROUP === BAD_AT
    ? (TROUBLES[Math.floor(index / GROUP) % TROUBLES.length] ?? 'none')
    : 'none'

export const nameOf = (kind: Kind, index: number): string =>
  `${kind}-${isCooling(index) ? 'cdu' : 'pdu'}-${index}`

/** The state of one cooling unit: what is wrong with it now. */
export type Wrong = ReadonlySet<Change>

export const COMMUNITY = 'bench-community'
export const USER = 'bench'
export const PASSWORD = 'bench-password'
export const PASSWORD_ENV = 'BENCH_FACILITY_PASSWORD'
export const COMMUNITY_ENV = 'BENCH_FACILITY_COMMUNITY'
