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
 * A copy for the support file: values of keys that the schema knows pass `clean`, those of unknown keys are
 * left out (whatever a mistyped key holds, it may be a password), and those with telling names too.
 */
export function copyConfig(value: unknown, clean: (text: string) => string): unknown {
  if (value === null) return REMOVED
  return copyMap(value, (key, each) => {
    if (key === 'sources') return copyMap(each, (_, section) => copyAll(section, clean, KNOWN))
    return key in ConfigFile.shape ? copyAll(each, clean, null) : REMOVED
  })
}

/** Keys of a source's section that may hold text; options of the sources hold numbers, names and paths. */
const KNOWN: ReadonlySet<string> = new Set([
  ...Object.keys(SourceKeys.shape),
  ...['host', 'port', 'path', 'command', 'mapping', 'mappings', 'fields', 'identity', 'usages'],
])

function copyMap(value: unknown, copy: (key: string, value: unknown) => unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return REMOVED
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, copy(key, each)]))
}

function copyAll(
  value: unknown,
  clean: (text: string) => string,
  known: ReadonlySet<string> | null,
  depth = 0,
): unknown {
  if (depth > DEPTH) return REMOVED
  if (typeof value === 'string') return clean(value)
  if (Array.isArray(value)) return value.map((each) => copyAll(each, clean, null, depth + 1))
  if (typeof value !== 'object' || value === null) return value
  return copyMap(value, (key, each) => {
    if (isSecretName(key) && typeof each !== 'boolean') return SECRET
    if (known !== null && !known.has(key) && typeof each === 'string') return REMOVED
    return copyAll(each, clean, null, depth + 1)
  })
}
