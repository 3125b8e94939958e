import { BlockList, isIP } from 'node:net'
import type { AllowedHost } from '#schemas/alerts/config.ts'

/** One address of a name. */
export interface Address {
  readonly address: string
  readonly family: 4 | 6
}

/** Finds the addresses of a name; rejects when there is none. */
export type Resolve = (hostname: string) => Promise<readonly Address[]>

/**
 * Addresses no message goes to unless the allow-list names them: this machine, link-local (the credentials of cloud
 * machines answer at 169.254.169.254), unspecified, multicast and reserved. Private networks are allowed: receivers of a
 * site usually live there.
 */
const NEVER = blockList([
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/3',
  '::/127',
  'fe80::/10',
  'ff00::/8',
  'fd00:ec2::254/128',
])

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [base = '', bits = ''] = network.split('/')
    const family = isIP(base)
    if (family === 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128))
      continue
    list.addSubnet(base, Number(bits), family === 4 ? 'ipv4' : 'ipv6')
  }
  return list
}

const holds = (list: BlockList, { address, family }: Address) =>
  list.check(address, family === 4 ? 'ipv4' : 'ipv6')

/** ::ffff:127.0.0.1 is 127.0.0.1, in whatever way it is written. */
function plain(given: Address): Address {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(given.address)
  if (mapped?.[1] !== undefined) return { address: mapped[1], family: 4 }
  const hex = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(given.address)
  if (hex?.[1] === undefined || hex[2] === undefined) return given
  const [high, low] = [Number.parseInt(hex[1], 16), Number.parseInt(hex[2], 16)]
  return { address: `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`, family: 4 }
}

/** Whether a connection may go to an address that an allowed name leads to. `entry` null = a vendor's own host. */
export function isAddressAllowed(given: Address, entry: AllowedHost | null): boolean {
  const address = plain(given)
  if (entry?.networks !== undefined) return holds(blockList(entry.networks), address)
  // An address that was written into the allow-list as such is meant.
  if (entry !== null && entry.host === given.address) return true
  return !holds(NEVER, address)
}

/**
 * The addresses a request may use, looked up once: the connection goes to one of these and the name is not asked again,
 * so that a name cannot change between check and use. Throws, in words for a person, when none may be used.
 */
export async function pinnedAddresses(
  hostname: string,
  entry: AllowedHost | null,
  resolve: Resolve,
): Promise<readonly Address[]> {
  const name = hostname.replace(/^\[|\]$/g, '')
  const family = isIP(name)
  const found: readonly Address[] =
    family === 4 || family === 6 ? [{ address: name, family }] : await resolve(name)
  const allowed = found.filter((address) => isAddressAllowed(address, entry))
  if (allowed.length > 0) return allowed
  const where = found
    .map(({ address }) => address)
    .slice(0, 4)
    .join(', ')
  throw new Error(`${name} leads to ${where || 'no address'}, which the allow-list does not permit`)
}
