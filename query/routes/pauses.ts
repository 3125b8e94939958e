import { randomBytes } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { PauseAnswer, type PauseOrder, PauseRequest } from '#schemas/control.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Guard } from '../access/guard.ts'
import type { QueryDeps } from '../deps.ts'
import { answers } from './responses.ts'

const tags = ['collection']

type PauseRouteDeps = Pick<QueryDeps, 'audit' | 'clock' | 'control'> & { readonly guard: Guard }

/** Keeping a source from being read on some nodes, for a while and by name. */
export const pauseRoutes: FastifyPluginCallbackZod<{ deps: PauseRouteDeps }> = (
  app,
  { deps },
  done,
) => {
  const { audit, clock, control, guard } = deps
  const way = () => {
    if (control !== null) return control
    throw new PlimsollError(
      'E_CONTROL_AWAY',
      'this query service has no way to the collectors: start it with --nats',
    )
  }
  const note = async (request: FastifyRequest, action: string, target: string) => {
    const person = await guard.identify(request)
    const who = person?.name ?? 'loopback'
    const role = person?.role ?? '-'
    await audit.record({ who, role, address: request.ip, action, target, outcome: 'done' })
    return who
  }
  const order = async (request: FastifyRequest, asked: PauseRequest) => {
    const { source, nodes, cluster, minutes, reason } = asked
    way().checkNodes(nodes)
    const who = await note(request, 'pause', `${source} on ${nodes.slice(0, 200)}`)
    const fromMs = clock()
    const pause: PauseOrder = {
      id: randomBytes(8).toString('hex'),
      source,
      nodes,
      cluster,
      reason,
      who,
      from_ms: fromMs,
      until_ms: fromMs + minutes * 60_000,
    }
    const state = await way().store.change((pauses) => [...pauses, pause])
    return answerOf(state.pauses, clock())
  }
  const end = async (request: FastifyRequest, id: string) => {
    const before = await way().store.read()
    if (!before.pauses.some((pause) => pause.id === id))
      throw new PlimsollError('E_NOT_FOUND', `no pause ${id} is in force`)
    await note(request, 'pause_end', id)
    const state = await way().store.change((pauses) => pauses.filter((pause) => pause.id !== id))
    return answerOf(state.pauses, clock())
  }
  app.get(
    '/pauses',
    {
      onRequest: guard.require('read'),
      schema: {
        tags,
        summary: 'Sources that are not read now, and why',
        response: answers(PauseAnswer),
      },
    },
    async () => answerOf((await way().store.read()).pauses, clock()),
  )
  app.post(
    '/pauses',
    {
      onRequest: guard.require('operate'),
      schema: {
        tags,
        summary: 'Stop reading a source on some nodes for a while',
        body: PauseRequest,
        response: answers(PauseAnswer),
      },
    },
    (request) => order(request, request.body),
  )
  app.delete(
    '/pauses/:id',
    {
      onRequest: guard.require('operate'),
      schema: {
        tags,
        summary: 'End a pause early',
        params: z.strictObject({ id: z.string().regex(/^[0-9a-f]{16}$/) }),
        response: answers(PauseAnswer),
      },
    },
    (request) => end(request, request.params.id),
  )
  done()
}

const answerOf = (pauses: readonly PauseOrder[], nowMs: number): PauseAnswer => ({
  pauses: pauses
    .filter((pause) => pause.until_ms > nowMs)
    .map(({ from_ms, until_ms, ...rest }) => ({
      ...rest,
      from: new Date(from_ms).toISOString(),
      until: new Date(until_ms).toISOString(),
    })),
})
