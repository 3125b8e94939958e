import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { SessionInfo } from '#schemas/api.ts'
import { PlimsollError } from '#schemas/errors.ts'
import { DEFINITION_SET } from '#schemas/zones.ts'
import { type Guard, SESSION_COOKIE } from '../access/guard.ts'
import type { LoginLimit } from '../access/login-limit.ts'
import { SESSION_MS, type Sessions } from '../access/sessions.ts'
import type { QueryDeps } from '../deps.ts'
import { answers } from './responses.ts'

export interface SessionRouteDeps extends Pick<
  QueryDeps,
  'tokens' | 'audit' | 'simulated' | 'timeZone' | 'version' | 'demo'
> {
  readonly guard: Guard
  readonly sessions: Sessions
  readonly loginLimit: LoginLimit
}

const tags = ['session']

/** The login: a token for a cookie, so that a browser can open the live stream. Open to everybody. */
export const sessionRoutes: FastifyPluginCallbackZod<{ deps: SessionRouteDeps }> = (
  app,
  { deps },
  done,
) => {
  const { guard, sessions, tokens, audit, loginLimit } = deps
  const sessionInfo = (person: { name: string; role: 'read' | 'operate' | 'admin' } | null) => ({
    name: person?.name ?? null,
    role: person?.role ?? null,
    login_needed: person === null,
    simulated: deps.simulated,
    site_timezone: deps.timeZone,
    version: deps.version,
    definition: DEFINITION_SET,
    demo: deps.demo === undefined ? null : { incident_running: deps.demo.incidentRunning() },
  })
  app.get(
    '/session',
    {
      schema: {
        tags,
        summary: 'Who is asking, and what this site is',
        response: answers(SessionInfo),
      },
    },
    (request) => guard.identify(request).then(sessionInfo),
  )
  app.post(
    '/session',
    {
      schema: {
        tags,
        summary: 'Log in: exchanges a token for a cookie',
        body: z.strictObject({ token: z.string().max(256) }),
        response: answers(SessionInfo),
      },
    },
    async (request, reply) => {
      const address = request.ip
      loginLimit.check(address)
      const record = await tokens.verify(request.body.token)
      const entry = { address, action: 'login', target: '' }
      if (record === null) {
        loginLimit.failed(address)
        await audit.record({ ...entry, who: '-', role: '-', outcome: 'refused' })
        throw new PlimsollError('E_UNAUTHENTICATED', 'this token is unknown, expired or revoked')
      }
      await audit.record({ ...entry, who: record.name, role: record.role, outcome: 'done' })
      reply.setCookie(SESSION_COOKIE, sessions.open(record.id), {
        path: '/',
        httpOnly: true,
        sameSite: 'strict',
        secure: request.protocol === 'https',
        maxAge: SESSION_MS / 1000,
      })
      return sessionInfo(record)
    },
  )
  app.delete(
    '/session',
    { schema: { tags, summary: 'Log out', response: answers(z.object({ closed: z.boolean() })) } },
    async (request, reply) => {
      const cookie = request.cookies[SESSION_COOKIE]
      const id = cookie === undefined ? null : sessions.tokenOf(cookie)
      if (cookie === undefined || id === null) return { closed: false }
      const record = await tokens.byId(id)
      await audit.record({
        who: record?.name ?? id,
        role: record?.role ?? '-',
        address: request.ip,
        action: 'logout',
        target: '',
        outcome: 'done',
      })
      sessions.close(cookie)
      reply.clearCookie(SESSION_COOKIE, { path: '/' })
      return { closed: true }
    },
  )
  done()
}
