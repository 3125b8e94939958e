import type { Unread } from '#schemas/reading.ts'
import type { FieldIo, FieldRequest, FieldResponse } from '../../field-io.ts'
import { sameText } from '../../formats/same-text.ts'
import { failureWords, loginWaits, NOT_JSON, statusWords } from './faults.ts'
import { ANSWER_BYTES, jsonOf } from './interpret.ts'
import { isJson, type Json } from './json.ts'
import type { Access } from './secrets.ts'

/** What came of one question. */
export type Answer =
  | { readonly kind: 'json'; readonly value: Json; readonly location: string | null }
  /** 404 or 410: it is not there. */
  | { readonly kind: 'gone' }
  /** This resource cannot be read; others may. */
  | { readonly kind: 'refused'; readonly why: Unread }
  /** Nothing of this device can be read now. */
  | { readonly kind: 'down'; readonly why: Unread; readonly retryAfterMs: number | null }

export interface ClientDeps {
  readonly request: FieldIo['request']
  /** Address of the target; only its origin is used. */
  readonly address: string
  readonly timeoutMs: number
  readonly access: () => Promise<Access>
  readonly tls: () => Promise<FieldRequest['tls']>
  readonly nowMs: () => number
  readonly random: () => number
}

/** One device as a client of it sees it: logged in once, asked for one thing at a time. */
export interface Client {
  get(path: string): Promise<Answer>
  post(path: string, body: Json): Promise<Answer>
  remove(path: string): Promise<void>
  /** The path of a link when it stays on this device below /redfish/, else null: links elsewhere are data. */
  ownPath(link: string): string | null
  /** Logs out, if logged in. */
  close(): Promise<void>
}

const SESSIONS = '/redfish/v1/SessionService/Sessions'
/** Waits between logins that were refused: a locked account is worse than a missing value, ms. */
const LOGIN_BASE_MS = 30_000
const LOGIN_MAX_MS = 900_000
const PATH_MAX = 1024
const RETRY_AFTER_MAX_MS = 300_000

interface ClientState {
  readonly deps: ClientDeps
  readonly origin: string
  /** How questions are proved now; null = not logged in. */
  proof: Readonly<Record<string, string>> | null
  /** The token comes from a login of ours. */
  isSession: boolean
  /** Where that session is ended; null = the device did not say. */
  session: string | null
  hasNoSessions: boolean
  refusedUntilMs: number
  refusedWaitMs: number
  refusal: Unread | null
}

export function createClient(deps: ClientDeps): Client {
  const state: ClientState = {
    deps,
    origin: new URL(deps.address).origin,
    proof: null,
    isSession: false,
    session: null,
    hasNoSessions: false,
    refusedUntilMs: 0,
    refusedWaitMs: 0,
    refusal: null,
  }
  return {
    get: (path) => ask(state, path, { method: 'GET' }),
    post: (path, body) => ask(state, path, { method: 'POST', body: JSON.stringify(body) }),
    async remove(path) {
      await ask(state, path, { method: 'DELETE' })
    },
    ownPath: (link) => ownPath(state.origin, link),
    async close() {
      const { session, proof } = state
      forget(state)
      if (session !== null && proof !== null)
        await send(state, session, { method: 'DELETE', headers: proof })
    },
  }
}

/** Links are text of the device: `//other`, `http://other` and paths outside of the service are not followed. */
function ownPath(origin: string, link: string): string | null {
  if (link === '' || link.length > PATH_MAX || /[\p{Cc}\s\\]/u.test(link)) return null
  const url = URL.parse(link, origin)
  if (url === null || url.origin !== origin || !url.pathname.startsWith('/redfish/')) return null
  return sameText(url.pathname + url.search)
}

interface Question {
  readonly method: FieldRequest['method']
  readonly body?: string
}

/** One question; a session that ran out is renewed once. */
async function ask(state: ClientState, path: string, question: Question): Promise<Answer> {
  const before = await prove(state)
  if (before !== null) return before
  const first = await send(state, path, { ...question, headers: state.proof ?? {} })
  if (first.status !== 401) return answerOf(first)
  if (!mayRenew(state)) return refuseLogin(state, statusWords(401))
  forget(state)
  const again = await prove(state)
  if (again !== null) return again
  const second = await send(state, path, { ...question, headers: state.proof ?? {} })
  // Let in and turned away at once: the next try would end the same.
  return second.status === 401 ? refuseLogin(state, statusWords(401)) : answerOf(second)
}

/** A token of a session may have run out; a password or a given token that is refused stays refused. */
const mayRenew = ({ isSession, proof }: ClientState) => isSession && proof !== null

function forget(state: ClientState): void {
  state.proof = null
  state.isSession = false
  state.session = null
}

/** Logs in where that is needed; null when questions can be asked. */
async function prove(state: ClientState): Promise<Answer | null> {
  if (state.proof !== null) return null
  const { deps } = state
  if (deps.nowMs() < state.refusedUntilMs && state.refusal !== null)
    return down(loginWaits(state.refusedUntilMs, state.refusal))
  const access = await deps.access()
  if (access.kind === 'missing') return down(access.why)
  if (access.kind === 'open') state.proof = {}
  else if (access.kind === 'token') state.proof = { 'x-auth-token': access.token }
  else if (state.hasNoSessions) state.proof = basic(access)
  else return logIn(state, access)
  return null
}

type Login = Extract<Access, { kind: 'login' }>

async function logIn(state: ClientState, access: Login): Promise<Answer | null> {
  const body = JSON.stringify({ UserName: access.user, Password: access.password })
  const got = await send(state, SESSIONS, { method: 'POST', headers: {}, body })
  const token = got.headers['x-auth-token'] ?? ''
  if (got.status === 200 || got.status === 201) {
    if (token === '') return down(NO_TOKEN)
    state.proof = { 'x-auth-token': token }
    const location = got.headers['location'] ?? sessionOf(got)
    state.isSession = true
    state.session = ownPath(state.origin, location)
    state.refusedWaitMs = 0
    return null
  }
  if (got.status === 404 || got.status === 405 || got.status === 501) {
    state.hasNoSessions = true
    state.proof = basic(access)
    return null
  }
  if (got.status === 400 || got.status === 401 || got.status === 403)
    return refuseLogin(state, statusWords(401))
  return answerOf(got)
}

const NO_TOKEN: Unread = {
  reason: 'no_token',
  detail:
    'The device opened a session and gave no token; update its firmware, or name a token (`token_env`).',
}

const sessionOf = (got: FieldResponse): string => {
  const value = jsonOf(got.body)
  const id = isJson(value) ? value['@odata.id'] : ''
  return typeof id === 'string' ? id : ''
}

const basic = ({ user, password }: Login) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`,
})

/** The next login waits, longer each time and never in step with other devices (decorrelated jitter). */
function refuseLogin(state: ClientState, why: Unread): Answer {
  const { nowMs, random } = state.deps
  const span = Math.max(LOGIN_BASE_MS, state.refusedWaitMs) * 3 - LOGIN_BASE_MS
  state.refusedWaitMs = Math.min(LOGIN_MAX_MS, LOGIN_BASE_MS + random() * span)
  state.refusedUntilMs = nowMs() + state.refusedWaitMs
  state.refusal = why
  forget(state)
  return down(why)
}

const down = (why: Unread, retryAfterMs: number | null = null): Answer => ({
  kind: 'down',
  why,
  retryAfterMs,
})

async function send(
  { deps, origin }: ClientState,
  path: string,
  { method, headers, body }: Question & { readonly headers: Readonly<Record<string, string>> },
): Promise<FieldResponse> {
  const tls = await deps.tls()
  return deps.request(
    origin + path,
    {
      method,
      headers: {
        'odata-version': '4.0',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
      ...(tls === undefined ? {} : { tls }),
    },
    { timeoutMs: deps.timeoutMs, maxBytes: ANSWER_BYTES },
  )
}

function answerOf(got: FieldResponse): Answer {
  if (got.failure === 'too_large' || got.failure === 'garbage')
    return { kind: 'refused', why: failureWords(got.failure) }
  if (got.failure !== null) return down(failureWords(got.failure))
  const status = got.status ?? 0
  if (status === 404 || status === 410) return { kind: 'gone' }
  if (status === 429 || status === 503) return down(statusWords(status), retryAfterMs(got))
  if (status === 204) return { kind: 'json', value: {}, location: locationOf(got) }
  if (status < 200 || status > 299) return { kind: 'refused', why: statusWords(status) }
  const value = jsonOf(got.body)
  if (isJson(value)) return { kind: 'json', value, location: locationOf(got) }
  // A subscription may be answered with nothing but its place.
  if (status === 201) return { kind: 'json', value: {}, location: locationOf(got) }
  return { kind: 'refused', why: NOT_JSON }
}

const locationOf = ({ headers }: FieldResponse): string | null => headers['location'] ?? null

function retryAfterMs({ headers }: FieldResponse): number | null {
  const seconds = Number(headers['retry-after'] ?? Number.NaN)
  return Number.isFinite(seconds) && seconds >= 0
    ? Math.min(RETRY_AFTER_MAX_MS, seconds * 1000)
    : null
}
