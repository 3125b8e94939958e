import { parseYamlText } from '../../formats/yaml-text.ts'
import { Mapping } from './mapping.ts'

/** A mapping, or what is wrong with its file, one line per mistake with its place. */
export type ParsedMapping =
  | { readonly mapping: Mapping; readonly mistakes: readonly [] }
  | { readonly mapping: null; readonly mistakes: readonly string[] }

/** A mapping of all of node_exporter is 10 kB. */
export const MAPPING_BYTES = 256 * 1024

/** Reads the text of a mapping file. Pure; never throws. `file` is only for the messages. */
export function parseMapping(text: string, file: string): ParsedMapping {
  const { value, mistakes } = parseYamlText(text, file, Mapping, MAPPING_BYTES)
  return value === null ? { mapping: null, mistakes } : { mapping: value, mistakes: [] }
}
