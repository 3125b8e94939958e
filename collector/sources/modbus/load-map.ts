import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type ParsedYaml, parseYamlText } from '../../formats/yaml-text.ts'
import { type RegisterMap, RegisterMapFile } from './register-map.ts'

/** Where register maps come from, injected: tests need no files. Both never throw. */
export interface MapStore {
  /** The maps that come with the source: an example, and a generic meter. */
  builtIn(): readonly RegisterMap[]
  /** A site's own map. */
  read(path: string): ParsedYaml<RegisterMap>
}

const FOLDER = join(import.meta.dirname, 'maps')
/** A map of 500 points with notes is 100 kB. */
const MAP_BYTES = 512 * 1024

/** Maps on disk. Built-in ones are read once; a site's file every time the configuration is read. */
export function createMapStore(folder = FOLDER): MapStore {
  let known: readonly RegisterMap[] | null = null
  return {
    builtIn: () => (known ??= readFolder(folder)),
    read: readMap,
  }
}

const readFolder = (folder: string): readonly RegisterMap[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .flatMap((file) => readMap(join(folder, file)).value ?? [])

function readMap(file: string): ParsedYaml<RegisterMap> {
  try {
    const { size } = statSync(file)
    if (size > MAP_BYTES)
      return { value: null, mistakes: [`${file}: ${size} bytes; limit ${MAP_BYTES}`] }
    return parseYamlText(readFileSync(file, 'utf8'), file, RegisterMapFile, MAP_BYTES)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { value: null, mistakes: [`${file} cannot be read: ${why}`] }
  }
}
