import { LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'
import { type ErrorCode, PlimsollError } from '#schemas/errors.ts'
import { locate, mistakesOf } from '../../collector/config-mistakes.ts'

/** Owners and prices of a large site are a tenth of it. */
const CHARS_MAX = 1 << 22
const MISTAKES_SHOWN = 20

/** A document that was read, and where its parts stand. */
export interface YamlDocument<T> {
  readonly data: T
  /** `line 12` of the value at a path. */
  readonly where: (...path: readonly (string | number)[]) => string
  /** As `where`, the number alone. */
  readonly line: (...path: readonly (string | number)[]) => number
}

/**
 * Reads a YAML document by its schema. A document is taken whole or not at all: throws `code` with one
 * `file:line:column` line for each mistake.
 */
export function readYaml<T extends z.ZodType>(
  text: string,
  schema: T,
  file: string,
  code: ErrorCode = 'E_IMPORT_INVALID',
): YamlDocument<z.infer<T>> {
  const refused = (found: readonly string[]) => refusal(found, code)
  if (text.length > CHARS_MAX) throw refused([`${file} has more than ${CHARS_MAX} characters`])
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const at = (offset: number) => lines.linePos(offset)
  if (document.errors.length > 0)
    throw refused(
      document.errors.map(({ pos, message }) => {
        const { line, col } = at(pos[0])
        return `${file}:${line}:${col}: ${message}`
      }),
    )
  const read = schema.safeParse(plainOf(document, file, code))
  if (!read.success)
    throw refused(
      mistakesOf(read.error, schema).map((mistake) => locate(mistake, file, document, lines)),
    )
  const line = (...path: readonly (string | number)[]) => {
    const [position] = locate({ path, message: '' }, '', document, lines).slice(1).split(':')
    return Number(position ?? 1)
  }
  return { data: read.data, where: (...path) => `line ${line(...path)}`, line }
}

function plainOf(
  document: ReturnType<typeof parseDocument>,
  file: string,
  code: ErrorCode,
): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 }) ?? {}
  } catch (cause) {
    throw new PlimsollError(code, `${file}: it unfolds to too much`, { cause })
  }
}

function refusal(found: readonly string[], code: ErrorCode): PlimsollError {
  const shown = found.slice(0, MISTAKES_SHOWN)
  if (found.length > shown.length) shown.push(`and ${found.length - shown.length} more`)
  return new PlimsollError(code, shown.join('\n'))
}
