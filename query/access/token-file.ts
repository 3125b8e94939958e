import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { PlimsollError } from '#schemas/errors.ts'
import { AccessRole } from './config.ts'
import { isCode, withFileLock } from './file-lock.ts'

const TOKENS_MAX = 1000

/** A named API token as it is kept: never the secret, only its hash. */
export const TokenRecord = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{12}$/),
  name: z.string().min(1).max(64),
  role: AccessRole,
  /** SHA-256 of the whole token, hex. The secret has 256 random bits, so a slow hash adds nothing. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  created_at: z.iso.datetime(),
  /** Null = never. */
  expires_at: z.iso.datetime().nullable(),
})
export type TokenRecord = z.infer<typeof TokenRecord>

const TokenFile = z.strictObject({ v: z.literal(1), tokens: z.array(TokenRecord).max(TOKENS_MAX) })
const LastUse = z.record(z.string(), z.iso.datetime())

const TOKEN = /^plm_([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/

/** The id inside a token's text, or null when the text is no token. */
export const tokenId = (token: string): string | null => TOKEN.exec(token)?.[1] ?? null

export const tokenHash = (token: string): string => createHash('sha256').update(token).digest('hex')

export const lastUsePath = (path: string) => `${path}.last-use`

/** The tokens of a file; none when it does not exist. Throws E_CONFIG_INVALID for a damaged one. */
export async function readTokens(path: string): Promise<TokenRecord[]> {
  const parsed = TokenFile.safeParse(await readJson(path, { v: 1, tokens: [] }))
  if (parsed.success) return parsed.data.tokens
  throw new PlimsollError('E_CONFIG_INVALID', `${path} is not a token file`, {
    cause: parsed.error,
  })
}

/** Makes a token and returns its text: the only time it is ever seen. Throws E_USAGE for a taken name. */
export async function addToken(
  path: string,
  wanted: {
    readonly name: string
    readonly role: AccessRole
    /** Epoch ms, null = never. */
    readonly expiresMs: number | null
    readonly nowMs: number
  },
  random: (bytes: number) => Buffer = randomBytes,
): Promise<{ token: string; record: TokenRecord }> {
  const id = random(6).toString('hex')
  const token = `plm_${id}_${random(32).toString('base64url')}`
  const record = TokenRecord.parse({
    id,
    name: wanted.name,
    role: wanted.role,
    sha256: tokenHash(token),
    created_at: new Date(wanted.nowMs).toISOString(),
    expires_at: wanted.expiresMs === null ? null : new Date(wanted.expiresMs).toISOString(),
  })
  await change(path, (tokens) => {
    if (tokens.some((known) => known.name === record.name)) {
      throw new PlimsollError('E_USAGE', `there is a token named ${record.name}; revoke it first`)
    }
    if (tokens.length >= TOKENS_MAX) {
      throw new PlimsollError('E_USAGE', `at most ${TOKENS_MAX} tokens; revoke some`)
    }
    return [...tokens, record]
  })
  return { token, record }
}

/** Tokens without their hashes, with the time each was last used (null = never). */
export async function listTokens(path: string) {
  const tokens = await readTokens(path)
  const lastUse = await readLastUse(path)
  return tokens.map(({ id, name, role, created_at, expires_at }) => {
    const last_used_at = lastUse[id] ?? null
    return { id, name, role, created_at, expires_at, last_used_at }
  })
}

/** Removes a token by name or id; true when there was one. Takes effect within a second. */
export async function revokeToken(path: string, nameOrId: string): Promise<boolean> {
  let found = false
  await change(path, (tokens) =>
    tokens.filter(({ id, name }) => {
      const isMeant = id === nameOrId || name === nameOrId
      found ||= isMeant
      return !isMeant
    }),
  )
  return found
}

export async function readLastUse(path: string): Promise<Record<string, string>> {
  // A convenience: a damaged file of last uses must not stop anybody.
  return LastUse.catch({}).parse(await readJson(lastUsePath(path), {}).catch(() => ({})))
}

export const writeLastUse = (path: string, lastUse: Readonly<Record<string, string>>) =>
  replaceFile(lastUsePath(path), JSON.stringify(lastUse))

async function change(path: string, edit: (tokens: TokenRecord[]) => TokenRecord[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await withFileLock(path, async () => {
    const tokens = edit(await readTokens(path))
    await replaceFile(path, `${JSON.stringify({ v: 1, tokens }, null, 2)}\n`)
  })
}

async function readJson(path: string, absent: unknown): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    if (isCode(error, 'ENOENT')) return absent
    if (error instanceof SyntaxError) return null
    throw error
  }
}

/** Readers see the old file or the new one, nobody else sees either. */
async function replaceFile(path: string, text: string): Promise<void> {
  const next = `${path}.${randomUUID()}`
  const handle = await open(next, 'wx', 0o600)
  try {
    try {
      await handle.writeFile(text)
      await handle.datasync()
    } finally {
      await handle.close()
    }
    await rename(next, path)
  } catch (error) {
    await rm(next, { force: true }).catch(() => undefined)
    throw error
  }
}
