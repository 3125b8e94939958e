import { hostname } from 'node:os'
import { describeConfig } from '../../collector/config-check.ts'
import { loadConfig } from '../../collector/config-file.ts'
import { loadSources } from '../../collector/sources.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Invocation } from '../command.ts'

export async function run(invocation: Invocation): Promise<number> {
  const [action, file] = invocation.positionals
  if (action !== 'check' || file === undefined) {
    throw new PlimsollError('E_USAGE', 'give a file: plimsoll config check FILE')
  }
  const config = await loadConfig(file, { sources: await loadSources(), host: hostname() })
  for (const line of describeConfig(config)) invocation.print(line)
  invocation.print(`${file} is fine`)
  return 0
}
