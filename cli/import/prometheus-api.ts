import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { PlimsollError } from '#schemas/errors.ts'
import { type PastSeries, readMatrix } from './prometheus-answer.ts'
import { createHttpAsker, type HttpAnswer } from './prometheus-http.ts'

/** Half-open, epoch ms. */
export interface Instants {
  readonly fromMs: number
  readonly toMs: number
  readonly stepMs: number
}

export interface PrometheusApi {
  /** Values of the label `instance` that the selector finds in a span, in order. */
  instances(selector: string, span: Omit<Instants, 'stepMs'>): Promise<string[]>
  /** Every series of a selector at every instant. */
  range(selector: string, at: Instants): Promise<PastSeries[]>
}

export interface PrometheusOptions {
  readonly url: string
  readonly sleep?: (ms: number) => Promise<unknown>
}

/** Points of a series that a server answers with at most (Prometheus, web/api/v1: 11,000). */
export const POINTS_MAX = 11_000
const ANSWER_BYTES_MAX = 512 * 2 ** 20
const TIMEOUT_MS = 120_000
/** Pauses before the attempts after the first. */
const RETRY_MS = [1_000, 4_000, 15_000] as const
const INSTANCES_MAX = 100_000

const Failure = z.object({ status: z.literal('error'), error: z.string().default('') })
const Labels = z.object({ status: z.literal('success'), data: z.array(z.string()) })
/**
 * Asks a Prometheus server, again when it does not answer. Rejects with E_PROMETHEUS_AWAY, which says what the server
 * said.
 */
export function createPrometheusApi({ url, sleep = wait }: PrometheusOptions): PrometheusApi {
  const base = url.replace(/\/+$/, '')
  const http = createHttpAsker()
  const ask = async <T>(
    path: string,
    form: URLSearchParams,
    read: (body: Uint8Array) => T,
  ): Promise<T> => {
    const question = {
      url: `${base}/api/v1/${path}`,
      form,
      timeoutMs: TIMEOUT_MS,
      bytesMax: ANSWER_BYTES_MAX,
    }
    for (let attempt = 0; ; attempt += 1) {
      const answer = await http
        .ask(question, (heard) => answerOf(heard, read))
        .catch((error: unknown) => ({ kind: 'away', why: causeOf(error) }) as const)
      if (answer.kind === 'ok') return answer.value
      if (answer.kind === 'strange')
        throw away(base, 'the answer is not the one that Prometheus gives')
      const pauseMs = RETRY_MS[attempt]
      if (answer.kind === 'refused' || pauseMs === undefined) throw away(base, answer.why)
      await sleep(pauseMs)
    }
  }
  return {
    async instances(selector, { fromMs, toMs }) {
      const form = new URLSearchParams({ 'match[]': selector, ...seconds({ fromMs, toMs }) })
      const { data } = await ask(
        `label/instance/values?${form.toString()}`,
        new URLSearchParams(),
        (body) => Labels.parse(JSON.parse(textOf(body))),
      )
      if (data.length > INSTANCES_MAX) throw away(base, `more than ${INSTANCES_MAX} instances`)
      return data.toSorted()
    },
    range(selector, at) {
      const { fromMs, toMs, stepMs } = at
      // The end of a range query is one of its instants.
      const form = {
        query: selector,
        step: String(stepMs / 1000),
        timeout: `${TIMEOUT_MS / 1000}s`,
      }
      const span = seconds({ fromMs, toMs: toMs - stepMs })
      return ask('query_range', new URLSearchParams({ ...form, ...span }), (body) =>
        readMatrix(body, at),
      )
    },
  }
}

const seconds = ({ fromMs, toMs }: Omit<Instants, 'stepMs'>) => ({
  start: String(fromMs / 1000),
  end: String(toMs / 1000),
})

type Answer<T> =
  | { readonly kind: 'ok'; readonly value: T }
  /** It answered something else. */
  | { readonly kind: 'strange' }
  /** Asking again gives the same. */
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'away'; readonly why: string }

function answerOf<T>({ status, body }: HttpAnswer, read: (body: Uint8Array) => T): Answer<T> {
  if (body === null)
    return { kind: 'refused', why: `an answer of more than ${ANSWER_BYTES_MAX} bytes` }
  if (status >= 200 && status < 300)
    try {
      return { kind: 'ok', value: read(body) }
    } catch {
      return { kind: 'strange' }
    }
  const said = status < 500 ? Failure.safeParse(jsonOrNull(textOf(body))).data?.error : undefined
  const why = `it answers ${status}${said === undefined ? '' : `: ${said}`}`.slice(0, 500)
  return { kind: status < 500 && status !== 429 ? 'refused' : 'away', why }
}

const causeOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const textOf = (body: Uint8Array) => new TextDecoder().decode(body)

const away = (base: string, why: string) =>
  new PlimsollError('E_PROMETHEUS_AWAY', `${new URL(base).host}: ${why}`)
