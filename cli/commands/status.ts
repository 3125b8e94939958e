import { z } from 'zod'
import { CollectionAnswer } from '#schemas/api.ts'
import { PipelineAnswer } from '#schemas/api-pipeline.ts'
import type { Invocation } from '../command.ts'
import { askServer, DEFAULT_SERVER } from '../server-request.ts'

const Problem = z.object({ error: z.object({ code: z.string(), message: z.string() }) })

export async function run(invocation: Invocation): Promise<number> {
  const base = invocation.positionals[0] ?? DEFAULT_SERVER
  const token = invocation.env['PLIMSOLL_TOKEN']
  const ready = await askServer(new URL('/readyz', base), { token })
  invocation.print(`${base}: ${ready.ok ? 'ready' : 'not ready'} ${(await ready.text()).trim()}`)
  const ask = async (path: string): Promise<unknown> => {
    const answer = await askServer(new URL(path, base), { token })
    return answer.json().catch(() => null)
  }
  const collected = await ask('/api/v1/collection?limit=1')
  const collection = CollectionAnswer.safeParse(collected)
  if (collection.success) {
    const { totals, pipeline } = collection.data
    invocation.print(
      `targets: ${totals.ok} ok, ${totals.failed} failed, ${totals.stale} stale of ${totals.targets}`,
    )
    invocation.print(
      `settled until ${pipeline.settled_until ?? 'never'}, newest sample ${pipeline.newest_sample_at ?? 'none'}`,
    )
  } else invocation.print(problemOf('collection', collected))
  const piped = await ask('/api/v1/pipeline?limit=1')
  const pipeline = PipelineAnswer.safeParse(piped)
  const lines = pipeline.success ? pipelineLines(pipeline.data) : [problemOf('pipeline', piped)]
  for (const line of lines) invocation.print(line)
  return ready.ok ? 0 : 1
}

function problemOf(what: string, body: unknown): string {
  const problem = Problem.safeParse(body)
  if (!problem.success) return `${what}: no answer`
  return `${what}: ${problem.data.error.code}: ${problem.data.error.message}`
}

/** The verdict, what is wrong and what to do, and who reports. Pure. */
export function pipelineLines({ verdict, collectors, processes }: PipelineAnswer): string[] {
  const silent = processes.filter(({ status }) => status === 'silent').length
  const told =
    collectors === null || collectors.total === 0
      ? 'no collector has said how it is'
      : `${collectors.reporting} report, ${collectors.late} late, ${collectors.silent} silent, ${collectors.stopped} stopped`
  return [
    `pipeline: ${verdict.state}: ${verdict.message}`,
    ...verdict.findings.map(
      ({ severity, since, message, next, docs }) =>
        `  ${severity}${since === null ? '' : ` since ${since}`}: ${message}. ${next} (${docs})`,
    ),
    `collectors: ${told}`,
    `ingest: ${processes.length - silent} of ${processes.length} processes report`,
  ]
}
