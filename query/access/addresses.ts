import { BlockList, isIP } from 'node:net'

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/** An address without its IPv4-mapped form, zone or brackets. */
export function plainAddress(address: string): string {
  return address
    .replace(/^\[|\]$/g, '')
    .replace(/%.*$/, '')
    .replace(/^::ffff:(?=\d+\.)/i, '')
}

/** True for 127.0.0.0/8, ::1 and the name localhost. */
export function isLoopback(address: string): boolean {
  const plain = plainAddress(address)
  return plain.toLowerCase() === 'localhost' || contains(LOOPBACK, plain)
}

/** Whether an address lies in one of the ranges. Ranges are checked by AccessConfig. */
export function addressMatcher(cidrs: readonly string[]): (address: string) => boolean {
  const list = new BlockList()
  for (const cidr of cidrs) {
    const [address = '', bits = ''] = cidr.split('/')
    list.addSubnet(address, Number(bits), isIP(address) === 4 ? 'ipv4' : 'ipv6')
  }
  return (address) => contains(list, plainAddress(address))
}

function contains(list: BlockList, address: string): boolean {
  const family = isIP(address)
  return family !== 0 && list.check(address, family === 4 ? 'ipv4' : 'ipv6')
}
