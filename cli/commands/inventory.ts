import { PlimsollError } from '#schemas/errors.ts'
import { compilePlacePattern } from '#schemas/place-pattern.ts'
import type { Invocation } from '../command.ts'
import { discoveredDevices } from '../import/discovered-devices.ts'
import { draftInventory } from '../import/inventory-draft.ts'
import { createProgress } from '../progress.ts'
import { DEFAULT_SERVER } from '../server-request.ts'

/** Shorter work needs no progress. */
const PROGRESS_AFTER_MS = 2000

/** `plimsoll inventory draft`: CSV on standard output, everything said about it on standard error. */
export async function run(invocation: Invocation): Promise<number> {
  const [action] = invocation.positionals
  if (action !== 'draft')
    throw new PlimsollError(
      'E_USAGE',
      'give: inventory draft > inventory.csv; plimsoll import inventory reads it back',
    )
  const pattern = invocation.option('pattern')
  const compiled = pattern === undefined ? null : compilePlacePattern(pattern)
  const startMs = Date.now()
  const progress = createProgress('asking for devices', process.stderr, Date.now)
  let drawn = false
  const { devices, simulated } = await discoveredDevices(
    invocation.option('server') ?? DEFAULT_SERVER,
    {
      token: invocation.env['PLIMSOLL_TOKEN'],
      onPage(got, total) {
        if (Date.now() - startMs < PROGRESS_AFTER_MS) return
        drawn = true
        progress.update(total === 0 ? 1 : Math.min(1, got / total))
      },
    },
  )
  if (drawn) progress.done()
  const draft = draftInventory(devices, compiled)
  for (const line of draft.lines) invocation.print(line)
  for (const line of remarks(draft, simulated)) console.error(line)
  return 0
}

/** What a person should know of a draft before it is imported. */
function remarks(
  { lines, unnamed, gone, unplaced }: ReturnType<typeof draftInventory>,
  simulated: boolean,
): string[] {
  const told: [boolean, string][] = [
    [
      true,
      `${lines.length - 1} devices; accepted is when each was first seen: correct it where you know better`,
    ],
    [
      unplaced > 0,
      `unplaced (${unplaced}): fill hall and rack, or give --pattern 'h{hall}-r{rack}-n{node}'`,
    ],
    [unnamed > 0, `${unnamed} devices left out: neither a key nor a place in a node names them`],
    [gone > 0, `${gone} devices left out: silent and no longer in capacity`],
    [simulated, 'these devices are simulated'],
  ]
  return told.flatMap(([isSo, text]) => (isSo ? [text] : []))
}
