import { execFileSync } from 'node:child_process'
import { accessSync, constants, mkdirSync, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

/** A program of Debian that a benchmark runs; package and program have the same name. */
export type PeerProgram = 'victoria-metrics' | 'prometheus' | 'nats-server'

/** Debian puts servers where not every PATH looks. */
const ALSO = ['/usr/sbin', '/usr/local/bin', '/usr/bin']
const UNPACKED = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'plimsoll-bench')
const APT_MS = 60_000

/** Where the program is, or null. */
export function findProgram(name: PeerProgram): string | null {
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== ''),
    ...ALSO,
    join(UNPACKED, 'usr/bin'),
    join(UNPACKED, 'usr/sbin'),
  ]
  return folders.map((folder) => join(folder, name)).find(isExecutable) ?? null
}

/**
 * Where the program is; fetched from Debian when it is absent and `mayInstall`. The package is unpacked into the
 * user's cache, not installed: its service would start and take the machine's ports. Null when it cannot be had; then
 * one line has said why and how.
 */
export function obtainProgram(name: PeerProgram, mayInstall: boolean): string | null {
  const found = findProgram(name)
  if (found !== null) return found
  const how = `apt-get install ${name}, or run with --install`
  if (!mayInstall) {
    console.error(`${name} is not here (${how}): its rows stay empty`)
    return null
  }
  try {
    console.error(`${name}: fetching Debian's package into ${UNPACKED}`)
    fetchPackage(name)
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split('\n')
    console.error(`${name} could not be fetched (${reason}; ${how}): its rows stay empty`)
    return null
  }
  return findProgram(name)
}

/** First line of what a program says about its version, and Debian's number for the package where there is one. */
export function packageVersion(name: PeerProgram): string {
  try {
    const output = execFileSync('dpkg-query', ['-W', '-f', '${Version}', name], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return output.trim()
  } catch {
    const file = listOf(UNPACKED).find((entry) => entry.startsWith(`${name}_`))
    return file?.split('_')[1]?.replaceAll('%3a', ':') ?? 'unknown'
  }
}

function fetchPackage(name: PeerProgram): void {
  mkdirSync(UNPACKED, { recursive: true })
  const options = { cwd: UNPACKED, timeout: APT_MS, stdio: 'pipe' } as const
  try {
    execFileSync('apt-get', ['download', name], options)
  } catch {
    // A fresh image has no lists of packages yet; only root may fetch them.
    execFileSync('apt-get', ['update'], options)
    execFileSync('apt-get', ['download', name], options)
  }
  const file = listOf(UNPACKED).find((entry) => entry.startsWith(`${name}_`))
  if (file === undefined) throw new Error('apt-get download left no file')
  execFileSync('dpkg-deb', ['-x', file, '.'], options)
}

function listOf(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
