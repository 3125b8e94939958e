import { parseArgs } from 'node:util'
import { errorDocs, PlimsollError } from '#schemas/errors.ts'

/** One option of a command; `value` names its argument in the help (`PORT`), absent for switches. */
export interface OptionSpec {
  readonly value?: string
  readonly short?: string
  readonly help: string
  /** May be given several times. */
  readonly repeatable?: boolean
}

/** A subcommand: what --help prints, and where its code is. Loaded only when it runs. */
export interface CommandSpec {
  readonly name: string
  readonly summary: string
  /** Everything after the command's name, e.g. `[source] < file`. */
  readonly arguments: string
  /** Words it takes beside options; default none. */
  readonly words?: number
  readonly details: string
  readonly options: Readonly<Record<string, OptionSpec>>
  readonly examples: readonly string[]
  load(): Promise<{ run(invocation: Invocation): Promise<number> }>
}

/** A parsed command line and the streams it talks to. */
export interface Invocation {
  /** Value of an option, or undefined when it was not given. */
  option(name: string): string | undefined
  options(name: string): readonly string[]
  flag(name: string): boolean
  readonly positionals: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** Writes one line for the user on stdout. */
  print(line: string): void
}

/**
 * Parses what follows the command's name. Throws E_USAGE for unknown options, missing values and words
 * that mean nothing here: `--target a b` must not lose b in silence.
 */
export function parseInvocation(
  spec: CommandSpec,
  args: readonly string[],
  outside: Pick<Invocation, 'env' | 'print'>,
): Invocation {
  const config = Object.fromEntries(
    Object.entries(spec.options).map(([name, option]) => [
      name,
      {
        type: option.value === undefined ? ('boolean' as const) : ('string' as const),
        multiple: option.repeatable === true,
        ...(option.short === undefined ? {} : { short: option.short }),
      },
    ]),
  )
  const { values, positionals } = parse(spec, args, config)
  const surplus = positionals[spec.words ?? 0]
  if (surplus !== undefined) throw usage(spec, `${JSON.stringify(surplus)} means nothing here`)
  const all = (name: string) => {
    const value = values[name]
    const list = Array.isArray(value) ? value : [value]
    return list.filter((entry): entry is string => typeof entry === 'string')
  }
  return {
    option: (name) => all(name).at(-1),
    options: all,
    flag: (name) => values[name] === true,
    positionals,
    ...outside,
  }
}

type ParseConfig = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>['options']>

function parse(spec: CommandSpec, args: readonly string[], options: ParseConfig) {
  try {
    const whole = withNumbers(args, options)
    return parseArgs({ args: whole, options, allowPositionals: true, strict: true })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    // Node goes on to explain how a word that starts with a dash could be given.
    throw usage(spec, reason.split('. ')[0] ?? reason, cause)
  }
}

/** `--from -30d` is a value, not an option: no option begins with a digit. Node wants `--from=-30d`. */
function withNumbers(args: readonly string[], options: ParseConfig): string[] {
  const joined: string[] = []
  for (const arg of args) {
    const before = joined.at(-1) ?? ''
    const takesValue = before.startsWith('--') && options[before.slice(2)]?.type === 'string'
    if (takesValue && /^-\d/.test(arg)) joined[joined.length - 1] = `${before}=${arg}`
    else joined.push(arg)
  }
  return joined
}

const usage = (spec: CommandSpec, reason: string, cause?: unknown) =>
  new PlimsollError('E_USAGE', `${reason}; see plimsoll ${spec.name} --help`, { cause })

/** A whole number within limits, or E_USAGE that says which. */
export function wholeNumber(
  invocation: Invocation,
  name: string,
  limits: { min: number; max: number },
): number | undefined {
  const text = invocation.option(name)
  if (text === undefined) return undefined
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= limits.min && value <= limits.max) return value
  throw new PlimsollError(
    'E_USAGE',
    `--${name} ${text}: give a whole number from ${limits.min} to ${limits.max}`,
  )
}

/** What `plimsoll <command> --help` prints. */
export function renderHelp(spec: CommandSpec): string {
  const lines = [`plimsoll ${spec.name} ${spec.arguments}`.trimEnd(), '', spec.details.trim()]
  const options = Object.entries(spec.options).map(([name, option]) => {
    const short = option.short === undefined ? '' : `-${option.short}, `
    return [
      `  ${short}--${name}${option.value === undefined ? '' : ` ${option.value}`}`,
      option.help,
    ] as const
  })
  const width = Math.max(0, ...options.map(([left]) => left.length))
  if (options.length > 0)
    lines.push('', 'Options:', ...options.map(([left, help]) => `${left.padEnd(width)}  ${help}`))
  if (spec.examples.length > 0)
    lines.push('', 'Examples:', ...spec.examples.map((example) => `  ${example}`))
  return lines.join('\n')
}

/** What `plimsoll --help` prints. */
export function renderOverview(specs: readonly CommandSpec[]): string {
  const width = Math.max(...specs.map((spec) => spec.name.length))
  return [
    'plimsoll: fleet telemetry and utilization for AI data centres',
    '',
    'Usage: plimsoll <command> [options]      (plimsoll <command> --help says more)',
    '',
    ...specs.map((spec) => `  ${spec.name.padEnd(width)}  ${spec.summary}`),
  ].join('\n')
}

/** How an error looks in a terminal: code, sentence, page. Unknown errors keep their stack. */
export function renderError(error: unknown): string {
  if (error instanceof PlimsollError)
    return `${error.code}: ${error.message}\n  more: ${errorDocs(error.code)}`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
