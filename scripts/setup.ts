/**
 * Makes sure the outside programs the tests use are here: nats-server, Chromium, an old ClickHouse, snmpd, Prometheus and VictoriaMetrics.
 * Installs them from Debian when it may, without starting any service; otherwise says in one line how.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { pathToFileURL } from 'node:url'

interface Program {
  readonly command: string
  readonly debianPackage: string
  readonly neededFor: string
}

const PROGRAMS: readonly Program[] = [
  {
    command: 'nats-server',
    debianPackage: 'nats-server',
    neededFor: 'integration tests of the JetStream log',
  },
  {
    command: 'chromium',
    debianPackage: 'chromium',
    neededFor: 'end-to-end tests of the dashboard',
  },
  {
    command: 'clickhouse-server',
    debianPackage: 'clickhouse-server',
    neededFor: 'the test that a server which is too old is refused; Debian has 18.16',
  },
  {
    command: 'snmpd',
    debianPackage: 'snmpd',
    neededFor: 'tests that read meters over SNMP from a real agent',
  },
  {
    command: 'prometheus',
    debianPackage: 'prometheus',
    neededFor: 'tests that import from, and compare with, a real Prometheus',
  },
  {
    command: 'victoria-metrics',
    debianPackage: 'victoria-metrics',
    neededFor: 'tests of what benchmarks send to VictoriaMetrics',
  },
]

/** Debian puts servers into /usr/sbin, which is not on every user's PATH. */
function onPath(command: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin']
  return folders.some((folder) => existsSync(join(folder, command)))
}

const POLICY = '/usr/sbin/policy-rc.d'

/** Debian's way to install a server without starting it: tests start their own on free ports. */
function withoutStarting(install: () => void): void {
  const isOurs = !existsSync(POLICY)
  if (isOurs) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    install()
  } finally {
    if (isOurs) rmSync(POLICY, { force: true })
  }
}

function apt(args: readonly string[]): boolean {
  const result = spawnSync('apt-get', [...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  return result.status === 0
}

/** Returns the programs that are still missing after trying to install them. */
export function ensurePrograms(log: (line: string) => void): readonly string[] {
  const missing = () => PROGRAMS.filter((program) => !onPath(program.command))
  const wanted = missing()
  if (wanted.length === 0) return []
  const packages = wanted.map((program) => program.debianPackage)
  const mayInstall = process.getuid?.() === 0 && onPath('apt-get')
  if (mayInstall) {
    log(`setup: installing ${packages.join(', ')} from Debian (about 300 MB, a minute or two)…`)
    withoutStarting(() => {
      if (apt(['update', '-qq']))
        apt(['install', '-y', '-qq', '--no-install-recommends', ...packages])
    })
  }
  for (const program of missing()) {
    log(
      `setup: ${program.command} is missing (${program.neededFor}). ` +
        `Install it with: sudo apt-get install -y ${program.debianPackage}`,
    )
  }
  return missing().map((program) => program.command)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const missing = ensurePrograms((line) => console.log(line))
  if (missing.length === 0) console.log('setup: everything the tests need is here')
  process.exitCode = missing.length === 0 ? 0 : 1
}
