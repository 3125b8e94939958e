import { PlimsollError } from '#schemas/errors.ts'
import { isLoopback, plainAddress } from './addresses.ts'

/** What a request says about where it thinks it goes and where it comes from. */
export interface Addressing {
  /** Host header, with its port. */
  readonly host: string | undefined
  readonly origin: string | undefined
  /** Sec-Fetch-Site, sent by browsers only. */
  readonly fetchSite: string | undefined
  readonly method: string
  /** Address of our end of the connection. */
  readonly localAddress: string | undefined
}

const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]{1,253})(?::(\d{1,5}))?$/i

/**
 * Refuses a Host that is not ours (a page that re-bound its name to our address) and an Origin that is
 * not the page we served (a page that makes its visitor's browser write). Throws E_HOST_REFUSED.
 */
export function checkAddressing(request: Addressing, publicNames: readonly string[]): void {
  const match = HOST.exec(request.host ?? '')
  const name = match?.[1]?.toLowerCase()
  if (name === undefined || !isOurName(name, request.localAddress, publicNames)) {
    throw refusal(`Host ${quote(request.host)} is not a name of this server; see public_names`)
  }
  if (request.origin !== undefined && !isSameOrigin(request.origin, request.host, publicNames)) {
    throw refusal(`Origin ${quote(request.origin)} is not this server`)
  }
  const isCrossSite = request.fetchSite === 'cross-site' || request.fetchSite === 'same-site'
  if (isCrossSite && request.method !== 'GET' && request.method !== 'HEAD') {
    throw refusal('another site asked for this')
  }
}

function isOurName(name: string, localAddress: string | undefined, publicNames: readonly string[]) {
  const plain = plainAddress(name)
  if (isLoopback(plain)) return true
  // An address cannot be re-bound the way a name can, so the one that was connected to is ours.
  if (localAddress !== undefined && plain === plainAddress(localAddress)) return true
  return publicNames.some((known) => known.toLowerCase() === name)
}

/** The page's origin is the very host that it asks, or a public name in front of us. */
function isSameOrigin(origin: string, host: string | undefined, publicNames: readonly string[]) {
  if (!URL.canParse(origin)) return false
  const url = new URL(origin)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return false
  if (url.host === host?.toLowerCase()) return true
  return publicNames.some((known) => known.toLowerCase() === url.hostname)
}

const quote = (text: string | undefined) => JSON.stringify((text ?? '').slice(0, 80))
const refusal = (message: string) => new PlimsollError('E_HOST_REFUSED', message)
