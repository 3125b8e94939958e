import { spawn, type ChildProcess } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { SimulatedVariable } from './sources/snmp/simulate.ts'

/** A real snmpd (Debian) on a free port of this machine, serving variables that a test wrote down. */
export interface Snmpd {
  readonly port: number
  stop(): Promise<void>
}

export const COMMUNITY = 'plimsoll-test'
export const V3_USER = {
  name: 'watch',
  auth: { protocol: 'sha256', key: 'auth-key-of-tests' },
  priv: { protocol: 'aes', key: 'priv-key-of-tests' },
} as const

/** The words of snmpd.conf for types. */
const TYPES: Readonly<Record<SimulatedVariable['type'], string>> = {
  INTEGER: 'integer',
  Gauge32: 'uinteger',
  Counter32: 'counter',
  Counter64: 'counter64',
  STRING: 'octet_str',
  OID: 'object_id',
  Timeticks: 'timeticks',
}

const SYSTEM_ROOT = '1.3.6.1.2.1.1.'

/** A UDP port that is free now. */
export async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', () => resolve()))
  const { port } = socket.address()
  await new Promise<void>((resolve) => socket.close(() => resolve()))
  return port
}

/** Starts snmpd on every address of 127/8. `lines` are added to its configuration (`trap2sink …`); no port = a free one. */
export async function startSnmpd(
  variables: readonly SimulatedVariable[],
  lines: readonly string[] = [],
  givenPort?: number,
): Promise<Snmpd> {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-snmpd-'))
  const port = givenPort ?? (await freeUdpPort())
  const { auth, name, priv } = V3_USER
  const overrides = variables.map(({ oid, type, value }) => {
    // Its own system group is already there, and is configured by words of its own.
    if (oid === `${SYSTEM_ROOT}2.0`) return `sysObjectID .${value}`
    if (oid === `${SYSTEM_ROOT}1.0`) return `sysDescr ${value}`
    if (oid === `${SYSTEM_ROOT}5.0`) return `sysName ${value}`
    const said = typeof value === 'string' ? `"${value}"` : value
    return `override .${oid} ${TYPES[type]} ${said}`
  })
  const file = join(folder, 'snmpd.conf')
  writeFileSync(
    file,
    [
      `rocommunity ${COMMUNITY}`,
      `createUser ${name} SHA-256 ${auth.key} AES ${priv.key}`,
      `rouser ${name} authpriv`,
      ...overrides,
      ...lines,
      '',
    ].join('\n'),
  )
  const args = ['-f', '-Lo', '-C', '-c', file, '-p', join(folder, 'pid'), `udp:0.0.0.0:${port}`]
  const child = spawn('snmpd', args, {
    env: { ...process.env, SNMP_PERSISTENT_DIR: folder, MIBS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  try {
    await ready(child)
  } catch (error) {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
  return {
    port,
    async stop() {
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM')
        await ended
      }
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function ready(child: ChildProcess): Promise<void> {
  const said: string[] = []
  return new Promise((resolve, reject) => {
    const { stdout, stderr } = child
    if (stdout === null || stderr === null) return reject(new Error('snmpd has no output'))
    const hear = (line: string) => {
      said.push(line)
      if (line.startsWith('NET-SNMP version')) resolve()
    }
    createInterface({ input: stdout }).on('line', hear)
    createInterface({ input: stderr }).on('line', hear)
    child.once('error', reject)
    child.once('exit', (code) =>
      reject(new Error(`snmpd ended with ${code}:\n${said.slice(-10).join('\n')}`)),
    )
  })
}
