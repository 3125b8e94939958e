import { ApiError } from '#schemas/api.ts'
import { ERRORS, type ErrorCode, PlimsollError } from '#schemas/errors.ts'

export const DEFAULT_SERVER = 'http://127.0.0.1:8440'
const TIMEOUT_MS = 5000

/** Asks a running server, with the token of PLIMSOLL_TOKEN where there is one. E_STORE_AWAY when nobody answers. */
export async function askServer(
  url: URL,
  options: {
    readonly token: string | undefined
    readonly method?: string
    readonly body?: unknown
    /** Default 5 s. */
    readonly timeoutMs?: number
  },
): Promise<Response> {
  const { token, method = 'GET', body, timeoutMs = TIMEOUT_MS } = options
  const headers: Record<string, string> = {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  }
  try {
    return await fetch(url, {
      method,
      headers,
      signal: AbortSignal.timeout(timeoutMs),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  } catch (cause) {
    throw new PlimsollError(
      'E_STORE_AWAY',
      `nothing answers at ${url.origin}: is plimsoll running there?`,
      { cause },
    )
  }
}

const isCode = (code: string): code is ErrorCode => code in ERRORS

/** The answer's JSON; throws what the server said when it refused. */
export async function jsonOf(answer: Response): Promise<unknown> {
  const body: unknown = await answer.json().catch(() => null)
  if (answer.ok) return body
  const problem = ApiError.safeParse(body)
  const { code, message } = problem.success
    ? problem.data.error
    : { code: 'E_INTERNAL', message: `the server answered ${answer.status}` }
  throw new PlimsollError(isCode(code) ? code : 'E_INTERNAL', message)
}
