import { readFile } from 'node:fs/promises'
import {
  connect,
  credsAuthenticator,
  type NatsConnection,
  nkeyAuthenticator,
  type NodeConnectionOptions,
} from '@nats-io/transport-node'
import { PlimsollError } from '#schemas/errors.ts'

/** How to reach and log in to NATS. Secrets come from files, or inside the URL. */
export interface BusConnectOptions {
  /** `nats://host:4222`, several separated by commas; `user:password@` or `token@` before the host. */
  readonly url: string
  /** Shown in the server's connection list. */
  readonly name: string
  /** First token of reply subjects; a collector's is `_INBOX_<collector>`, the only one it may subscribe. */
  readonly inboxPrefix?: string
  /** A file holding only the token. */
  readonly tokenFile?: string
  readonly user?: string
  readonly passwordFile?: string
  /** A .creds file (JWT and seed). */
  readonly credsFile?: string
  /** A file holding an nkey seed. */
  readonly nkeySeedFile?: string
  readonly tls?: { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string }
}

const RECONNECT_WAIT_MS = 2000
const PING_INTERVAL_MS = 20_000
const PINGS_OUT_MAX = 2

/**
 * Connects, and from then on reconnects for ever: also after refused credentials, which may be repaired
 * on the server. Throws E_BUS_AWAY when no server answers or the login is refused,
 * and E_CONFIG_MISSING when a file cannot be read.
 */
export async function connectBus(options: BusConnectOptions): Promise<NatsConnection> {
  const login = await loginOf(options)
  const { servers, ...fromUrl } = parseUrls(options.url)
  try {
    return await connect({
      ...fromUrl,
      ...login,
      servers,
      name: options.name,
      ...(options.inboxPrefix === undefined ? {} : { inboxPrefix: options.inboxPrefix }),
      maxReconnectAttempts: -1,
      reconnectTimeWait: RECONNECT_WAIT_MS,
      ignoreAuthErrorAbort: true,
      pingInterval: PING_INTERVAL_MS,
      maxPingOut: PINGS_OUT_MAX,
    })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new PlimsollError(
      'E_BUS_AWAY',
      `no connection to NATS at ${servers.join(', ')}: ${reason}`,
      {
        cause: error,
      },
    )
  }
}

/** Servers without their secrets, and the secrets. */
function parseUrls(urls: string): {
  servers: string[]
  user?: string
  pass?: string
  token?: string
} {
  const parsed = urls.split(',').map((text) => {
    try {
      return new URL(text.includes('://') ? text.trim() : `nats://${text.trim()}`)
    } catch (error) {
      throw new PlimsollError('E_CONFIG_INVALID', 'the NATS address is no URL', { cause: error })
    }
  })
  const servers = parsed.map((url) => `${url.protocol}//${url.host}`)
  const login = parsed.find((url) => url.username !== '')
  if (login === undefined) return { servers }
  const user = decodeURIComponent(login.username)
  if (login.password === '') return { servers, token: user }
  return { servers, user, pass: decodeURIComponent(login.password) }
}

async function loginOf(options: BusConnectOptions): Promise<NodeConnectionOptions> {
  const { tokenFile, user, passwordFile, credsFile, nkeySeedFile, tls } = options
  const login: NodeConnectionOptions = {}
  if (tokenFile !== undefined) login.token = (await secret(tokenFile)).toString('utf8').trim()
  if (user !== undefined) login.user = user
  if (passwordFile !== undefined) login.pass = (await secret(passwordFile)).toString('utf8').trim()
  if (credsFile !== undefined) login.authenticator = credsAuthenticator(await secret(credsFile))
  if (nkeySeedFile !== undefined) {
    const seed = (await secret(nkeySeedFile)).toString('utf8').trim()
    login.authenticator = nkeyAuthenticator(new TextEncoder().encode(seed))
  }
  if (tls !== undefined) login.tls = { ...tls }
  return login
}

async function secret(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    throw new PlimsollError('E_CONFIG_MISSING', `${path} cannot be read`, { cause: error })
  }
}
