import { z } from 'zod'
import { CollectionAnswer } from '#schemas/api.ts'
import type { Invocation } from '../command.ts'
import { askServer, DEFAULT_SERVER } from '../server-request.ts'

const Problem = z.object({ error: z.object({ code: z.string(), message: z.string() }) })

export async function run(invocation: Invocation): Promise<number> {
  const base = invocation.positionals[0] ?? DEFAULT_SERVER
  const token = invocation.env['PLIMSOLL_TOKEN']
  const ready = await askServer(new URL('/readyz', base), { token })
  invocation.print(`${base}: ${ready.ok ? 'ready' : 'not ready'} ${(await ready.text()).trim()}`)
  const answer = await askServer(new URL('/api/v1/collection?limit=1', base), { token })
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
