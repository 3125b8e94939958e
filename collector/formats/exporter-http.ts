import type { Interpretation, Unread } from '#schemas/reading.ts'
import type { Detection, HttpResult, SourceIo } from '../source.ts'

/** Below the 10 s that looking for sources may take: our own sentence says more than the runner's. */
const DETECT_MS = 8000

/** What an exporter's failures mean beyond what is true of every exporter; a sentence each, with what to do. */
export interface ExporterWords {
  /** `dcgm-exporter`. */
  readonly name: string
  readonly refused?: string
  readonly timeout: string
  readonly tooLarge: string
  readonly closedEarly?: string
  /** By HTTP status. */
  readonly statuses?: Readonly<Record<number, string>>
}

/** A page that broke off after its first bytes: what is whole of it can be read. */
export const isHalfPage = (got: HttpResult) => got.failure === 'closed_early' && got.body.length > 0

/** Why an answer is no page at all, or null. A half page is not told apart here. */
export function httpFailure(got: HttpResult, words: ExporterWords): Unread | null {
  if (got.failure !== null) return { reason: got.failure, detail: detailOf(got.failure, words) }
  if (got.status === null || got.status === 200) return null
  return { reason: `http_${got.status}`, detail: statusDetail(got.status, words) }
}

function detailOf(failure: NonNullable<HttpResult['failure']>, words: ExporterWords): string {
  const details: Readonly<Record<typeof failure, string>> = {
    refused:
      words.refused ??
      `Nothing listens there; start ${words.name} on the node or correct the target.`,
    timeout: words.timeout,
    too_large: words.tooLarge,
    dns: 'The host name of the target cannot be resolved; correct the target or the name server.',
    tls: 'The TLS handshake failed; check scheme and certificate of the target.',
    closed_early:
      words.closedEarly ??
      'The connection closed before a single byte of the page arrived; see whether the exporter keeps restarting.',
    failed: 'The request failed on the way; see whether the node answers on this port.',
  }
  return details[failure]
}

function statusDetail(status: number, { statuses = {} }: ExporterWords): string {
  const known = statuses[status]
  if (known !== undefined) return known
  if (status === 404) return 'There is no such page; exporters serve /metrics: correct the target.'
  if (status === 401 || status === 403)
    return `Something in front of the exporter refuses us (status ${status}); let the collector read this page without a login.`
  return `The exporter answered with status ${status} in place of a page; see its log, and what stands between.`
}

/** Where an exporter of this machine would answer, and the bounds of the question. */
export interface ExporterPlace {
  readonly address: string
  readonly node: string
  readonly maxBytes: number
  readonly timeoutMs: number
}

/** Looks for an exporter on this machine. */
export async function detectExporter(
  io: SourceIo,
  where: ExporterPlace,
  interpret: (got: HttpResult) => Interpretation,
  /** Whether an answer with this reason is another program's. */
  isForeign: (reason: string, got: HttpResult) => boolean,
): Promise<Detection> {
  const { address, node, maxBytes } = where
  const timeoutMs = Math.min(where.timeoutMs, DETECT_MS)
  const got = await io.get(address, { timeoutMs, maxBytes })
  if (got.failure === 'refused') return { state: 'absent', looked: address }
  const reading = interpret(got)
  if (reading.outcome === 'ok')
    return { state: 'present', looked: address, target: { address, node } }
  const reason = reading.reason ?? 'failed'
  if (reason === 'http_404' || isForeign(reason, got))
    return { state: 'absent', looked: `${address} (something else answers there)` }
  return { state: 'broken', looked: address, reason, detail: reading.detail ?? reason }
}
