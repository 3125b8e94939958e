import type { CollectorConfig, SourceSection } from './config.ts'
import { shownAddress } from './targets/shown-address.ts'

/** What a configuration was understood to mean, as lines for a terminal (`plimsoll config check`). */
export function describeConfig(config: CollectorConfig): string[] {
  const { hall, rack, pool } = config.labels
  const placed = Object.entries({ hall, rack, pool }).filter(([, value]) => value !== '')
  const lines = [
    `cluster    ${config.cluster}`,
    `collector  ${config.collector}`,
    `node       ${config.node} (this machine)`,
    `spool      ${config.spool.directory}, at most ${sizeText(config.spool.maxBytes)}`,
    `bus        ${config.nats === null ? 'none named here (NATS_URL, or the direct log)' : busText(config.nats.url)}`,
  ]
  if (placed.length > 0)
    lines.push(`labels     ${placed.map(([name, value]) => `${name}=${value}`).join(' ')}`)
  if (config.nodeLabels.size > 0) lines.push(`node_labels for ${config.nodeLabels.size} nodes`)
  if (config.sources.length === 0)
    lines.push('sources    none named: every known tool is looked for on this machine')
  for (const section of config.sources) lines.push(...describeSection(section))
  return lines
}

function describeSection(section: SourceSection): string[] {
  const { source, targets, intervalMs, timeoutMs } = section
  const head = `source     ${source.name}: every ${intervalMs / 1000} s, at most ${timeoutMs / 1000} s a read`
  if (section.isLocal) return [head, '             the tool or endpoint of this machine']
  const [first, last] = [targets[0], targets.at(-1)]
  const lines = [head]
  if (first !== undefined && last !== undefined) {
    const ends =
      first === last
        ? shownAddress(first.address)
        : `${shownAddress(first.address)} … ${shownAddress(last.address)}`
    lines.push(`             ${targets.length} target${targets.length === 1 ? '' : 's'}: ${ends}`)
    lines.push(`             nodes ${first.node}${first === last ? '' : ` … ${last.node}`}`)
  }
  for (const glob of section.fileSd)
    lines.push(`             target files ${glob}, re-read on change`)
  const every = `every ${section.refreshMs / 1000} s`
  for (const url of section.httpSd)
    lines.push(`             targets from ${shownAddress(url)} ${every}`)
  for (const url of section.prometheus)
    lines.push(`             targets of Prometheus ${shownAddress(url)} ${every}`)
  return lines
}

function sizeText(bytes: number): string {
  return bytes >= 2 ** 30 ? `${round(bytes / 2 ** 30)} GiB` : `${round(bytes / 2 ** 20)} MiB`
}

const round = (value: number) => Math.round(value * 10) / 10
const busText = (url: string | readonly string[]) =>
  (typeof url === 'string' ? [url] : url).map(shownAddress).join(', ')
