import type { FastifyReply, FastifyRequest } from 'fastify'
import { PlimsollError } from '#schemas/errors.ts'
import { addressMatcher, isLoopback } from './addresses.ts'
import { type AccessConfig, type AccessRole, mayAct } from './config.ts'
import { checkAddressing } from './hosts.ts'
import type { Sessions } from './sessions.ts'
import type { TokenStore } from './tokens.ts'

export const SESSION_COOKIE = 'plimsoll_session'

/** Who is asking. */
export interface Person {
  readonly name: string
  readonly role: AccessRole
}

export interface Guard {
  /** onRequest hook of the whole server: Host and Origin. */
  checkAddress(request: FastifyRequest): void
  /** onRequest hook of a scope: refuses who may not act as `role`. */
  require(role: AccessRole): (request: FastifyRequest, reply: FastifyReply) => Promise<void>
  /** Who is asking, or null for nobody we know. Throws E_UNAUTHENTICATED for a bearer token that is no good. */
  identify(request: FastifyRequest): Promise<Person | null>
}

export interface GuardDeps {
  readonly config: AccessConfig
  readonly tokens: TokenStore
  readonly sessions: Sessions
}

/** Signs of a proxy between us and the caller: then "it came from loopback" says nothing. */
const FORWARDED = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'] as const

export function createGuard({ config, tokens, sessions }: GuardDeps): Guard {
  const isProxy = addressMatcher(config.trusted_proxies)
  const identify = async (request: FastifyRequest): Promise<Person | null> => {
    const bearer = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1]
    if (bearer !== undefined) {
      const record = await tokens.verify(bearer)
      if (record !== null) return record
      throw new PlimsollError('E_UNAUTHENTICATED', 'this token is unknown, expired or revoked')
    }
    const vouched = vouchedFor(request)
    if (vouched !== null) return vouched
    const cookie = request.cookies[SESSION_COOKIE]
    const tokenId = cookie === undefined ? null : sessions.tokenOf(cookie)
    const record = tokenId === null ? null : await tokens.byId(tokenId)
    return record ?? (isLocal(request) ? { name: 'local', role: 'admin' } : null)
  }
  /** The identity header counts from listed proxies only; everybody else may write what they like in it. */
  const vouchedFor = (request: FastifyRequest): Person | null => {
    if (config.identity === null || !isProxy(peer(request))) return null
    const name = request.headers[config.identity.header.toLowerCase()]
    if (typeof name !== 'string' || name === '') return null
    return { name: name.slice(0, 64), role: config.identity.role }
  }
  const isLocal = (request: FastifyRequest) =>
    isLoopback(peer(request)) &&
    isLoopback(hostName(request)) &&
    !isProxy(peer(request)) &&
    FORWARDED.every((header) => request.headers[header] === undefined)
  return {
    checkAddress(request) {
      checkAddressing(
        {
          host: request.headers.host,
          origin: request.headers.origin,
          fetchSite: oneHeader(request, 'sec-fetch-site'),
          method: request.method,
          localAddress: request.socket.localAddress,
        },
        config.public_names,
      )
    },
    require: (role) => async (request) => {
      const person = await identify(request)
      if (person === null) {
        throw new PlimsollError(
          'E_UNAUTHENTICATED',
          'log in, or send a token as Authorization: Bearer',
        )
      }
      if (!mayAct(person.role, role)) {
        throw new PlimsollError('E_FORBIDDEN', `${person.name} may ${person.role}, not ${role}`)
      }
    },
    identify,
  }
}

const peer = (request: FastifyRequest) => request.socket.remoteAddress ?? ''
const hostName = (request: FastifyRequest) => (request.headers.host ?? '').replace(/:\d+$/, '')

function oneHeader(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' ? value : undefined
}
