import { readFile } from 'node:fs/promises'
import { type AlertsConfig, alertsConfigIn } from '#schemas/alerts/config.ts'
import { PlimsollError } from '#schemas/errors.ts'
import { readYaml } from './import/yaml-document.ts'

/**
 * The alerting file; without one nobody is told and alerts are only shown. Throws E_CONFIG_MISSING when it cannot be read
 * and E_CONFIG_INVALID with one `file:line:column` line for each mistake: it is taken whole or not at all.
 */
export async function loadAlertsConfig(
  path: string | undefined,
  siteTimeZone: string,
): Promise<AlertsConfig> {
  if (path === undefined) return alertsConfigIn(siteTimeZone).parse({})
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    throw new PlimsollError('E_CONFIG_MISSING', `the alerting file ${path} cannot be read`, {
      cause,
    })
  }
  return parseAlertsConfig(text, path, siteTimeZone)
}

/** As loadAlertsConfig, of a text; `file` is its name in messages. */
export const parseAlertsConfig = (text: string, file: string, siteTimeZone: string): AlertsConfig =>
  readYaml(text, alertsConfigIn(siteTimeZone), file, 'E_CONFIG_INVALID').data
