import type { ExporterWords } from '../../formats/exporter-http.ts'
import { LIMITS } from './limits.ts'

/**
 * What can be wrong with an exporter or the way to it. Fault codes of devices need their vendor's table: a
 * mapping reads values only.
 */
export interface Failure {
  readonly reason: string
  /** Cause and what to do, for a person. */
  readonly detail: string
}

export const EMPTY_PAGE: Failure = {
  reason: 'empty_page',
  detail: 'The exporter answers without a single sample; restart it if it stays so.',
}
export const NOT_METRICS: Failure = {
  reason: 'not_exporter_text',
  detail: 'This is no page of metrics; check the address and path of the target.',
}
export const TOO_LARGE: Failure = {
  reason: 'too_large',
  detail:
    'The page has more series than are read, and sums over a part of it would be wrong; switch off collectors of the exporter, or scrape nodes one by one.',
}
export const NO_KNOWN_METRIC = (mappings: string): Failure => ({
  reason: 'no_known_metric',
  detail: `The page has metrics, but none that these mappings read: ${mappings}. Name another with the option "mapping", or write one (see the README of the source).`,
})
export const NO_VALUES = (mapping: string): Failure => ({
  reason: 'no_values',
  detail: `The page has metrics of the mapping ${mapping}, but none gave a value or told what it is of; see the rejected lines.`,
})

/** A mapping sums over whole pages: half a page is none. */
export const WORDS: ExporterWords = {
  name: 'the exporter',
  timeout:
    'The exporter did not answer in time; a mount that hangs does this to node_exporter: look for stale mounts on the node.',
  tooLarge: `The page is larger than ${LIMITS.bytes >> 20} MiB; switch off collectors of the exporter, or scrape nodes one by one.`,
  closedEarly:
    'The connection closed before the whole page was there, and sums over half a page would be wrong; see whether the exporter keeps restarting.',
}
