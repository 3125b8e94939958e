import { createHmac, timingSafeEqual } from 'node:crypto'

/** PagerDuty signs once per secret while one is exchanged; more than a few is nobody's header. */
const SIGNATURES_MAX = 16

/**
 * Whether one of the `v1=` signatures of X-PagerDuty-Signature (comma list) is the HMAC-SHA256, hex, of the exact bytes of
 * the body under one of the secrets. Other versions are passed over. Source: PagerDuty's developer pages, "Verifying
 * signatures".
 */
export function isSignedBy(
  secrets: readonly string[],
  body: Uint8Array,
  header: string | undefined,
): boolean {
  const given = (header ?? '')
    .split(',', SIGNATURES_MAX)
    .map((part) => /^\s*v1=([0-9a-f]{64})\s*$/.exec(part)?.[1])
    .flatMap((hex) => (hex === undefined ? [] : Buffer.from(hex, 'hex')))
  let isGood = false
  for (const secret of secrets) {
    const own = createHmac('sha256', secret).update(body).digest()
    for (const one of given) if (timingSafeEqual(own, one)) isGood = true
  }
  return isGood
}
