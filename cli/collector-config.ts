import { hostname } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { loadConfig, parseConfig } from '../collector/config-file.ts'
import type { CollectorConfig } from '../collector/config.ts'
import { loadSources } from '../collector/sources.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Invocation } from './command.ts'

/**
 * The collector's configuration: a file, or targets named on the command line, or nothing (then the tools
 * of this machine are looked for). The spool lives under the data directory unless the file says else.
 */
export async function collectorConfig(
  invocation: Invocation,
  dataDir: string,
): Promise<CollectorConfig> {
  const sources = await loadSources()
  const file = invocation.option('config') ?? invocation.env['PLIMSOLL_CONFIG']
  const targets = invocation.options('target')
  const prometheus = invocation.options('targets-from')
  const named = targets.length + prometheus.length > 0
  if (file !== undefined && file !== '' && named) {
    throw new PlimsollError(
      'E_USAGE',
      'give targets in the configuration file or on the command line, not both',
    )
  }
  const context = { sources, host: hostname(), spoolDirectory: join(dataDir, 'spool') }
  return file !== undefined && file !== ''
    ? loadConfig(file, context)
    : parseConfig(commandLineConfig(targets, prometheus), { ...context, file: 'command line' })
}

function commandLineConfig(targets: readonly string[], prometheus: readonly string[]): string {
  if (targets.length + prometheus.length === 0) return ''
  return stringify({ sources: { 'dcgm-exporter': { targets, targets_from: prometheus } } })
}
