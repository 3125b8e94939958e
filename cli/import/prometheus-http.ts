import { Agent as HttpAgent, type IncomingMessage, request as askHttp } from 'node:http'
import { Agent as HttpsAgent, request as askHttps } from 'node:https'

export interface HttpQuestion {
  readonly url: string
  /** Sent as the body of a POST; empty: a GET. */
  readonly form: URLSearchParams
  readonly timeoutMs: number
  readonly bytesMax: number
}

/** `body` is null where it was longer than asked for. It is used again: it holds only while it is read. */
export interface HttpAnswer {
  readonly status: number
  readonly body: Uint8Array | null
}

export interface HttpAsker {
  /** Resolves to what `read` makes of the answer. Rejects with the network's error, or what `read` throws. */
  ask<T>(question: HttpQuestion, read: (answer: HttpAnswer) => T): Promise<T>
}

const BODY_BYTES = 2 ** 20

/**
 * Asks for large answers many times. Their bytes are gathered in memory that is kept: an answer of some megabytes that is
 * thrown away each time makes the whole heap be collected after every third one.
 */
export function createHttpAsker(): HttpAsker {
  const agents = {
    http: new HttpAgent({ keepAlive: true }),
    https: new HttpsAgent({ keepAlive: true }),
  }
  const free: Uint8Array[] = []
  const receive = async <T>(
    response: IncomingMessage,
    bytesMax: number,
    read: (answer: HttpAnswer) => T,
  ): Promise<T> => {
    const status = response.statusCode ?? 0
    let body = free.pop() ?? new Uint8Array(BODY_BYTES)
    let bytes = 0
    try {
      await new Promise<void>((resolve, reject) => {
        response.on('data', (piece: Buffer) => {
          if (bytes + piece.length > bytesMax) {
            bytes = Infinity
            response.destroy()
            resolve()
            return
          }
          body = withRoom(body, bytes, bytes + piece.length)
          body.set(piece, bytes)
          bytes += piece.length
        })
        response.once('end', resolve)
        response.once('error', reject)
      })
      return read({ status, body: bytes > bytesMax ? null : body.subarray(0, bytes) })
    } finally {
      free.push(body)
    }
  }
  return {
    async ask({ url, form, timeoutMs, bytesMax }, read) {
      const text = form.toString()
      const isSecure = new URL(url).protocol === 'https:'
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        const options = {
          agent: isSecure ? agents.https : agents.http,
          method: text === '' ? 'GET' : 'POST',
          headers: {
            accept: '*/*',
            // To compress an answer costs the server three times what it costs to find it.
            'accept-encoding': 'identity',
            ...(text === ''
              ? {}
              : {
                  'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
                  'content-length': String(Buffer.byteLength(text)),
                }),
          },
          signal: AbortSignal.timeout(timeoutMs),
        }
        const request = isSecure ? askHttps(url, options, resolve) : askHttp(url, options, resolve)
        request.once('error', reject)
        request.end(text)
      })
      return await receive(response, bytesMax, read)
    },
  }
}

/** The same bytes with room for some more. */
function withRoom(body: Uint8Array, bytes: number, needed: number): Uint8Array {
  if (needed <= body.length) return body
  const larger = new Uint8Array(Math.max(needed, 2 * body.length))
  larger.set(body.subarray(0, bytes))
  return larger
}
