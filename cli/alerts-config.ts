import { readFile } from 'node:fs/promises'
import { AlertsConfig } from '#schemas/alerts/config.ts'
import { PlimsollError } from '#schemas/errors.ts'
import { readYaml } from './import/yaml-document.ts'

/**
 * The alerting file. Throws E_CONFIG_MISSING when it cannot be read and E_CONFIG_INVALID with one `file:line:column`
 * line for each mistake: it is taken whole or not at all.
 */
export async function loadAlertsConfig(path: string): Promise<AlertsConfig> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    throw new PlimsollError('E_CONFIG_MISSING', `the alerting file ${path} cannot be read`, {
      cause,
    })
  }
  return parseAlertsConfig(text, path)
}

/** As loadAlertsConfig, of a text; `file` is its name in messages. */
export const parseAlertsConfig = (text: string, file: string): AlertsConfig =>
  readYaml(text, AlertsConfig, file, 'E_CONFIG_INVALID').data
