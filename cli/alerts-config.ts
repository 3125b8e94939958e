import { readFile } from 'node:fs/promises'
import { type AlertsConfig, alertsConfigIn } from '#schemas/alerts/config.ts'
import { PlimsollError } from '#schemas/errors.ts'
import { readYaml } from './import/yaml-document.ts'

/** The alerting file and where its parts stand. */
export interface LoadedAlertsConfig {
  readonly config: AlertsConfig
  /** Line of what is at a path. */
  readonly line: (...path: readonly (string | number)[]) => number
}

/**
 * The alerting file; without one nobody is told and alerts are only shown. Throws E_CONFIG_MISSING when it cannot be read
 * and E_CONFIG_INVALID with one `file:line:column` line for each mistake: it is taken whole or not at all.
 */
export const loadAlertsConfig = async (
  path: string | undefined,
  siteTimeZone: string,
): Promise<AlertsConfig> =>
  path === undefined
    ? alertsConfigIn(siteTimeZone).parse({})
    : (await loadAlertsFile(path, siteTimeZone)).config

/** As loadAlertsConfig, with positions. */
export async function loadAlertsFile(
  path: string,
  siteTimeZone: string,
): Promise<LoadedAlertsConfig> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    throw new PlimsollError('E_CONFIG_MISSING', `the alerting file ${path} cannot be read`, {
      cause,
    })
  }
  return parseAlertsFile(text, path, siteTimeZone)
}

/** As loadAlertsFile, of a text; `file` is its name in messages. */
function parseAlertsFile(text: string, file: string, siteTimeZone: string): LoadedAlertsConfig {
  const { data, line } = readYaml(text, alertsConfigIn(siteTimeZone), file, 'E_CONFIG_INVALID')
  return { config: data, line }
}

/** As loadAlertsConfig, of a text; `file` is its name in messages. */
export const parseAlertsConfig = (text: string, file: string, siteTimeZone: string): AlertsConfig =>
  parseAlertsFile(text, file, siteTimeZone).config
