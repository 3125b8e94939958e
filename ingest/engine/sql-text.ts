import { refuseAccess, refuseSyntax, refuseUnsupported } from './refusal.ts'

/**
 * A small scanner for ClickHouse SQL: just enough to know where literals and comments are. It exists
 * because the embedded engine runs several statements of one text and glues their answers together,
 * which a server refuses; because a body has to become `FROM INFILE`; and because `readonly=1` of the
 * engine still lets the scalar file() read and INTO OUTFILE overwrite any file. Where the scanner could
 * disagree with the engine's lexer about what is a literal (heredocs, typographic quotes), it refuses.
 */
export interface Token {
  readonly kind: 'word' | 'string' | 'quoted' | 'number' | 'punctuation'
  readonly text: string
  readonly start: number
  readonly end: number
  /** How many parentheses are open before this token. */
  readonly depth: number
}

/** Longest statement text: a named query with its lists bound as parameters is far below. */
export const STATEMENT_CHARS_MAX = 4 * 1024 * 1024

const SPACE = /[\s\0]/
const WORD_START = /[A-Za-z_]/
const WORD = /[A-Za-z0-9_]*/y
const NUMBER = /[0-9][0-9A-Za-z_.]*/y

/** Splits one statement into tokens without comments; throws an EngineRefusal where it cannot be sure. */
export function tokenize(sql: string): Token[] {
  if (sql.length > STATEMENT_CHARS_MAX) throw refuseSyntax('the statement text is too long')
  const tokens: Token[] = []
  let depth = 0
  let at = 0
  while (at < sql.length) {
    const afterGap = skipGap(sql, at)
    if (afterGap !== at) {
      at = afterGap
      continue
    }
    const char = sql.charAt(at)
    const end = tokenEnd(sql, at, char)
    const kind = tokenKind(char)
    if (char === ')') depth -= 1
    tokens.push({ kind, text: sql.slice(at, end), start: at, end, depth })
    if (char === '(') depth += 1
    at = end
  }
  return tokens
}

function tokenKind(char: string): Token['kind'] {
  if (char === "'") return 'string'
  if (char === '`' || char === '"') return 'quoted'
  if (WORD_START.test(char)) return 'word'
  return char >= '0' && char <= '9' ? 'number' : 'punctuation'
}

function tokenEnd(sql: string, at: number, char: string): number {
  if (char === "'" || char === '`' || char === '"') return literalEnd(sql, at, char)
  if (WORD_START.test(char)) return stickyEnd(WORD, sql, at)
  if (char >= '0' && char <= '9') return stickyEnd(NUMBER, sql, at)
  if (char === '$') throw refuseUnsupported('heredoc strings and $ are not accepted')
  if (char > '\x7e') throw refuseSyntax('a character outside ASCII stands outside a literal')
  return at + 1
}

function stickyEnd(pattern: RegExp, sql: string, at: number): number {
  pattern.lastIndex = at
  pattern.exec(sql)
  return Math.max(pattern.lastIndex, at + 1)
}

/** Position after white space and comments that start at `at`; `at` itself when there are none. */
function skipGap(sql: string, at: number): number {
  const char = sql.charAt(at)
  if (SPACE.test(char)) return at + 1
  const next = sql.charAt(at + 1)
  if ((char === '-' && next === '-') || (char === '#' && (next === ' ' || next === '!'))) {
    const lineEnd = sql.indexOf('\n', at)
    return lineEnd === -1 ? sql.length : lineEnd + 1
  }
  if (char === '/' && next === '*') {
    const close = sql.indexOf('*/', at + 2)
    if (close === -1) throw refuseSyntax('a comment is not closed')
    return close + 2
  }
  return at
}

function literalEnd(sql: string, start: number, quote: string): number {
  let at = start + 1
  while (at < sql.length) {
    const char = sql.charAt(at)
    if (char === '\\') at += 2
    else if (char !== quote) at += 1
    else if (sql.charAt(at + 1) === quote) at += 2
    else return at + 1
  }
  throw refuseSyntax('a quoted text is not closed')
}

const isWord = (token: Token | undefined, word: string) =>
  token?.kind === 'word' && token.text.toUpperCase() === word

/**
 * The one statement of a text, without a trailing semicolon.
 * Throws when there is none, or when something follows the semicolon, as a server does.
 */
export function singleStatement(sql: string): { text: string; tokens: Token[] } {
  const tokens = tokenize(sql)
  const semicolon = tokens.findIndex((token) => token.text === ';' && token.kind === 'punctuation')
  if (semicolon !== -1 && semicolon !== tokens.length - 1) {
    throw refuseSyntax('Multi-statements are not allowed')
  }
  const kept = semicolon === -1 ? tokens : tokens.slice(0, semicolon)
  const last = kept.at(-1)
  if (last === undefined) throw refuseSyntax('Empty query')
  return { text: sql.slice(0, last.end), tokens: kept }
}

const READ_KEYWORDS = new Set(['SELECT', 'WITH', 'SHOW', 'DESCRIBE', 'DESC', 'EXISTS', 'EXPLAIN'])

/** Whether a statement belongs on a read-only connection. */
export function isRead(tokens: readonly Token[]): boolean {
  const first = tokens.find((token) => token.text !== '(')
  return first !== undefined && READ_KEYWORDS.has(first.text.toUpperCase())
}

export const isInsert = (tokens: readonly Token[]) => isWord(tokens[0], 'INSERT')

/** Functions and engines that reach files, programs or the network. */
const OUTSIDE =
  /^(file|url|s3|gcs|hdfs|remote|remoteSecure|cluster|executable|mysql|postgresql|mongodb|redis|sqlite|odbc|jdbc|azureBlobStorage|iceberg\w*|deltaLake\w*|hudi|python|ytsaurus|kafka|nats|rabbitmq)(Cluster)?$/i

/**
 * Refuses what the engine would do outside the data directory: readonly=1 does not stop the scalar
 * file() nor INTO OUTFILE (measured), and the writer has no readonly at all.
 * BACKUP and RESTORE name File('...') and are confined by backups.allowed_path.
 */
export function refuseOutside(tokens: readonly Token[]): void {
  const first = tokens[0]
  const backup = isWord(first, 'BACKUP') || isWord(first, 'RESTORE')
  for (const [index, token] of tokens.entries()) {
    if (token.kind === 'string' || token.kind === 'number') continue
    const next = tokens[index + 1]
    if (isWord(token, 'OUTFILE') || isWord(token, 'INFILE')) {
      throw refuseAccess('INTO OUTFILE and FROM INFILE are not accepted')
    }
    const name = token.kind === 'quoted' ? token.text.slice(1, -1) : token.text
    if (!backup && next?.text === '(' && OUTSIDE.test(name)) {
      throw refuseAccess(`${name}() reaches outside the data directory`)
    }
    if (isWord(token, 'FUNCTION') && isInsert(tokens) && index <= 2) {
      throw refuseAccess('INSERT INTO FUNCTION is not accepted')
    }
  }
  if (isWord(first, 'SET') || isWord(first, 'USE')) {
    throw refuseUnsupported('there are no sessions: settings and database go with each request')
  }
}

/** Where the data clause of `INSERT ... FORMAT X` goes, and X. */
export interface InsertTarget {
  readonly before: string
  readonly after: string
  readonly format: string
}

/**
 * Splits an INSERT that expects its rows in the request body at the place where FROM INFILE belongs:
 * before SETTINGS, if any, and before FORMAT. Null when the statement brings its own rows.
 */
export function insertTarget(text: string, tokens: readonly Token[]): InsertTarget | null {
  if (!isInsert(tokens)) return null
  const format = tokens.at(-1)
  if (format?.kind !== 'word' || format.depth !== 0 || !isWord(tokens.at(-2), 'FORMAT')) return null
  const clauses = tokens.slice(2).filter((token) => token.depth === 0)
  if (clauses.some((token) => isWord(token, 'SELECT') || isWord(token, 'VALUES'))) return null
  const formatAt = tokens.at(-2)
  const settings = clauses.find((token) => isWord(token, 'SETTINGS'))
  const splitAt = (settings ?? formatAt)?.start ?? text.length
  return { before: text.slice(0, splitAt), after: text.slice(splitAt), format: format.text }
}
