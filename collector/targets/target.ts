import { isIP } from 'node:net'
import { PlimsollError } from '#schemas/errors.ts'
import type { SourceTarget } from '../source.ts'
import { shownAddress } from './shown-address.ts'

/** Where a device stands; an empty string means nobody said. */
export interface Placement {
  readonly hall: string
  readonly rack: string
  readonly pool: string
}

/** One thing to read, with what its list says about it. */
export interface Target extends SourceTarget, Placement {
  /**
   * True when a person, a target label or the host part of the address names the node: the name then wins
   * over what the output calls itself (an exporter's own name is often that of its pod).
   */
  readonly isNodeNamed: boolean
  /** Label `cluster` of the target list, empty without one. A collector delivers for one cluster only. */
  readonly cluster: string
}

/** What a list may say about a target besides its address; absent and empty mean the same. */
export interface TargetFacts {
  readonly node?: string | undefined
  readonly hall?: string | undefined
  readonly rack?: string | undefined
  readonly pool?: string | undefined
  readonly cluster?: string | undefined
  readonly scheme?: string | undefined
  readonly path?: string | undefined
}

const TEXT = 256
const LOCAL = /^(localhost|.*\.localhost|127\..*|::1|0\.0\.0\.0)$/

/**
 * A target from an address (`host:9400`, `http://host:9400/metrics`). Node, first that is given: the list's
 * own word, then a host part that is a name, then `ownNode` for loopback, then the IP address.
 * Throws E_TARGETS_INVALID for anything that is no http(s) URL with a port.
 */
export function toTarget(address: string, facts: TargetFacts, ownNode: string): Target {
  const url = toUrl(address.trim(), facts)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const given = clean(facts.node)
  const isName = isIP(host) === 0 && !LOCAL.test(host)
  const fallback = LOCAL.test(host) ? ownNode : clean(host)
  return {
    address: url.href,
    node: given === '' ? fallback : given,
    isNodeNamed: given !== '' || isName,
    hall: clean(facts.hall),
    rack: clean(facts.rack),
    pool: clean(facts.pool),
    cluster: clean(facts.cluster),
  }
}

function toUrl(address: string, facts: TargetFacts): URL {
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(address)
  const scheme = facts.scheme === 'https' ? 'https' : 'http'
  const url = URL.parse(hasScheme ? address : `${scheme}://${address}`)
  const problem =
    address.length > 1024 || url === null
      ? 'is no address'
      : url.protocol !== 'http:' && url.protocol !== 'https:'
        ? `asks for ${url.protocol} where only http and https are read`
        : url.hostname === ''
          ? 'has no host'
          : !hasScheme && !/:\d+(\/|$)/.test(address)
            ? 'has no port'
            : null
  if (url === null || problem !== null)
    throw new PlimsollError(
      'E_TARGETS_INVALID',
      `the target "${shownAddress(address).slice(0, 120)}" ${problem ?? 'is no address'}; write host:9400 or http://host:9400/metrics`,
    )
  if (url.pathname === '/') url.pathname = facts.path ?? '/metrics'
  return url
}

/** Text from outside, kept as data: no control characters, at most 256 characters. */
export function clean(text: string | undefined): string {
  return (text ?? '')
    .replaceAll(/\p{Cc}/gu, '')
    .trim()
    .slice(0, TEXT)
}

/** One list without repeats: the first mention of an address counts. */
export function distinctTargets(targets: readonly Target[]): Target[] {
  const seen = new Map<string, Target>()
  for (const target of targets) if (!seen.has(target.address)) seen.set(target.address, target)
  return [...seen.values()]
}
