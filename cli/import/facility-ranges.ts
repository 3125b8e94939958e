/** Names that one pattern of a site file may stand for. */
const NAMES_MAX = 20_000
const PLACE = /\{([a-z_]+)(?::([^{}]*))?\}/g
const NUMBERS = /^(\d{1,6})\.\.(\d{1,6})$/
const WORD = /^[A-Za-z0-9_.-]+$/

/** A name that a pattern stands for, with what its places hold. */
export interface Expanded {
  readonly text: string
  readonly values: Readonly<Record<string, string>>
}

/** What is wrong with a pattern. */
export class PatternError extends Error {}

/**
 * Expands `pdu-h{hall}-r{rack:01..48}-{feed:a,b}`: a place with a list or range of its own multiplies the name, one
 * without takes a value that is given. A leading zero asks for padding. Throws PatternError with what to write instead.
 */
export function expandPattern(
  pattern: string,
  given: Readonly<Record<string, string>>,
): readonly Expanded[] {
  let found: Expanded[] = [{ text: '', values: given }]
  let reached = 0
  for (const match of pattern.matchAll(PLACE)) {
    const [whole, name = '', list] = match
    const literal = pattern.slice(reached, match.index)
    reached = match.index + whole.length
    const choices = list === undefined ? null : choicesOf(list, whole)
    found = found.flatMap(({ text, values }) =>
      (choices ?? [valueOf(name, values, pattern)]).map((value) => ({
        text: text + literal + value,
        values: { ...values, [name]: value },
      })),
    )
    if (found.length > NAMES_MAX)
      throw new PatternError(`${pattern} stands for more than ${NAMES_MAX} names`)
  }
  const rest = pattern.slice(reached)
  if (/[{}]/.test(pattern.replaceAll(PLACE, '')))
    throw new PatternError(`${pattern}: a place is written {rack:01..48}, {feed:a,b} or {hall}`)
  return found.map(({ text, values }) => ({ text: text + rest, values }))
}

/** A text with its places filled in; the same errors, and a list of its own is one. */
export function fillPattern(pattern: string, given: Readonly<Record<string, string>>): string {
  const [only, other] = expandPattern(pattern, given)
  if (only === undefined || other !== undefined)
    throw new PatternError(`${pattern}: only names have lists of their own; write {rack} here`)
  return only.text
}

function valueOf(name: string, values: Readonly<Record<string, string>>, pattern: string): string {
  const value = values[name] ?? ''
  if (value === '')
    throw new PatternError(`${pattern}: nothing says what {${name}} is; give {${name}:01..48}`)
  return value
}

function choicesOf(list: string, place: string): string[] {
  const choices = list.split(',').flatMap((item) => {
    const [, from, to] = NUMBERS.exec(item.trim()) ?? []
    if (from === undefined || to === undefined) return [item.trim()]
    const count = Number(to) - Number(from) + 1
    if (count < 1) throw new PatternError(`${place} runs backwards`)
    if (count > NAMES_MAX) throw new PatternError(`${place} is more than ${NAMES_MAX} names`)
    const width = from.startsWith('0') ? from.length : 0
    return Array.from({ length: count }, (_, at) => String(Number(from) + at).padStart(width, '0'))
  })
  for (const choice of choices)
    if (!WORD.test(choice))
      throw new PatternError(`${place}: ${JSON.stringify(choice)} is no part of a name`)
  if (new Set(choices).size < choices.length) throw new PatternError(`${place} names one twice`)
  return choices
}
