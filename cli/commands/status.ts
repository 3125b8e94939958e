import { PlimsollError } from '#schemas/errors.ts'
import { type Invocation, renderError } from '../command.ts'
import { DEFAULT_SERVER } from '../server-request.ts'
import { askAll, valueOf } from '../status/ask.ts'
import { fleetGroup, statusJson, statusLines } from '../status/lines.ts'
import { exitCodeOf, zoneNow } from '../status/zone.ts'

/** When nobody can say how the fleet is. */
const EXIT_UNKNOWN = 3

export async function run(invocation: Invocation): Promise<number> {
  const base = invocation.option('server') ?? invocation.positionals[0] ?? DEFAULT_SERVER
  if (!URL.canParse(base)) throw new PlimsollError('E_USAGE', `${base} is no address of a server`)
  try {
    const answers = await askAll(base, invocation.env['PLIMSOLL_TOKEN'])
    const zone = zoneNow(fleetGroup(answers), valueOf(answers.zones), valueOf(answers.alerts))
    if (invocation.flag('json')) invocation.print(JSON.stringify(statusJson(answers, zone)))
    else for (const line of statusLines(answers, zone)) invocation.print(line)
    return exitCodeOf(zone)
  } catch (error) {
    // Not the exit code of a warning: nothing is known.
    console.error(renderError(error))
    return EXIT_UNKNOWN
  }
}
