import { type DeviceCells, shownDevice } from './device-cells.ts'

/** A claim of one row on a device for a while; `share` null = all of it. */
export interface Claim extends DeviceCells {
  readonly line: number
  readonly from_ms: number
  readonly to_ms: number | null
  readonly share: number | null
}

/** The later row of two that cannot both be right, and the earlier one. */
export interface Overlap {
  readonly line: number
  readonly withLine: number
  readonly message: string
}

/** Shares are written with few digits: thirds need some room. */
const SHARE_SLACK = 1e-6
/** Claims on one device at one moment that are compared; more is no sharing but a mistake. */
const AT_ONCE_MAX = 64

/**
 * Finds rows that claim a device at the same time without shares, or with shares of more than the whole. A row
 * about a node claims each of its devices. Rows that are found count no further: of three, two may stay.
 */
export function overlapsOf(claims: readonly Claim[]): Overlap[] {
  const found: Overlap[] = []
  const groups = Map.groupBy(claims, ({ key, node }) => (key === '' ? `node ${node}` : key))
  for (const group of groups.values()) {
    let open: Claim[] = []
    for (const claim of group.toSorted((a, b) => a.from_ms - b.from_ms || a.line - b.line)) {
      open = open.filter(({ to_ms }) => to_ms === null || to_ms > claim.from_ms)
      const others = open.filter((other) => touch(other, claim))
      const [other] = others
      const wrong = others.length === 0 ? null : reasonOf(claim, others)
      if (wrong === null || other === undefined) open.push(claim)
      else {
        const [first, second] = [other.line, claim.line].toSorted((a, b) => a - b)
        const device = shownDevice(claim.index === null ? other : claim)
        found.push({
          line: claim.line,
          withLine: other.line,
          message: `${wrong} (${device}, lines ${first} and ${second}); correct the times, give shares, or --shared`,
        })
      }
    }
  }
  return found.toSorted((a, b) => a.line - b.line)
}

const touch = (a: Claim, b: Claim): boolean =>
  (a.index === null || b.index === null || a.index === b.index) &&
  (b.to_ms === null || b.to_ms > b.from_ms) &&
  (a.to_ms === null || a.to_ms > b.from_ms)

function reasonOf(claim: Claim, others: readonly Claim[]): string | null {
  if (claim.share === null || others.some(({ share }) => share === null))
    return 'is held twice at one time, without shares'
  if (others.length >= AT_ONCE_MAX) return `is held more than ${AT_ONCE_MAX} times at once`
  const byDevice = Map.groupBy(others, ({ index }) => index)
  const ofNode = sharesOf(byDevice.get(null) ?? [])
  const devices = [...byDevice].filter(([index]) => index !== null)
  const most = Math.max(0, ...devices.map(([, claims]) => sharesOf(claims)))
  return claim.share + ofNode + most > 1 + SHARE_SLACK
    ? 'is shared out to more than the whole'
    : null
}

const sharesOf = (claims: readonly Claim[]) =>
  claims.reduce((sum, { share }) => sum + (share ?? 0), 0)
