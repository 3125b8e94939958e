import { parseDocument } from 'yaml'
import { ConfigFile, SourceKeys } from '../../config.ts'
import { isSecretName, secretsInUrl } from './secrets.ts'

const REMOVED = '[removed]'
const SECRET = '[secret]'
const DEPTH = 12

/** A configuration file as data, or null for one that is no YAML: its text is never copied. */
export function configData(text: string): unknown {
  try {
    const document = parseDocument(text, { prettyErrors: false })
    return document.errors.length > 0 ? null : (document.toJS({ maxAliasCount: 100 }) ?? {})
  } catch {
    return null
  }
}

/** Secrets that a configuration holds: logins in addresses, and values of keys with telling names. */
export function secretsInConfig(value: unknown, key = '', depth = 0): string[] {
  if (depth > DEPTH) return []
  if (typeof value === 'string') {
    const inside = value.includes('@') || value.includes('?') ? secretsInUrl(value) : []
    return isSecretName(key) ? [value, ...inside] : inside
  }
  if (Array.isArray(value)) return value.flatMap((each) => secretsInConfig(each, key, depth + 1))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, each]) => secretsInConfig(each, name, depth + 1))
}

/**
 * A copy for the support file: values of keys that we know pass `clean`; those of unknown keys are left out
 * (whatever a mistyped key holds, it may be a password), and those with telling names too.
 */
export function copyConfig(
  value: unknown,
  clean: (text: string) => string,
  optionNames: readonly string[],
): unknown {
  if (value === null) return REMOVED
  return copy(value, { clean, known: new Set([...KNOWN, ...optionNames]) }, 0)
}

interface Copying {
  readonly clean: (text: string) => string
  readonly known: ReadonlySet<string>
}

/** Every key that the file's schema has, at any depth. */
const KNOWN: readonly string[] = [
  ...Object.keys(ConfigFile.shape),
  ...Object.keys(SourceKeys.shape),
  'hall',
  'rack',
  'pool',
  'nodes',
  'address',
  'url',
  'tls',
  'ca',
  'cert',
  'key',
  'directory',
  'max_bytes',
]

function copy(value: unknown, copying: Copying, depth: number): unknown {
  if (depth > DEPTH) return REMOVED
  if (typeof value === 'string') return copying.clean(value)
  if (Array.isArray(value)) return value.map((each) => copy(each, copying, depth + 1))
  if (typeof value !== 'object' || value === null) return value
  const isFile = depth === 0
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => {
      if (isFile && key === 'sources') return [key, copySections(each, copying)]
      if (typeof each === 'boolean') return [key, each]
      if (isSecretName(key)) return [key, SECRET]
      return [key, copying.known.has(key) ? copy(each, copying, depth + 1) : REMOVED]
    }),
  )
}

/** Under `sources` the keys are names of sources, and each holds a map of options. */
function copySections(sections: unknown, copying: Copying): unknown {
  if (typeof sections !== 'object' || sections === null) return REMOVED
  return Object.fromEntries(
    Object.entries(sections).map(([name, section]) => [
      name,
      typeof section === 'object' ? copy(section, copying, 2) : REMOVED,
    ]),
  )
}
