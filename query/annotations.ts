import { randomBytes } from 'node:crypto'
import { ANNOTATIONS_MAX } from '#schemas/annotation-names.ts'
import {
  type Annotation,
  type AnnotationRequest,
  type AnnotationsAnswer,
  touchesWindow,
} from '#schemas/annotation.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { JournalBody } from '#schemas/journal.ts'
import type { Actor } from './alerts/append.ts'
import { askedConditions, completeScope, touchesScope } from './annotation-scope.ts'
import type { QueryDeps } from './deps.ts'
import { parseFilters } from './filters.ts'
import type { JournalView } from './journal-state.ts'
import { DAY_MS, iso, parseTime, type TimeWindow, WINDOW_MS_MAX } from './window.ts'

/** Of one answer; the newest stay. */
const ANNOTATIONS_ANSWERED = 500

export interface AnnotationDeps extends Pick<
  QueryDeps,
  'reader' | 'clock' | 'journal' | 'audit' | 'simulated'
> {
  readonly journalView: JournalView
}

interface AnnotationsQuestion {
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly filter: readonly string[]
  readonly device?: string | undefined
}

/** GET /api/v1/annotations. Throws E_RANGE_INVALID, E_FILTER_INVALID, E_JOURNAL_AWAY. */
export async function listAnnotations(
  deps: AnnotationDeps,
  { from, to, filter, device }: AnnotationsQuestion,
): Promise<AnnotationsAnswer> {
  const window = windowOf(from, to, deps.clock())
  const conditions = await askedConditions(deps, parseFilters(filter), device)
  const { annotations } = await deps.journalView.current()
  const found = [...annotations.values()]
    .filter((one) => touchesWindow(one, window) && touchesScope(one, conditions))
    .toSorted((a, b) => a.from_ms - b.from_ms || (a.id < b.id ? -1 : 1))
  return {
    from: iso(window.fromMs),
    to: iso(window.toMs),
    annotations: found.slice(-ANNOTATIONS_ANSWERED),
    more: Math.max(0, found.length - ANNOTATIONS_ANSWERED),
    simulated: deps.simulated,
  }
}

/** Unlike questions for figures this one may end in the future: a planned maintenance is on the axis before it begins. */
function windowOf(from: string | undefined, to: string | undefined, nowMs: number): TimeWindow {
  const toMs = to === undefined ? nowMs : parseTime(to)
  const fromMs = from === undefined ? toMs - DAY_MS : parseTime(from)
  if (fromMs >= toMs)
    throw new PlimsollError('E_RANGE_INVALID', `from ${iso(fromMs)} is not before to ${iso(toMs)}`)
  if (toMs - fromMs > WINDOW_MS_MAX)
    throw new PlimsollError('E_RANGE_INVALID', 'a window is at most 400 days long')
  return { fromMs, toMs }
}

/** POST /api/v1/annotations. Throws E_BAD_REQUEST, E_TOO_LARGE, E_JOURNAL_AWAY. */
export async function addAnnotation(
  deps: AnnotationDeps,
  actor: Actor,
  asked: AnnotationRequest,
): Promise<Annotation> {
  const nowMs = deps.clock()
  const from_ms = asked.from_ms ?? nowMs
  if (asked.to_ms !== null && asked.to_ms <= from_ms)
    throw new PlimsollError(
      'E_BAD_REQUEST',
      'to_ms is not after its beginning; leave it out for a moment',
    )
  if (Math.abs(from_ms - nowMs) > WINDOW_MS_MAX)
    throw new PlimsollError('E_BAD_REQUEST', 'from_ms is more than 400 days away')
  const { annotations } = await deps.journalView.current()
  if (annotations.size >= ANNOTATIONS_MAX)
    throw new PlimsollError('E_TOO_LARGE', `${ANNOTATIONS_MAX} notes are in force: withdraw some`)
  const annotation: Annotation = {
    ...asked,
    id: randomBytes(8).toString('hex'),
    scope: await completeScope(deps, asked.scope),
    from_ms,
    by: actor.who,
    at_ms: nowMs,
  }
  const told = { action: 'annotation', target: `${annotation.id} ${asked.kind}: ${asked.title}` }
  await append(deps, actor, { kind: 'annotations', annotations: [annotation], withdrawn: [] }, told)
  return annotation
}

/** DELETE /api/v1/annotations/{id}: it is shown no more, its entry stays. Throws E_NOT_FOUND, E_JOURNAL_AWAY. */
export async function withdrawAnnotation(
  deps: AnnotationDeps,
  actor: Actor,
  id: string,
): Promise<Annotation> {
  const { annotations } = await deps.journalView.current()
  const found = annotations.get(id)
  if (found === undefined)
    throw new PlimsollError('E_NOT_FOUND', `there is no note ${id}, or it was withdrawn already`)
  const told = { action: 'annotation_withdraw', target: `${id} ${found.title}` }
  await append(deps, actor, { kind: 'annotations', annotations: [], withdrawn: [id] }, told)
  return found
}

async function append(
  { journal, audit, clock, journalView }: AnnotationDeps,
  actor: Actor,
  body: JournalBody,
  told: { readonly action: string; readonly target: string },
): Promise<void> {
  if (journal === null)
    throw new PlimsollError(
      'E_JOURNAL_AWAY',
      'this query service has no journal: start it with --nats as ingest is',
    )
  await audit.record({ ...actor, ...told, outcome: 'done' })
  try {
    await journal.append({ at_ms: clock(), who: actor.who, body })
  } catch (error) {
    await audit.record({ ...actor, ...told, outcome: 'failed' })
    throw error
  } finally {
    journalView.changed()
  }
}
