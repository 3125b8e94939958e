import type { FastifyRequest } from 'fastify'
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import {
  JOURNAL_REQUEST_BYTES_MAX,
  JournalAppended,
  JournalPage,
  JournalQuery,
  JournalRequest,
} from '#schemas/api-journal.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { JournalBody, JournalEntry } from '#schemas/journal.ts'
import type { Guard } from '../access/guard.ts'
import type { QueryDeps } from '../deps.ts'
import type { JournalView } from '../journal-state.ts'
import { answers } from './responses.ts'

const tags = ['journal']
/** Entries looked at for one page: a rare kind is found over several pages. */
const LOOKED_AT_MAX = 1_000

/** An entry of these from outside would be a page that no rule made, a report that nobody reckoned, or one never sent. */
const OWN_KINDS: ReadonlySet<JournalBody['kind']> = new Set([
  'alerts',
  'alert_deliveries',
  'reports',
  'report_deliveries',
  'report_sends',
])

type JournalRouteDeps = Pick<QueryDeps, 'audit' | 'clock' | 'journal'> & {
  readonly guard: Guard
  readonly journalView: Pick<JournalView, 'changed'>
}

/** What people change: appended as entries, and read back as they were made. */
export const journalRoutes: FastifyPluginCallbackZod<{ deps: JournalRouteDeps }> = (
  app,
  { deps },
  done,
) => {
  app.post(
    '/journal',
    {
      bodyLimit: JOURNAL_REQUEST_BYTES_MAX,
      onRequest: deps.guard.require('admin'),
      schema: {
        tags,
        summary: 'Change inventory, states, allocations, owners, prices, references or contracts',
        body: JournalRequest,
        response: answers(JournalAppended),
      },
    },
    (request) => append(request, request.body, deps),
  )
  app.get(
    '/journal',
    {
      onRequest: deps.guard.require('read'),
      schema: {
        tags,
        summary: 'What was changed, by whom and when, oldest first',
        querystring: JournalQuery,
        response: answers(JournalPage),
      },
    },
    (request) => page(request.query, deps),
  )
  done()
}

function journalOf({ journal }: Pick<JournalRouteDeps, 'journal'>) {
  if (journal !== null) return journal
  throw new PlimsollError(
    'E_JOURNAL_AWAY',
    'this query service has no journal: start it with --nats as ingest is',
  )
}

async function append(
  request: FastifyRequest,
  { bodies, expected_last }: JournalRequest,
  deps: JournalRouteDeps,
): Promise<JournalAppended> {
  const journal = journalOf(deps)
  const forbidden = bodies.find(({ kind }) => OWN_KINDS.has(kind))
  if (forbidden !== undefined)
    throw new PlimsollError(
      'E_FORBIDDEN',
      `entries of the kind ${forbidden.kind} are written by Plimsoll itself only`,
    )
  const person = await deps.guard.identify(request)
  const who = person?.name ?? 'loopback'
  const note = (body: JournalBody, outcome: 'done' | 'failed') =>
    deps.audit.record({
      who,
      role: person?.role ?? '-',
      address: request.ip,
      action: 'journal',
      target: describe(body),
      outcome,
    })
  const sequences: number[] = []
  for (const body of bodies) {
    // Who expects an end expects the entries of one request to follow each other, too.
    const expectedLast =
      expected_last === undefined ? undefined : (sequences.at(-1) ?? expected_last)
    await note(body, 'done')
    try {
      const change = { at_ms: deps.clock(), who, body }
      const options = expectedLast === undefined ? {} : { expectedLast }
      sequences.push((await journal.append(change, options)).sequence)
    } catch (error) {
      await note(body, 'failed')
      throw withStored(error, sequences, bodies.length)
    } finally {
      deps.journalView.changed()
    }
  }
  return { last: Math.max(...sequences), sequences }
}

/** Says which entries of the request are in the journal although it failed. */
function withStored(error: unknown, sequences: readonly number[], bodies: number): unknown {
  if (sequences.length === 0 || !(error instanceof PlimsollError)) return error
  return new PlimsollError(
    error.code,
    `${error.message}; of the ${bodies} entries of this request the first ${sequences.length} are stored, as ${sequences.join(', ')}`,
    { cause: error },
  )
}

function describe(body: JournalBody): string {
  switch (body.kind) {
    case 'inventory':
      return `inventory ${body.import_id}: ${body.devices.length} devices, ${body.nodes.length} nodes`
    case 'device_states':
      return `device_states ${body.import_id}: ${body.states.length} rows`
    case 'allocations':
      return `allocations ${body.import_id}: ${body.allocations.length} rows, ${body.scopes.length} scopes`
    default:
      return body.kind
  }
}

async function page(
  { from, limit, kind }: JournalQuery,
  deps: Pick<JournalRouteDeps, 'journal'>,
): Promise<JournalPage> {
  const journal = journalOf(deps)
  const last = await journal.last()
  const entries: JournalEntry[] = []
  let at = from
  while (at <= last && entries.length < limit && at - from < LOOKED_AT_MAX) {
    const found = await journal.readFrom(at, limit - entries.length)
    if (found.length === 0) break
    entries.push(...found.filter(({ body }) => kind === undefined || body.kind === kind))
    at = (found.at(-1)?.sequence ?? at) + 1
    // Without a kind one read is a page: it stops by itself where entries are large.
    if (kind === undefined) break
  }
  return { last, entries, next_from: at <= last ? at : null }
}
