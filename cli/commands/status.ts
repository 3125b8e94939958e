import { z } from 'zod'
import { CollectionAnswer } from '#schemas/api.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Invocation } from '../command.ts'

const DEFAULT_URL = 'http://127.0.0.1:8440'
const TIMEOUT_MS = 5000
const Problem = z.object({ error: z.object({ code: z.string(), message: z.string() }) })

export async function run(invocation: Invocation): Promise<number> {
  const base = invocation.positionals[0] ?? DEFAULT_URL
  const token = invocation.env['PLIMSOLL_TOKEN']
  const ready = await ask(new URL('/readyz', base), token)
  invocation.print(`${base}: ${ready.ok ? 'ready' : 'not ready'} ${(await ready.text()).trim()}`)
  const answer = await ask(new URL('/api/v1/collection?limit=1', base), token)
  const body: unknown = await answer.json()
  const collection = CollectionAnswer.safeParse(body)
  if (collection.success) {
    const { totals, pipeline } = collection.data
    invocation.print(
      `targets: ${totals.ok} ok, ${totals.failed} failed, ${totals.stale} stale of ${totals.targets}`,
    )
    invocation.print(
      `settled until ${pipeline.settled_until ?? 'never'}, newest sample ${pipeline.newest_sample_at ?? 'none'}`,
    )
  } else {
    const problem = Problem.safeParse(body)
    invocation.print(
      problem.success
        ? `${problem.data.error.code}: ${problem.data.error.message}`
        : 'collection: no answer',
    )
  }
  return ready.ok ? 0 : 1
}

async function ask(url: URL, token: string | undefined): Promise<Response> {
  const headers: Record<string, string> =
    token === undefined ? {} : { authorization: `Bearer ${token}` }
  try {
    return await fetch(url, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) })
  } catch (cause) {
    throw new PlimsollError(
      'E_STORE_AWAY',
      `nothing answers at ${url.origin}: is plimsoll running there?`,
      { cause },
    )
  }
}
