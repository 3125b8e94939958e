import { refuseParameter } from './refusal.ts'

/**
 * The only place that writes text values into engine SQL.
 *
 * A request carries parameter values as ClickHouse's HTTP interface does: already in escaped-text form
 * (tab, newline and backslash as backslash sequences; NULL as \N). The engine parses `SET param_x = '...'`
 * as an SQL literal first and as escaped text second, so exactly one more level of escaping is needed.
 */

/** Parameters of one statement; the named queries have below 20. */
export const PARAMETERS_MAX = 200
/** Bytes of all values together: a list of 50,000 device ids as text is about 1.2 MB. */
export const PARAMETER_BYTES_MAX = 8 * 1024 * 1024

const PARAMETER_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/
const NEEDS_ESCAPE = /[\\'\0]/g
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', "'": "\\'", '\0': '\\0' }

/** An SQL string literal, quotes included. Lone surrogates become U+FFFD: SQL text is UTF-8. */
export function sqlString(value: string): string {
  const escaped = value.toWellFormed().replace(NEEDS_ESCAPE, (char) => ESCAPES[char] ?? char)
  return `'${escaped}'`
}

/** `SET param_a = '...', ...` for all parameters, or an empty text. Throws on names that are none. */
export function setParameters(params: ReadonlyMap<string, string>): string {
  if (params.size === 0) return ''
  if (params.size > PARAMETERS_MAX) throw refuseParameter('too many query parameters')
  let bytes = 0
  const parts: string[] = []
  for (const [name, value] of params) {
    if (!PARAMETER_NAME.test(name)) throw refuseParameter('a parameter name is not a plain word')
    bytes += value.length
    if (bytes > PARAMETER_BYTES_MAX) throw refuseParameter('query parameters are too large')
    parts.push(`param_${name} = ${sqlString(value)}`)
  }
  return `SET ${parts.join(', ')}`
}
