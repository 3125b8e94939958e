import { randomBytes, randomUUID } from 'node:crypto'
import { link, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type LoadedRules, loadRules } from '../alerts/rules/load.ts'
import { isSignalName } from '../query/alerts/signals.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Logger } from '#schemas/role.ts'
import { readYaml } from './import/yaml-document.ts'

const POLL_MS = 5_000
const KEY_BYTES = 32

/** The pack and a site's own rules: a file, or every .yaml of a folder. Throws E_CONFIG_INVALID with each mistake. */
export async function readRules(path: string | undefined): Promise<LoadedRules> {
  const loaded = await loadRules(
    {
      read: (text, schema, file) => readYaml(text, schema, file, 'E_CONFIG_INVALID').data,
      hasSignal: isSignalName,
    },
    await ruleFiles(path),
  )
  if (loaded.mistakes.length > 0)
    throw new PlimsollError('E_CONFIG_INVALID', loaded.mistakes.join('\n'))
  return loaded
}

async function ruleFiles(path: string | undefined): Promise<string[]> {
  if (path === undefined) return []
  try {
    if (!(await stat(path)).isDirectory()) return [path]
    const names = await readdir(path)
    return names
      .filter((name) => /\.ya?ml$/.test(name))
      .sort()
      .map((name) => join(path, name))
  } catch (cause) {
    throw new PlimsollError('E_CONFIG_MISSING', `${path} cannot be read`, { cause })
  }
}

/** Something read from files, and read again when one of them changed. */
export interface Watched<T> {
  readonly current: () => T
  stop(): void
}

/** Looks every 5 s; a file with a mistake is told once and what was in force stays. */
export async function watched<T>(
  paths: () => Promise<readonly string[]>,
  read: () => Promise<T>,
  log: Logger,
): Promise<Watched<T>> {
  let current = await read()
  let seen = await stamps(paths)
  const look = async () => {
    const now = await stamps(paths)
    if (now === seen) return
    seen = now
    try {
      current = await read()
      log.info('files of alerting were read again')
    } catch (error) {
      log.error('files of alerting have a mistake: what was in force stays', {
        cause: error instanceof Error ? error.message : String(error),
      })
    }
  }
  const timer = setInterval(() => void look(), POLL_MS)
  timer.unref()
  return { current: () => current, stop: () => clearInterval(timer) }
}

async function stamps(paths: () => Promise<readonly string[]>): Promise<string> {
  const all = await paths().catch(() => [])
  const each = all.map(async (path) => {
    const found = await stat(path).catch(() => null)
    return `${path} ${found?.mtimeMs ?? 0} ${found?.size ?? 0}`
  })
  return (await Promise.all(each)).join('\n')
}

export const configPaths = (path: string | undefined) => async (): Promise<readonly string[]> =>
  path === undefined ? [] : [path]
export const rulePaths = (path: string | undefined) => () => ruleFiles(path)

/** The secret that links in messages are signed with: made once, kept in the data folder. */
export async function linkKey(dataDir: string): Promise<Uint8Array> {
  const path = join(dataDir, 'access', 'alert-links.key')
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  // Written whole under another name: who reads at the same moment never sees an empty key.
  const fresh = `${path}.${randomUUID()}`
  await writeFile(fresh, randomBytes(KEY_BYTES), { flag: 'wx', mode: 0o600 })
  try {
    await link(fresh, path)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  } finally {
    await rm(fresh)
  }
  const key = await readFile(path)
  if (key.length >= KEY_BYTES) return key
  throw new PlimsollError('E_CONFIG_INVALID', `${path} is damaged: remove it, a new one is made`)
}
