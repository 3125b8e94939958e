import { z } from 'zod'
import { METRIC_PREFIX } from './samples.ts'
import type { PeerSeries, RangeQuery } from './peer.ts'

const Pair = z.tuple([z.number(), z.string().transform(Number)])
const Labels = z.record(z.string(), z.string())
const Answer = z.object({
  status: z.literal('success'),
  data: z.object({
    result: z.array(
      z
        .object({ metric: Labels, value: Pair.optional(), values: z.array(Pair).optional() })
        .transform(({ metric, value, values }) => ({
          metric,
          values: values ?? (value === undefined ? [] : [value]),
        })),
    ),
  }),
})
const Names = z.object({ data: z.array(z.string()) })

/** PromQL over the HTTP API that both peers have. */
export function promql(url: string) {
  const ask = async (path: string, params: Record<string, string>): Promise<PeerSeries[]> => {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      body: new URLSearchParams(params),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text.slice(0, 500)}`)
    return Answer.parse(JSON.parse(text)).data.result
  }
  const query = (text: string, atMs: number) =>
    ask('/api/v1/query', { query: text, time: String(atMs / 1000) })
  return {
    query,
    queryRange: (text: string, { fromMs, toMs, stepMs }: RangeQuery) =>
      ask('/api/v1/query_range', {
        query: text,
        start: String(fromMs / 1000),
        end: String(toMs / 1000),
        step: `${stepMs}ms`,
      }),
    async count(fromMs: number, toMs: number) {
      // Metric by metric: Prometheus refuses a sum over names, because a count loses its name. A range selector leaves
      // its older end out.
      let samples = 0
      for (const name of await metricNames(url)) {
        const text = `sum(count_over_time(${name}[${toMs - fromMs}ms]))`
        const [series] = await query(text, toMs - 1)
        samples += series?.values[0]?.[1] ?? 0
      }
      return samples
    },
  }
}

async function metricNames(url: string): Promise<string[]> {
  const response = await fetch(`${url}/api/v1/label/__name__/values`)
  const { data } = Names.parse(await response.json())
  return data.filter((name) => name.startsWith(METRIC_PREFIX))
}
