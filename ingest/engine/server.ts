import { randomBytes, timingSafeEqual } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import type { EmbeddedEngine, EngineAnswer } from './chdb-engine.ts'
import {
  httpStatus,
  insertFromFile,
  planRequest,
  renderStatement,
  type StatementPlan,
} from './http-protocol.ts'
import { givenBody, receiveBody } from './insert-body.ts'
import { createLane } from './lane.ts'
import { multipartFields } from './multipart.ts'
import {
  exceptionCode,
  refuseCancelled,
  refuseLogin,
  refuseSyntax,
  refuseTooLarge,
  refuseUnsupported,
} from './refusal.ts'
import { ROWS_FILE_HEADER, ROWS_FOLDER_HEADER } from './rows-headers.ts'
import { STATEMENT_CHARS_MAX } from './sql-text.ts'

/** Queries at once. Each holds one of the >= 16 libuv threads; writes keep two so that a long
 * INSERT ... SELECT does not hold up the next batch. */
const LANES = {
  read: { width: 4, waitingMax: 256 },
  write: { width: 2, waitingMax: 64 },
} as const
/** Requests that may hold a body file at once. */
const BODIES = { width: 4, waitingMax: 64 } as const
const MULTIPART_BYTES_MAX = 16 * 1024 * 1024
/** A server takes URLs up to 1 MiB (http_max_uri_size); Node's own limit is 16 kB. */
const HEADER_BYTES_MAX = 1024 * 1024
const KEEP_ALIVE_MS = 60_000

export interface EngineServerOptions {
  readonly engine: EmbeddedEngine
  /** Password that each request must carry, as ClickHouse's Basic or X-ClickHouse-Key. */
  readonly secret: string
  readonly bodyFolder: string
  /** Called when the engine says that it is beyond use (code 236): the process must be replaced. */
  readonly onBroken: (message: string) => void
}

export interface EngineServer {
  readonly http: Server
  /** Takes no new requests and resolves when those under way are answered. */
  drain(): Promise<void>
}

/** The embedded engine behind the part of ClickHouse's HTTP interface that @clickhouse/client uses. */
export function createEngineServer(options: EngineServerOptions): EngineServer {
  const lanes = { read: createLane(LANES.read), write: createLane(LANES.write) }
  const bodies = createLane(BODIES)
  const secret = Buffer.from(options.secret)

  const run = async (plan: StatementPlan, text: string, response: ServerResponse) => {
    const tag = randomBytes(12).toString('hex')
    return lanes[plan.lane].run(async () => {
      if (response.destroyed) throw refuseCancelled('the client went away')
      // A write runs to its end: its token decides what a retry does. A read nobody waits for is stopped.
      const stop = () => {
        if (plan.lane === 'read' && !response.writableFinished) {
          options.engine.kill(tag).catch(() => undefined)
        }
      }
      response.once('close', stop)
      try {
        return await options.engine.run(renderStatement(plan, text, tag), plan.format)
      } finally {
        response.off('close', stop)
      }
    })
  }

  const insertBody = async (
    plan: StatementPlan,
    request: IncomingMessage,
    response: ServerResponse,
  ) =>
    bodies.run(async () => {
      const target = plan.insert
      if (target === null) throw refuseSyntax('only INSERT ... FORMAT takes rows in the body')
      const path = join(options.bodyFolder, `${randomBytes(12).toString('hex')}.rows`)
      // A login manager that tidies up /dev/shm may have taken the folder away.
      await mkdir(options.bodyFolder, { recursive: true, mode: 0o700 })
      try {
        const bytes = await receiveBody(request, path)
        if (bytes === 0) return NOTHING
        return await run(plan, insertFromFile(target, path), response)
      } finally {
        await rm(path, { force: true })
      }
    })

  /** Rows that the client has put into the folder itself; see rows-headers.ts. */
  const insertGiven = async (plan: StatementPlan, name: string, response: ServerResponse) => {
    const target = plan.insert
    if (target === null) throw refuseSyntax('only INSERT ... FORMAT takes rows in a file')
    const path = await givenBody(options.bodyFolder, name)
    try {
      return await run(plan, insertFromFile(target, path), response)
    } finally {
      await rm(path, { force: true })
    }
  }

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://engine')
    if (url.pathname === '/ping') return send(response, 200, Buffer.from('Ok.\n'))
    if (!authorized(request, url.searchParams, secret)) {
      throw refuseLogin('Authentication failed: password is incorrect')
    }
    if (url.pathname !== '/' || !['GET', 'POST'].includes(request.method ?? '')) {
      return send(response, 404, Buffer.from('There is no handle for this path\n'))
    }
    if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') {
      throw refuseUnsupported('compressed bodies are not accepted')
    }
    const { plan, rowsInBody } = await readPlan(request, new Map(url.searchParams))
    const given = request.headers[ROWS_FILE_HEADER]
    const answer =
      typeof given === 'string'
        ? await insertGiven(plan, given, response)
        : rowsInBody
          ? await insertBody(plan, request, response)
          : await run(plan, plan.text, response)
    const folder = plan.insert === null ? {} : { [ROWS_FOLDER_HEADER]: options.bodyFolder }
    return send(response, 200, answer.bytes, { ...summary(answer), ...folder })
  }

  const http = createServer(
    { maxHeaderSize: HEADER_BYTES_MAX, keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 300_000 },
    (request, response) => {
      handle(request, response).catch((error: unknown) => {
        // Unread rows would keep the client from reading why they were refused.
        request.resume()
        const message = error instanceof Error ? error.message : String(error)
        const code = exceptionCode(message)
        const headers: Record<string, string> =
          code === null ? {} : { 'x-clickhouse-exception-code': String(code) }
        send(response, httpStatus(code), Buffer.from(`${shortened(message.trim())}\n`), headers)
        if (code === ABORTED_ENGINE) options.onBroken(message)
      })
    },
  )
  return {
    http,
    async drain() {
      const closed = new Promise<void>((resolve) => http.close(() => resolve()))
      http.closeIdleConnections()
      await Promise.all([lanes.read.idle(), lanes.write.idle(), bodies.idle()])
      http.closeIdleConnections()
      setTimeout(() => http.closeAllConnections(), ANSWER_GRACE_MS).unref()
      await closed
    },
  }
}

/** Messages quote parameters in full; the start says what, the end carries the type's name. */
const shortened = (message: string) =>
  message.length <= 4_000 ? message : `${message.slice(0, 3_000)} ... ${message.slice(-500)}`

/** ABORTED: "the server is shutting down due to a fatal error", on every query from then on. */
const ABORTED_ENGINE = 236
/** For the last answers to leave the socket. */
const ANSWER_GRACE_MS = 500
const NOTHING: EngineAnswer = { bytes: new Uint8Array(), elapsedS: 0, rowsRead: 0, bytesRead: 0 }

/** Reads what is needed to plan; leaves rows of an insert unread on the request. */
async function readPlan(request: IncomingMessage, url: Map<string, string>) {
  const method = request.method ?? 'GET'
  const type = request.headers['content-type'] ?? ''
  if (type.startsWith('multipart/form-data')) {
    const fields = multipartFields(await readAll(request, MULTIPART_BYTES_MAX), type)
    const statement = fields.get('query') ?? null
    fields.delete('query')
    return { plan: planRequest({ method, url, statement, fields }), rowsInBody: false }
  }
  if (url.get('query') === undefined) {
    const body = await readAll(request, STATEMENT_CHARS_MAX)
    return {
      plan: planRequest({ method, url, statement: body.toString('utf8') }),
      rowsInBody: false,
    }
  }
  const plan = planRequest({ method, url, statement: null })
  return { plan, rowsInBody: plan.insert !== null }
}

async function readAll(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    const part = Buffer.from(chunk)
    bytes += part.length
    if (bytes > bytesMax) throw refuseTooLarge('the statement is too large')
    chunks.push(part)
  }
  return Buffer.concat(chunks)
}

/** ClickHouse's own ways to give a password, so that any client can be pointed here. */
function authorized(request: IncomingMessage, query: URLSearchParams, secret: Buffer): boolean {
  if (query.has('user') || query.has('password')) return false
  const given = [request.headers['x-clickhouse-key']]
  const basic = /^Basic ([A-Za-z0-9+/=]+)$/.exec(request.headers.authorization ?? '')
  if (basic?.[1] !== undefined) {
    const pair = Buffer.from(basic[1], 'base64').toString('utf8')
    given.push(pair.slice(pair.indexOf(':') + 1))
  }
  return given.some((value) => {
    const candidate = Buffer.from(typeof value === 'string' ? value : '')
    return candidate.length === secret.length && timingSafeEqual(candidate, secret)
  })
}

const summary = (answer: EngineAnswer) => ({
  'x-clickhouse-summary': JSON.stringify({
    read_rows: String(answer.rowsRead),
    read_bytes: String(answer.bytesRead),
    elapsed_ns: String(Math.round(answer.elapsedS * 1e9)),
  }),
})

function send(
  response: ServerResponse,
  status: number,
  body: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.destroyed || response.headersSent) return
  response.writeHead(status, {
    'content-type': 'text/plain; charset=UTF-8',
    'content-length': body.length,
    'x-clickhouse-server-display-name': 'plimsoll-engine',
    ...headers,
  })
  response.end(body)
}
