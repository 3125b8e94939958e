import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Source } from './source.ts'

const FOLDER = join(import.meta.dirname, 'sources')

/**
 * Every source in collector/sources, by name. A source is a folder; adding one edits nothing else. Throws
 * when a folder does not export a source of its own name: that is a defect, not a configuration.
 */
export async function loadSources(folder = FOLDER): Promise<Source[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  return Promise.all(names.sort().map((name) => loadSource(folder, name)))
}

async function loadSource(folder: string, name: string): Promise<Source> {
  const module: unknown = await import(pathToFileURL(join(folder, name, 'source.ts')).href)
  const source = isRecord(module) ? module.default : undefined
  if (!isSource(source) || source.name !== name)
    throw new Error(`collector/sources/${name}/source.ts does not export the source "${name}"`)
  return source
}

function isSource(value: unknown): value is Source {
  const verbs = ['recognize', 'interpret', 'detect', 'read'] as const
  return isRecord(value) && verbs.every((verb) => typeof value[verb] === 'function')
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null
