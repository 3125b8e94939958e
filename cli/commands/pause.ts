import { PAUSE_MS_MAX, PauseAnswer, type PauseRequest } from '#schemas/control.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Invocation } from '../command.ts'
import { askServer, DEFAULT_SERVER, jsonOf } from '../server-request.ts'

const UNIT_MINUTES: Readonly<Record<string, number>> = { m: 1, h: 60, d: 1440 }

export async function run(invocation: Invocation): Promise<number> {
  const base = invocation.option('server') ?? DEFAULT_SERVER
  const token = invocation.env['PLIMSOLL_TOKEN']
  const ended = invocation.option('end')
  const url = new URL(`/api/v1/pauses${ended === undefined ? '' : `/${ended}`}`, base)
  if (invocation.flag('list')) return show(invocation, await askServer(url, { token }))
  if (ended !== undefined)
    return show(invocation, await askServer(url, { token, method: 'DELETE' }))
  const body = requestOf(invocation)
  return show(invocation, await askServer(url, { token, method: 'POST', body }))
}

/** The order as it was typed; throws E_USAGE naming what is missing. */
export function requestOf(invocation: Pick<Invocation, 'option'>): PauseRequest {
  const needed = (name: string): string => {
    const value = invocation.option(name)
    if (value !== undefined && value !== '') return value
    throw new PlimsollError('E_USAGE', `pause needs --${name}; plimsoll pause --help shows how`)
  }
  return {
    source: needed('source'),
    nodes: needed('nodes'),
    cluster: invocation.option('cluster') ?? '*',
    minutes: minutesOf(needed('for')),
    reason: needed('reason'),
  }
}

function minutesOf(text: string): number {
  const match = /^(\d{1,5})\s*([mhd])$/.exec(text.trim())
  const minutes = match === null ? 0 : Number(match[1]) * (UNIT_MINUTES[match[2] ?? 'm'] ?? 0)
  if (minutes >= 1 && minutes * 60_000 <= PAUSE_MS_MAX) return minutes
  throw new PlimsollError('E_USAGE', `--for ${text}: a time from 1m to 7d, such as 30m or 2h`)
}

async function show(invocation: Invocation, answer: Response): Promise<number> {
  const { pauses } = PauseAnswer.parse(await jsonOf(answer))
  invocation.print(pauses.length === 0 ? 'No source is paused.' : 'Paused now:')
  for (const { id, source, nodes, cluster, until, who, reason } of pauses) {
    const where = cluster === '*' ? nodes : `${nodes} in cluster ${cluster}`
    invocation.print(`  ${id}  ${source} on ${where} until ${until} by ${who}: ${reason}`)
  }
  return 0
}
