import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Mapping } from './mapping.ts'
import { MAPPING_BYTES, type ParsedMapping, parseMapping } from './parse-mapping.ts'

/** Where mappings come from, injected: tests need no files. Both never throw. */
export interface MappingStore {
  /** Every mapping that comes with the source. */
  builtIn(): readonly Mapping[]
  /** A built-in by name, or the file at a path (one that holds a `/` or ends in .yaml or .yml). */
  find(nameOrPath: string): ParsedMapping
}

const FOLDER = join(import.meta.dirname, 'mappings')

/**
 * Mappings on disk. Built-in ones are read once; a user's file every time the configuration is read. A path
 * is relative to the working directory of the collector.
 */
export function createMappingStore(folder = FOLDER): MappingStore {
  let known: readonly Mapping[] | null = null
  const builtIn = () => (known ??= readFolder(folder))
  return {
    builtIn,
    find(nameOrPath) {
      const isPath = nameOrPath.includes('/') || /\.ya?ml$/.test(nameOrPath)
      if (isPath) return readMapping(nameOrPath)
      const mapping = builtIn().find(({ name }) => name === nameOrPath)
      if (mapping !== undefined) return { mapping, mistakes: [] }
      const names = builtIn().map(({ name }) => name)
      return {
        mapping: null,
        mistakes: [
          `there is no mapping "${nameOrPath.slice(0, 80)}"; known: ${names.join(', ')}, or the path of a .yaml file`,
        ],
      }
    },
  }
}

function readFolder(folder: string): readonly Mapping[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .flatMap((file) => readMapping(join(folder, file)).mapping ?? [])
}

function readMapping(file: string): ParsedMapping {
  try {
    const { size } = statSync(file)
    if (size > MAPPING_BYTES)
      return { mapping: null, mistakes: [`${file}: ${size} bytes; limit ${MAPPING_BYTES}`] }
    return parseMapping(readFileSync(file, 'utf8'), file)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { mapping: null, mistakes: [`${file} cannot be read: ${why}`] }
  }
}
