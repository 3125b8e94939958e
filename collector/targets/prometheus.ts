import { z } from 'zod'
import { PlimsollError } from '#schemas/errors.ts'
import { factsOf } from './sd-list.ts'
import { type Target, toTarget } from './target.ts'

/** The part of Prometheus' `GET /api/v1/targets` that we read. */
const Answer = z.object({
  status: z.literal('success'),
  data: z.object({
    activeTargets: z.array(
      z.object({
        scrapeUrl: z.string(),
        labels: z.record(z.string(), z.string()).default({}),
        discoveredLabels: z.record(z.string(), z.string()).default({}),
      }),
    ),
  }),
})

/** Address of the list of active targets of a Prometheus server. */
export const activeTargetsUrl = (base: string) =>
  `${base.replace(/\/+$/, '')}/api/v1/targets?state=active`

/** Labels that say what a target is, looked at for the exporter's name. */
const KIND_LABELS = ['job', '__meta_kubernetes_service_name', '__meta_kubernetes_pod_name'] as const
const KIND_PREFIXES = ['__meta_kubernetes_pod_label_app', '__meta_kubernetes_service_label_app']

/**
 * The dcgm-exporter targets among a Prometheus server's active ones: by job, by Kubernetes name or app
 * label, or by the exporter's port 9400. Node: target labels, then the discovered ones, then the host part
 * of `instance` if that is a name, then the address. Throws E_TARGETS_INVALID for any other answer.
 */
export function parsePrometheusTargets(text: string, where: string, ownNode: string): Target[] {
  const answer = Answer.safeParse(parsed(text))
  if (!answer.success)
    throw new PlimsollError(
      'E_TARGETS_INVALID',
      `${where} did not answer with Prometheus' list of targets; is this the address of a Prometheus server?`,
    )
  return answer.data.data.activeTargets
    .filter(({ scrapeUrl, labels, discoveredLabels }) =>
      looksLikeExporter(scrapeUrl, { ...discoveredLabels, ...labels }),
    )
    .flatMap(({ scrapeUrl, labels, discoveredLabels }) => {
      const facts = factsOf({ ...discoveredLabels, ...labels })
      const node = factsOf(labels).node ?? facts.node ?? nodeOfInstance(labels.instance)
      try {
        return [toTarget(scrapeUrl, { ...facts, node }, ownNode)]
      } catch {
        // Prometheus scrapes it, so it is an address of a kind we do not read (a unix socket proxy).
        return []
      }
    })
}

function looksLikeExporter(scrapeUrl: string, labels: Readonly<Record<string, string>>): boolean {
  const words = Object.entries(labels)
    .filter(
      ([name]) =>
        KIND_LABELS.some((kind) => kind === name) ||
        KIND_PREFIXES.some((prefix) => name.startsWith(prefix)),
    )
    .map(([, value]) => value)
  return words.some((word) => /dcgm/i.test(word)) || URL.parse(scrapeUrl)?.port === '9400'
}

function nodeOfInstance(instance: string | undefined): string | undefined {
  const host = instance?.replace(/:\d+$/, '') ?? ''
  return host === '' || /^[\d.]+$/.test(host) || /[:[\]/]/.test(host) ? undefined : host
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
