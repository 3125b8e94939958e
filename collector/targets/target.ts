import { isIP } from 'node:net'
import { PlimsollError } from '#schemas/errors.ts'
import type { AddressForm, SourceTarget } from '../source.ts'
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

const EXPORTER: AddressForm = { schemes: ['http', 'https'], port: null, path: '/metrics' }

/**
 * A target from an address (`host:9400`, `http://host:9400/metrics`; for a source with a form of its own `snmp://pdu-7`).
 * Node, first that is given: the list's own word, then a host part that is a name, then `ownNode` for loopback, then
 * the IP address. Throws E_TARGETS_INVALID for anything that is no URL of the source's form.
 */
export function toTarget(
  address: string,
  facts: TargetFacts,
  ownNode: string,
  form: AddressForm = EXPORTER,
): Target {
  const url = toUrl(address.trim(), facts, form)
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

function toUrl(address: string, facts: TargetFacts, form: AddressForm): URL {
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(address)
  const asked = form.schemes.find((scheme) => scheme === facts.scheme)
  const scheme = asked ?? form.schemes[0] ?? 'http'
  const url = URL.parse(hasScheme ? address : `${scheme}://${address}`)
  const problem = problemOf(address, url, form, hasScheme)
  if (url === null || problem !== null)
    throw new PlimsollError(
      'E_TARGETS_INVALID',
      `the target "${shownAddress(address).slice(0, 120)}" ${problem ?? 'is no address'}; write ${exampleOf(form)}`,
    )
  if (url.pathname === '/' || url.pathname === '') url.pathname = facts.path ?? form.path
  if (url.port === '' && form.port !== null) url.port = String(form.port)
  return url
}

function problemOf(
  address: string,
  url: URL | null,
  form: AddressForm,
  hasScheme: boolean,
): string | null {
  if (address.length > 1024 || url === null) return 'is no address'
  if (!form.schemes.includes(url.protocol.slice(0, -1)))
    return `asks for ${url.protocol} where only ${form.schemes.join(' and ')} are read`
  if (url.hostname === '') return 'has no host'
  const isPortMissing = form.port === null && !hasScheme && !/:\d+(\/|$)/.test(address)
  return isPortMissing ? 'has no port' : null
}

const exampleOf = ({ schemes, port, path }: AddressForm): string =>
  port === null
    ? `host:9400 or http://host:9400${path}`
    : `a host name or ${schemes[0]}://host:${port}`

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
