/** What takes secrets out of text: known ones by their letters, unknown ones by where and how they stand. */

const SECRET = '[secret]'

/** Words in the name of a key, option or variable whose value is a secret. */
const WORDS =
  'pass(?:word|wd|phrase)|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|auth[_-]?key|credential|creds|authorization|cookie|nkey|seed|jwt|signature'
const SECRET_NAME = new RegExp(WORDS, 'i')

/** Whether a key, option or variable of this name holds a secret. */
export const isSecretName = (name: string): boolean => SECRET_NAME.test(name)

/** Shorter ones would take words of the language out; where they stand is emptied in any case. */
const LITERAL_CHARS = 4

/**
 * Patterns, each linear: bounded repeats, no nested ones. Unquoted values reach to the end of the line:
 * rather too much than the second half of a password.
 */
const PATTERNS: readonly (readonly [pattern: RegExp, by: string])[] = [
  // ?name=value&name=value
  [/([?&][\w.~%[\]-]{1,64}=)[^\s&"'<>]{1,4096}/g, `$1${SECRET}`],
  [/\b(bearer|basic|digest|negotiate)[ \t]{1,4}[^\s"',]{2,4096}/gi, `$1 ${SECRET}`],
  // --password value
  [
    new RegExp(
      `(--?[\\w-]{0,32}(?:${WORDS})[\\w-]{0,32}(?:=|[ \\t]{1,4}))[^\\s=:][^\\s]{0,4096}`,
      'gi',
    ),
    `$1${SECRET}`,
  ],
  // name: value, name = value, "name":"value", name="value with \" in it"
  [
    new RegExp(
      `((?:${WORDS})[\\w.-]{0,32}[\\\\"']{0,4}[ \\t]{0,4}[:=]{1,2}>?[ \\t]{0,4})(?:"(?:[^"\\\\\\n]|\\\\.){0,4096}"|'[^'\\n]{0,4096}'|[^\\n]{1,8192})`,
      'gi',
    ),
    `$1${SECRET}`,
  ],
  // Shapes: JWT, NATS seeds, our own tokens, keys of well-known services.
  [/\beyJ[\w-]{4,}\.[\w-]{4,}\.?[\w-]*/g, SECRET],
  [/\bS[UAOCNX][A-Z2-7]{40,80}\b/g, SECRET],
  [/\bplm_[\w-]{8,}/g, SECRET],
  [
    /\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_\w{20,}|glpat-[\w-]{16,}|sk-[\w-]{16,}|xox[abprs]-[\w-]{8,})/g,
    SECRET,
  ],
]

/** A run of base64 with capitals, small letters and digits is no name that a tool prints. */
const LONG_RUN = /[A-Za-z0-9+/_=-]{32,}/g
const UUID = /^(?:[A-Z]{1,8}-)?[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-/

/** Takes secrets out of any text. `known` are literal secrets, found anywhere in any spelling of theirs. */
export function createSecretRemover(known: readonly string[]): (text: string) => string {
  const literals = [...new Set(known.flatMap(spellings))]
    .filter((secret) => secret.length >= LITERAL_CHARS)
    .sort((a, b) => b.length - a.length)
  return (text) => {
    let result = withoutBlocks(text)
    for (const secret of literals) result = result.replaceAll(secret, SECRET)
    result = result.replace(/\S+/g, withoutLogin)
    for (const [pattern, by] of PATTERNS) result = result.replace(pattern, by)
    return result.replace(LONG_RUN, (run) => (isLikelySecret(run) ? SECRET : run))
  }
}

/**
 * `scheme://user:password@host`, `user:password@host`: all up to the last @ of the word, since a password
 * may hold anything.
 */
function withoutLogin(word: string): string {
  const end = word.lastIndexOf('@')
  const colon = word.indexOf(':')
  if (colon === -1 || end <= colon + 1) return word
  const scheme = word.indexOf('://')
  const kept = scheme === -1 || scheme > end ? '' : word.slice(0, scheme + 3)
  return `${kept}${SECRET}${word.slice(end)}`
}

function isLikelySecret(run: string): boolean {
  const isMixed = /[A-Z]/.test(run) && /[a-z]/.test(run) && /\d/.test(run)
  return isMixed && !UUID.test(run) && !isPath(run)
}

/** Base64 has slashes too, but seldom several short words between them, and paths have no `+` or `=`. */
function isPath(run: string): boolean {
  const parts = run.split('/')
  return parts.length > 2 && !/[+=]/.test(run) && parts.every((part) => part.length < 32)
}

/** A secret as it may stand in a URL, in JSON, or in a header. */
function spellings(secret: string): string[] {
  const all = [secret, JSON.stringify(secret).slice(1, -1)]
  try {
    all.push(encodeURIComponent(secret), decodeURIComponent(secret))
  } catch {
    // A half surrogate or a stray percent sign: it has no other spelling.
  }
  return all
}

const BEGIN = '-----BEGIN '
const END = '-----END '

/** Without keys and certificates between BEGIN and END lines; one without an end takes the rest. */
function withoutBlocks(text: string): string {
  const parts: string[] = []
  let at = 0
  for (;;) {
    const begin = text.indexOf(BEGIN, at)
    if (begin === -1) break
    parts.push(text.slice(at, begin), SECRET)
    const end = text.indexOf(END, begin)
    const line = end === -1 ? -1 : text.indexOf('\n', end)
    at = line === -1 ? text.length : line
  }
  parts.push(text.slice(at))
  return parts.join('')
}

/** Secrets inside one value of a configuration or of the environment: of URLs user, password and query. */
export function secretsInUrl(value: string): string[] {
  return value.split(',').flatMap((part) => {
    const url = URL.parse(part.trim().includes('://') ? part.trim() : `x://${part.trim()}`)
    if (url === null) return []
    const { username, password, searchParams } = url
    const login = password === '' ? [username] : [password]
    return [...login.flatMap(decoded), ...searchParams.values()].filter((text) => text !== '')
  })
}

function decoded(text: string): string[] {
  try {
    return [text, decodeURIComponent(text)]
  } catch {
    return [text]
  }
}

/** Every secret that the environment holds: variables with telling names, and logins in addresses. */
export function secretsInEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): string[] {
  return Object.entries(environment).flatMap(([name, value]) => {
    if (value === undefined || value === '') return []
    const inside = value.includes('@') || value.includes('?') ? secretsInUrl(value) : []
    return isSecretName(name) ? [value, ...inside] : inside
  })
}
