import { createHash, randomBytes } from 'node:crypto'
import type { Clock } from '#schemas/role.ts'

export const SESSION_MS = 12 * 3_600_000
const SESSIONS_MAX = 10_000

/** Logins by cookie. In memory: a restart asks everybody to log in again. */
export interface Sessions {
  /** Opens a session for a token and returns the secret for the cookie. */
  open(tokenId: string): string
  /** The token behind a cookie, or null when there is none or it expired. */
  tokenOf(secret: string): string | null
  close(secret: string): void
}

export function createSessions(
  clock: Clock,
  random: (bytes: number) => Buffer = randomBytes,
): Sessions {
  // Keyed by hash, so that a dump of the memory holds no usable cookie.
  const sessions = new Map<string, { readonly tokenId: string; readonly expiresMs: number }>()
  const hash = (secret: string) => createHash('sha256').update(secret).digest('base64url')
  return {
    open(tokenId) {
      for (const [key, { expiresMs }] of sessions) {
        // Insertion order is expiry order; beyond the limit the oldest goes early.
        if (expiresMs > clock() && sessions.size < SESSIONS_MAX) break
        sessions.delete(key)
      }
      const secret = random(32).toString('base64url')
      sessions.set(hash(secret), { tokenId, expiresMs: clock() + SESSION_MS })
      return secret
    },
    tokenOf(secret) {
      const session = sessions.get(hash(secret))
      return session !== undefined && session.expiresMs > clock() ? session.tokenId : null
    },
    close(secret) {
      sessions.delete(hash(secret))
    },
  }
}
