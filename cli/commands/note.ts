import { ANNOTATION_KINDS, ANNOTATION_SCOPES } from '#schemas/annotation-names.ts'
import {
  type Annotation,
  Annotation as AnnotationSchema,
  AnnotationRequest,
  AnnotationsAnswer,
} from '#schemas/annotation.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Invocation } from '../command.ts'
import { askServer, DEFAULT_SERVER, jsonOf } from '../server-request.ts'
import { timeOf } from './repair.ts'

const LIST_MS = 30 * 86_400_000

export async function run(invocation: Invocation): Promise<number> {
  const base = invocation.option('server') ?? DEFAULT_SERVER
  const token = invocation.env['PLIMSOLL_TOKEN']
  const url = (path: string) => new URL(`/api/v1/annotations${path}`, base)
  if (invocation.flag('show')) {
    const answer = await askServer(url(`?${listQuery(invocation, Date.now()).toString()}`), {
      token,
    })
    const { annotations, more } = AnnotationsAnswer.parse(await jsonOf(answer))
    for (const line of linesOf(annotations, more)) invocation.print(line)
    return 0
  }
  const withdrawn = invocation.option('withdraw')
  const answer =
    withdrawn === undefined
      ? await askServer(url(''), { token, method: 'POST', body: noteOf(invocation) })
      : await askServer(url(`/${encodeURIComponent(withdrawn)}`), { token, method: 'DELETE' })
  const note = AnnotationSchema.parse(await jsonOf(answer))
  invocation.print(withdrawn === undefined ? lineOf(note) : `Withdrawn: ${note.id}  ${note.title}`)
  return 0
}

/** The note as it was typed; throws E_USAGE that names the option. */
export function noteOf(invocation: Pick<Invocation, 'option' | 'positionals'>): AnnotationRequest {
  const title = invocation.positionals.join(' ').trim()
  if (title === '') throw usage('say what happened: plimsoll note "driver 570 rolled out"')
  const typed = {
    title,
    ...given(invocation, 'kind'),
    ...given(invocation, 'text'),
    scope: Object.assign({}, ...ANNOTATION_SCOPES.map((field) => given(invocation, field))),
    ...time(invocation, 'from'),
    ...time(invocation, 'to'),
  }
  const request = AnnotationRequest.safeParse(typed)
  if (request.success) return request.data
  const [issue] = request.error.issues
  const where = issue?.path.at(-1)
  if (where === 'kind') throw usage(`--kind: one of ${ANNOTATION_KINDS.join(', ')}`)
  const name = where === 'title' ? 'the title' : `--${String(where)}`
  throw usage(`${name}: ${issue?.message ?? 'cannot be read'}`)
}

const usage = (reason: string) =>
  new PlimsollError('E_USAGE', `${reason}; plimsoll note --help shows how`)

function given({ option }: Pick<Invocation, 'option'>, name: string): Record<string, string> {
  const value = option(name)
  return value === undefined ? {} : { [name]: value }
}

function time(invocation: Pick<Invocation, 'option'>, name: 'from' | 'to'): Record<string, number> {
  return invocation.option(name) === undefined ? {} : { [`${name}_ms`]: timeOf(invocation, name) }
}

function listQuery(invocation: Pick<Invocation, 'option'>, nowMs: number): URLSearchParams {
  const bound = (name: 'from' | 'to') => time(invocation, name)[`${name}_ms`]
  const to = bound('to') ?? nowMs
  const query = new URLSearchParams({ from: String(bound('from') ?? to - LIST_MS), to: String(to) })
  for (const field of ANNOTATION_SCOPES) {
    const value = invocation.option(field)
    if (value === undefined) continue
    if (field === 'device') query.set('device', value)
    else query.append('filter', `${field}:eq:${value}`)
  }
  return query
}

/** The list as it is printed. */
export function linesOf(notes: readonly Annotation[], more: number): readonly string[] {
  if (notes.length === 0) return ['No notes in this time.']
  return [...(more > 0 ? [`… and ${more} before these`] : []), ...notes.map(lineOf)]
}

function lineOf({ id, kind, title, scope, from_ms, to_ms, by }: Annotation): string {
  const until = to_ms === null ? '' : ` to ${stamp(to_ms)}`
  const about = Object.entries(scope).map(([field, value]) => `${field} ${value}`)
  const where = about.length === 0 ? 'fleet' : about.join(', ')
  return `${id}  ${stamp(from_ms)}${until}  ${kind}  ${title}  (${where}; by ${by})`
}

const stamp = (ms: number) => new Date(ms).toISOString().replace(/(:00)?\.000Z$/, 'Z')
