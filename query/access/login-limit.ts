import { PlimsollError } from '#schemas/errors.ts'
import type { Clock } from '#schemas/role.ts'

export const LOGIN_FAILURES_MAX = 10
export const LOGIN_WINDOW_MS = 5 * 60_000
const ADDRESSES_MAX = 10_000

export interface LoginLimit {
  /** Throws E_TOO_MANY_REQUESTS when this address failed too often lately. */
  check(address: string): void
  failed(address: string): void
}

/** Failed logins per address; guessing 256 bits is hopeless, but trying must not be free. */
export function createLoginLimit(clock: Clock): LoginLimit {
  const failures = new Map<string, { count: number; readonly sinceMs: number }>()
  const recent = (address: string) => {
    const entry = failures.get(address)
    return entry !== undefined && clock() - entry.sinceMs < LOGIN_WINDOW_MS ? entry : null
  }
  return {
    check(address) {
      if ((recent(address)?.count ?? 0) < LOGIN_FAILURES_MAX) return
      throw new PlimsollError(
        'E_TOO_MANY_REQUESTS',
        `${LOGIN_FAILURES_MAX} failed logins from this address; try again in five minutes`,
      )
    },
    failed(address) {
      const entry = recent(address)
      if (entry !== null) {
        entry.count += 1
        return
      }
      failures.delete(address)
      for (const oldest of failures.keys()) {
        if (failures.size < ADDRESSES_MAX) break
        failures.delete(oldest)
      }
      failures.set(address, { count: 1, sinceMs: clock() })
    },
  }
}
