import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import {
  addressOf,
  COMMUNITY_ENV,
  isCooling,
  type Kind,
  nameOf,
  PASSWORD_ENV,
  USER,
} from './fleet.ts'
import type { Scene, Size } from './scene.ts'
import { COOLING_PROFILE } from './snmp-profile.ts'

/** Ports of the devices, and of what listens to them. */
export interface Places {
  readonly redfish: number
  readonly snmp: number
  readonly modbus: number
  readonly traps: number
  readonly events: number
  readonly fingerprint: string
}

/** The collector's configuration of a scene. */
export function configOf({ intervalS, tells }: Scene, { counts }: Size, places: Places) {
  const scheme = { redfish: 'https', snmp: 'snmp', modbus: 'modbus' } as const
  const section = (kind: Kind) => ({
    interval: `${intervalS}s`,
    full_every: '30s',
    targets: Array.from({ length: counts[kind] }, (_, index) => ({
      address: `${scheme[kind]}://${addressOf(kind, index)}:${places[kind]}`,
      meter: nameOf(kind, index),
    })),
  })
  const cooling = Array.from({ length: counts.modbus }, (_, index) => index)
    .filter(isCooling)
    .map((index) => nameOf('modbus', index))
  const events = `127.0.0.1:${places.events}`
  return {
    sources: {
      redfish: {
        ...section('redfish'),
        user: USER,
        password_env: PASSWORD_ENV,
        tls: { fingerprints: { '*': places.fingerprint } },
        ...(tells ? { events: { listen: events, public_url: `http://${events}/events` } } : {}),
      },
      snmp: {
        ...section('snmp'),
        community_env: COMMUNITY_ENV,
        profiles: [COOLING_PROFILE],
        ...(tells ? { traps: { listen: `127.0.0.1:${places.traps}` } } : {}),
      },
      modbus: {
        ...section('modbus'),
        map: 'energy-meter',
        devices: [{ targets: cooling, map: 'example-cdu' }],
      },
    },
  }
}

/** A port of loopback that nobody has now. */
export async function freePort(kind: 'udp' | 'tcp'): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  if (kind === 'udp') {
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address()
      socket.close(() => resolve(port))
    })
    return promise
  }
  const server = createServer()
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    const port = address === null || typeof address === 'string' ? 0 : address.port
    server.close(() => resolve(port))
  })
  return promise
}
