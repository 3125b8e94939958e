import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { PlimsollError } from '#schemas/errors.ts'
import { HOSTLIST_LIMIT } from './hostlist.ts'
import { type Target, type TargetFacts, toTarget } from './target.ts'

/**
 * The target group list that Prometheus reads from files (file_sd) and URLs (http_sd):
 * `[ { "targets": ["host:port"], "labels": { "hall": "h2" } } ]`, as JSON or YAML. Unknown keys of a group
 * are ignored, as Prometheus does for http_sd.
 */
const Groups = z
  .array(
    z.object({
      targets: z.array(z.string().max(1024)).max(HOSTLIST_LIMIT),
      labels: z.record(z.string(), z.coerce.string()).default({}),
    }),
  )
  .max(HOSTLIST_LIMIT)

/** Labels that name the node, strongest first; instance and address come after these. */
const NODE_LABELS = [
  'node',
  'Hostname',
  'hostname',
  'kubernetes_node',
  'node_name',
  '__meta_kubernetes_pod_node_name',
  '__meta_kubernetes_node_name',
  '__meta_kubernetes_endpoint_node_name',
  '__meta_consul_node',
] as const

const SCHEME_LABEL = '__scheme__'
const PATH_LABEL = '__metrics_path__'

/** What labels of a target list say about a target. */
export function factsOf(labels: Readonly<Record<string, string>>): TargetFacts {
  const node = NODE_LABELS.map((name) => labels[name]).find(
    (value) => value !== undefined && value !== '',
  )
  return {
    node,
    hall: labels.hall,
    rack: labels.rack,
    pool: labels.pool,
    cluster: labels.cluster,
    scheme: labels[SCHEME_LABEL],
    path: labels[PATH_LABEL],
  }
}

/**
 * The targets of a list. `where` names the file or URL in messages. Throws E_TARGETS_INVALID when the text
 * is no such list or one of its targets is no address: half a list would look like half a fleet gone.
 */
export function parseTargetList(text: string, where: string, ownNode: string): Target[] {
  const groups = Groups.safeParse(parsed(text, where))
  if (!groups.success) {
    const issue = groups.error.issues[0]
    const at = issue === undefined ? '' : ` at ${issue.path.join('.')}: ${issue.message}`
    throw new PlimsollError(
      'E_TARGETS_INVALID',
      `${where} is no list of target groups${at}; expected [{"targets": ["host:port"], "labels": {}}]`,
    )
  }
  const count = groups.data.reduce((sum, group) => sum + group.targets.length, 0)
  if (count > HOSTLIST_LIMIT)
    throw new PlimsollError(
      'E_TARGETS_INVALID',
      `${where} has ${count} targets; limit ${HOSTLIST_LIMIT}`,
    )
  return groups.data.flatMap(({ targets, labels }) =>
    targets.map((address) => located(() => toTarget(address, factsOf(labels), ownNode), where)),
  )
}

/** Unknown tags are read as plain text; a small file may not unfold to a huge one. */
const YAML = { maxAliasCount: 100, logLevel: 'error' } as const

function parsed(text: string, where: string): unknown {
  try {
    // Long lists are JSON in practice, and its own parser is 50 times faster than YAML's.
    return /^\s*\[/.test(text) ? JSON.parse(text) : parseYaml(text, YAML)
  } catch (error) {
    try {
      return parseYaml(text, YAML)
    } catch {
      throw new PlimsollError(
        'E_TARGETS_INVALID',
        `${where} is neither JSON nor YAML: ${syntaxError(error)}`,
      )
    }
  }
}

/** What is wrong with the text, without the piece of it that the JSON parser quotes: it may hold a password. */
function syntaxError(error: unknown): string {
  const why = error instanceof Error ? error.message : String(error)
  return why.replace(/, (\.{3})?".*"(\.{3})? is not valid JSON$/s, '').split('\n')[0] ?? ''
}

function located<T>(step: () => T, where: string): T {
  try {
    return step()
  } catch (error) {
    if (!(error instanceof PlimsollError)) throw error
    throw new PlimsollError(error.code, `${where}: ${error.message}`)
  }
}
