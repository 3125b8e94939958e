import { readFile } from 'node:fs/promises'
import type { SnmpPeer } from '../../field-io.ts'
import type { SourceTarget } from '../../source.ts'
import { type Access, DEFAULT_COMMUNITY_ENV, type UserOptions } from './options.ts'

/** A secret is read again after this long, so that a changed one needs no restart, ms. */
const SECRET_MS = 60_000
const SECRET_CHARS = 4096

/** Where secrets are read from; tests bring their own. */
export interface SecretPlaces {
  env(name: string): string | undefined
  file(path: string): Promise<string>
  nowMs(): number
}

export const SYSTEM_PLACES: SecretPlaces = {
  env: (name) => process.env[name],
  file: (path) => readFile(path, 'utf8'),
  nowMs: () => performance.now(),
}

/** Finds the secrets of peers. */
export interface Secrets {
  /** The peer of a target, or a sentence about which secret is missing: its place, never the secret. */
  peerOf(target: SourceTarget, access: Access): Promise<SnmpPeer | string>
  /** How one is let in, whoever it is; for traps. */
  lettersOf(access: Access): Promise<Pick<SnmpPeer, 'version' | 'community' | 'user'> | string>
}

export function createSecrets(places: SecretPlaces = SYSTEM_PLACES): Secrets {
  const known = new Map<string, { readonly text: string | null; readonly atMs: number }>()
  const read = async (env: string | undefined, file: string | undefined) => {
    const place = env === undefined ? `file ${file}` : `variable ${env}`
    const before = known.get(place)
    if (before !== undefined && places.nowMs() - before.atMs < SECRET_MS && before.text !== null)
      return { place, text: before.text }
    const text = env === undefined ? await fileText(places, file ?? '') : (places.env(env) ?? '')
    known.set(place, { text: text === '' ? null : text, atMs: places.nowMs() })
    return { place, text: text === '' ? null : text }
  }
  const lettersOf: Secrets['lettersOf'] = async (access) => {
    const version = access.version ?? '2c'
    if (version !== '3') {
      const { community_file: file } = access
      const env = access.community_env ?? (file === undefined ? DEFAULT_COMMUNITY_ENV : undefined)
      const { place, text } = await read(env, file)
      return text === null
        ? `The community is not set: ${place} is empty or missing.`
        : { version, community: text }
    }
    const user = await userOf(access.user, read)
    return typeof user === 'string' ? user : { version, user }
  }
  return {
    lettersOf,
    async peerOf(target, access) {
      const letters = await lettersOf(access)
      return typeof letters === 'string' ? letters : { ...placeOf(target), ...letters }
    },
  }
}

type Read = (
  env: string | undefined,
  file: string | undefined,
) => Promise<{ readonly place: string; readonly text: string | null }>

async function userOf(
  options: UserOptions | undefined,
  read: Read,
): Promise<NonNullable<SnmpPeer['user']> | string> {
  if (options === undefined) return 'Version 3 needs a user.'
  const { name, context, auth, priv } = options
  const keys = await Promise.all(
    [auth, priv].map(async (one) => (one === undefined ? null : read(one.key_env, one.key_file))),
  )
  const missing = keys.find((key) => key !== null && key.text === null)
  if (missing !== undefined && missing !== null)
    return `A key of the user "${name}" is not set: ${missing.place} is empty or missing.`
  const [authKey, privKey] = keys.map((key) => key?.text ?? '')
  return {
    name,
    ...(context === undefined ? {} : { context }),
    ...(auth === undefined ? {} : { auth: { protocol: auth.protocol, key: authKey ?? '' } }),
    ...(priv === undefined ? {} : { priv: { protocol: priv.protocol, key: privKey ?? '' } }),
  }
}

async function fileText(places: SecretPlaces, path: string): Promise<string> {
  try {
    const text = await places.file(path)
    return text.length > SECRET_CHARS ? '' : text.replace(/\r?\n$/, '')
  } catch {
    return ''
  }
}

/** Host and port of a target's address (`snmp://pdu-7:161`). */
export function placeOf({ address }: SourceTarget): {
  readonly host: string
  readonly port: number
} {
  const url = URL.parse(address)
  return {
    host: (url?.hostname ?? '').replace(/^\[|\]$/g, ''),
    port: url?.port === undefined || url.port === '' ? 161 : Number(url.port),
  }
}
