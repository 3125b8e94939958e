import type { Source } from '../../collector/source.ts'
import { openPages } from '../../collector/sources/dcgm-exporter/columns.ts'
import { loadSources } from '../../collector/sources.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { PastSource } from './prometheus-job.ts'

/** Which series are a source's pages, as a matcher of names. */
const PAGES: readonly Pages[] = [
  { name: 'dcgm-exporter', expression: 'DCGM_(FI|EXP)_.+', openPages },
  { name: 'npu-exporter', expression: '(npu_|machine_npu_|vnpu_|container_npu_).+' },
]

interface Pages extends Pick<PastSource, 'openPages'> {
  readonly name: string
  readonly expression: string
}

/** What the command line says about the series. */
export interface SourceWish {
  /** A mapping of the source `prometheus`, and an expression for the names of its metrics. */
  readonly mapping: string | undefined
  readonly names: string | undefined
  /** Matchers of labels that all series must fit. */
  readonly match: readonly string[]
}

const MATCHER = /^[a-zA-Z_][a-zA-Z0-9_]*(=|!=|=~|!~)"([^"\\]|\\.)*"$/

/** The sources that are read, each with its selector. Throws E_USAGE. */
export async function sourcesOf({ mapping, names, match }: SourceWish): Promise<PastSource[]> {
  const wrong = match.find((matcher) => !MATCHER.test(matcher))
  if (wrong !== undefined)
    throw new PlimsollError(
      'E_USAGE',
      `--match ${wrong}: write it like cluster="east" or job=~"dcgm.*"`,
    )
  const known = new Map((await loadSources()).map((source) => [source.name, source]))
  const find = (name: string): Source => {
    const source = known.get(name)
    if (source === undefined) throw new RangeError(`there is no source ${name}`)
    return source
  }
  const selector = (expression: string) => `{${[`__name__=~"${expression}"`, ...match].join(',')}}`
  const pages = PAGES.map(({ name, expression, ...how }): PastSource => {
    const source = find(name)
    return { source, config: source.config.parse({}), selector: selector(expression), ...how }
  })
  if (mapping === undefined) return pages
  if (names === undefined || !/^[\w:.|()*+[\]?-]{1,1000}$/.test(names))
    throw new PlimsollError(
      'E_USAGE',
      '--mapping needs --names, an expression for the names of its metrics, such as --names "node_.+"',
    )
  const source = find('prometheus')
  const config = source.config.safeParse({ mapping })
  if (!config.success)
    throw new PlimsollError('E_USAGE', `--mapping ${mapping}: ${config.error.issues[0]?.message}`)
  return [...pages, { source, config: config.data, selector: selector(names) }]
}
