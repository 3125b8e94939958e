import type {
  IncomingMessage,
  OutgoingHttpHeaders,
  RequestListener,
  Server,
  ServerResponse,
} from 'node:http'
import * as https from 'node:https'
import type { AddressInfo } from 'node:net'
import type { EarPlace, FieldIo, Push, PushAnswer } from './field-io.ts'
import { http } from './node-http.ts'

/** A push must be there whole within this time, ms; a sender that dribbles is cut off. */
const PUSH_MS = 10_000
/** A sender that is still sending hears no answer: this much more than is kept is read for it. */
const UNKEPT_BYTES = 16 << 20
/** Senders at once. */
const CONNECTIONS = 1024

/** The `hear` port of FieldIo: small HTTP(S) servers for what devices and tools push, all ended by `stop`. */
export function createEars(): { readonly hear: FieldIo['hear']; stop(): void } {
  const open = new Set<Server>()
  return {
    async hear(place, onPush) {
      const server = await listen(place, onPush)
      open.add(server)
      return {
        port: portOf(server),
        async stop() {
          open.delete(server)
          await new Promise<void>((resolve) => {
            server.close(() => resolve())
            server.closeAllConnections()
          })
        },
      }
    },
    stop() {
      for (const server of open) {
        server.close()
        server.closeAllConnections()
      }
      open.clear()
    },
  }
}

type OnPush = Parameters<FieldIo['hear']>[1]

function listen(place: EarPlace, onPush: OnPush): Promise<Server> {
  const take: RequestListener = (request, response) => {
    answerTo(request, place, onPush)
      .catch((): PushAnswer => ({ status: 500 }))
      .then((answer) => reply(response, answer, request.complete))
      .catch(() => response.destroy())
  }
  const options = { requestTimeout: PUSH_MS, headersTimeout: PUSH_MS, keepAliveTimeout: PUSH_MS }
  return new Promise((resolve, reject) => {
    const server =
      place.tls === undefined
        ? http.createServer(options, take)
        : https.createServer({ ...options, ...place.tls }, take)
    server.maxConnections = CONNECTIONS
    server.once('error', (error) =>
      reject(
        new Error(
          `cannot listen on ${place.host}:${place.port} (${error.message}); free the port or name another one`,
          { cause: error },
        ),
      ),
    )
    server.listen(place.port, place.host, () => resolve(server))
  })
}

async function answerTo(
  request: IncomingMessage,
  place: EarPlace,
  onPush: OnPush,
): Promise<PushAnswer> {
  const head = headOf(request)
  const refused = (await place.admit?.(head)) ?? null
  const body = await bodyOf(request, refused === null ? place.maxBytes : 0)
  if (refused !== null) return refused
  if (body !== null) return onPush({ ...head, body })
  const error = `the body is larger than ${place.maxBytes} bytes; send it in parts`
  return { status: 413, body: JSON.stringify({ error }) }
}

function headOf(request: IncomingMessage): Omit<Push, 'body'> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(request.headers))
    if (typeof value === 'string') headers[name] = value
  return {
    method: request.method ?? '',
    path: request.url ?? '/',
    headers,
    from: request.socket.remoteAddress ?? '',
  }
}

/** The body as a whole, or null when it is larger than it may be: then it is read on, but not kept. */
function bodyOf(request: IncomingMessage, maxBytes: number): Promise<Uint8Array | null> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    let bytes = 0
    request.on('data', (chunk: Uint8Array) => {
      bytes += chunk.length
      if (bytes <= maxBytes) chunks.push(chunk)
      else chunks.length = 0
      if (bytes <= maxBytes + UNKEPT_BYTES) return
      resolve(null)
      request.pause()
    })
    request.on('error', reject)
    request.on('end', () => resolve(bytes > maxBytes ? null : Buffer.concat(chunks)))
  })
}

function reply(
  response: ServerResponse,
  { status, body, retryAfter }: PushAnswer,
  isWhole: boolean,
): void {
  const headers: OutgoingHttpHeaders = { 'content-type': 'application/json' }
  if (retryAfter !== undefined) headers['retry-after'] = String(retryAfter)
  // A body that was not read to its end would be taken for the next request.
  if (!isWhole) headers['connection'] = 'close'
  response.writeHead(status, headers).end(body ?? '')
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address()
  return address === null || typeof address === 'string' ? 0 : address.port
}
