import { timingSafeEqual } from 'node:crypto'
import { stat } from 'node:fs/promises'
import type { Clock } from '#schemas/role.ts'
import { isCode } from './file-lock.ts'
import {
  readLastUse,
  readTokens,
  tokenHash,
  tokenId,
  type TokenRecord,
  writeLastUse,
} from './token-file.ts'

/** A changed or revoked token takes effect after at most this. */
const REREAD_MS = 1000
const LAST_USE_WRITE_MS = 60_000

/** Tokens as the service asks for them. */
export interface TokenStore {
  /** The token's record, or null when it is unknown, expired or revoked. */
  verify(token: string): Promise<TokenRecord | null>
  /** A record that still holds, by id: a login is worth as much as its token. */
  byId(id: string): Promise<TokenRecord | null>
  /** Whether any token still holds. */
  any(): Promise<boolean>
  /** Writes times of last use that are only in memory. Never rejects: what cannot be written stays there. */
  flush(): Promise<void>
  /** Writes of last uses that failed (a read-only mount, a full disk). */
  readonly lastUseFailures: number
}

/** Reads the token file again when it changed, so that revoking needs no restart. */
export function createTokenStore(path: string, clock: Clock): TokenStore {
  let tokens = new Map<string, TokenRecord>()
  let version = ''
  let readAtMs = Number.NEGATIVE_INFINITY
  let used = new Map<string, string>()
  let writtenAtMs = clock()
  let lastUseFailures = 0

  const current = async () => {
    if (isWithin(clock() - readAtMs, REREAD_MS)) return tokens
    readAtMs = clock()
    const found = await fileVersion(path)
    if (found !== version) {
      tokens = new Map((await readTokens(path)).map((record) => [record.id, record]))
      version = found
    }
    return tokens
  }
  const holds = (record: TokenRecord | undefined): TokenRecord | null =>
    record !== undefined && (record.expires_at === null || Date.parse(record.expires_at) > clock())
      ? record
      : null
  const flush = async () => {
    if (used.size === 0) return
    const fresh = Object.fromEntries(used)
    used = new Map()
    writtenAtMs = clock()
    try {
      await writeLastUse(path, { ...(await readLastUse(path)), ...fresh })
    } catch {
      // Never a reason to refuse the person whose use it was.
      lastUseFailures += 1
      used = new Map([...Object.entries(fresh), ...used])
    }
  }
  return {
    async verify(token) {
      const id = tokenId(token)
      const record = holds(id === null ? undefined : (await current()).get(id))
      if (record === null || !sameHash(tokenHash(token), record.sha256)) return null
      used.set(record.id, new Date(clock()).toISOString())
      if (!isWithin(clock() - writtenAtMs, LAST_USE_WRITE_MS)) await flush()
      return record
    },
    byId: async (id) => holds((await current()).get(id)),
    any: async () => [...(await current()).values()].some((record) => holds(record) !== null),
    flush,
    get lastUseFailures() {
      return lastUseFailures
    },
  }
}

/** A negative age is a clock that was set back: what is remembered may be old. */
const isWithin = (ageMs: number, limitMs: number) => ageMs >= 0 && ageMs < limitMs

/** Equal only for equal files: every change is a new file (rename), so a new inode. */
async function fileVersion(path: string): Promise<string> {
  try {
    const { ino, mtimeMs, size } = await stat(path)
    return `${ino}:${mtimeMs}:${size}`
  } catch (error) {
    if (isCode(error, 'ENOENT')) return ''
    throw error
  }
}

/** Compares in constant time: how far two hashes agree must not show. */
const sameHash = (a: string, b: string) => timingSafeEqual(Buffer.from(a), Buffer.from(b))
