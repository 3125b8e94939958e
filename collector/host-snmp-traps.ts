import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { createReceiver, ObjectType, type User } from 'net-snmp'
import { z } from 'zod'
import type { SnmpPeer, SnmpTrap, SnmpVariable, TrapListen } from './field-io.ts'
import { libraryUser, variableOf } from './host-snmp-session.ts'
import { guardSocket } from './host-snmp-socket.ts'

/** Datagrams that are looked at within one second: a site's worst minute, not a flood. */
const PER_SECOND = 500
const VARIABLES_MAX = 128
const SNMP_TRAP_OID = '1.3.6.1.6.3.1.1.4.1.0'
const STANDARD_TRAPS = '1.3.6.1.6.3.1.1.5'
/** generic-trap of a version 1 trap that the vendor defined. */
const ENTERPRISE_SPECIFIC = 6

const TrapVarbind = z.object({
  oid: z.string().max(1024),
  type: z.enum(ObjectType).optional(),
  value: z.union([z.string(), z.number(), z.boolean(), z.null(), z.instanceof(Buffer)]).optional(),
})
/** What the library hands over; the fields of both trap formats. */
const Received = z.object({
  pdu: z.object({
    varbinds: z.array(TrapVarbind).max(VARIABLES_MAX),
    community: z.string().optional(),
    user: z.string().optional(),
    enterprise: z.string().optional(),
    generic: z.number().optional(),
    specific: z.number().optional(),
  }),
  rinfo: z.object({ address: z.string() }),
})
type Received = z.infer<typeof Received>

interface LibraryReceiver {
  getAuthorizer(): { addCommunity(community: string): void; addUser(user: User): void }
  close(done?: () => void): void
}

/**
 * Listens for traps and informs. Only those of an allowed community or user are handed on; the others are counted by
 * `onRefused`. Rejects when the port cannot be had.
 */
export async function receiveTraps(
  { host, port, allow, onRefused }: TrapListen,
  onTrap: (trap: SnmpTrap) => void,
): Promise<{ stop(): Promise<void> }> {
  const kind = isIPv6(host) ? 'udp6' : 'udp4'
  const socket = createSocket(kind)
  const { promise: bound, resolve, reject } = Promise.withResolvers<void>()
  socket.once('listening', resolve).once('error', reject)
  const guarded = guardSocket(socket, {
    onBad: () => onRefused('garbage', null),
    admit: rateLimit(() => onRefused('flood', null)),
  })
  const receiver: LibraryReceiver = createReceiver(
    {
      transport: kind,
      address: host,
      port,
      includeAuthentication: true,
      dgramModule: { createSocket: () => guarded },
    },
    (error: Error | null, data: unknown) => {
      if (error !== null) return onRefused(whyRefused(error), senderOf(error))
      const got = Received.safeParse(data)
      if (!got.success) return onRefused('garbage', null)
      const from = plainAddress(got.data.rinfo.address)
      // The library lets a version 3 message without any user through.
      if (!isAllowed(got.data, allow)) return onRefused('stranger', from)
      const trap = trapOf(got.data, from)
      if (trap === null) onRefused('garbage', from)
      else onTrap(trap)
    },
  )
  for (const { version, community, user } of allow)
    if (version === '3') receiver.getAuthorizer().addUser(libraryUser(user))
    else if (community !== undefined) receiver.getAuthorizer().addCommunity(community)
  await bound
  return {
    stop: () => new Promise((done) => receiver.close(() => done())),
  }
}

type Allowed = Pick<SnmpPeer, 'version' | 'community' | 'user'>

function isAllowed({ pdu }: Received, allow: readonly Allowed[]): boolean {
  return allow.some(({ version, community, user }) =>
    version === '3'
      ? pdu.user !== undefined && pdu.user !== '' && pdu.user === user?.name
      : pdu.community !== undefined && pdu.community !== '' && pdu.community === community,
  )
}

function trapOf({ pdu }: Received, from: string): SnmpTrap | null {
  const variables: SnmpVariable[] = pdu.varbinds.map(({ oid, type, value }) =>
    variableOf({ oid, ...(type === undefined ? {} : { type }), value }),
  )
  const named = variables.find(({ oid }) => oid === SNMP_TRAP_OID)?.value
  const trap = named?.kind === 'oid' ? named.text : version1Trap(pdu)
  return trap === null ? null : { from, trap, variables }
}

/** The trap OID of a version 1 trap (RFC 3584 section 3.1). */
function version1Trap({ enterprise, generic, specific }: Received['pdu']): string | null {
  if (enterprise === undefined || generic === undefined || specific === undefined) return null
  if (generic === ENTERPRISE_SPECIFIC) return `${enterprise}.0.${specific}`
  return `${STANDARD_TRAPS}.${generic + 1}`
}

const whyRefused = (error: Error) =>
  error.name === 'ProcessingError' ? ('garbage' as const) : ('stranger' as const)

function senderOf(error: Error): string | null {
  const from = z.object({ address: z.string() }).safeParse(Reflect.get(error, 'rinfo'))
  return from.success ? plainAddress(from.data.address) : null
}

/** An IPv4 address that arrives on an IPv6 socket is written `::ffff:10.0.0.1`. */
const plainAddress = (address: string) => address.replace(/^::ffff:(?=\d+\.)/, '')

function rateLimit(onFlood: () => void): () => boolean {
  let second = 0
  let seen = 0
  return () => {
    const now = Math.floor(performance.now() / 1000)
    if (now !== second) [second, seen] = [now, 0]
    seen += 1
    if (seen <= PER_SECOND) return true
    onFlood()
    return false
  }
}
