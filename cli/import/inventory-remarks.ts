import { PlimsollError } from '#schemas/errors.ts'
import type { JournalBody } from '#schemas/journal.ts'
import { discoveredDevices } from './discovered-devices.ts'
import { conflictLines, inventoryConflicts } from './inventory-conflicts.ts'

/**
 * What an inventory would change or miss, compared with the devices of a running server; empty for other bodies and
 * where everything agrees. Without a server it says so: a dry run needs none.
 */
export async function inventoryRemarks(
  bodies: readonly JournalBody[],
  { server, token, nowMs }: { server: string; token: string | undefined; nowMs: number },
): Promise<readonly string[]> {
  const parts = bodies.flatMap((body) => (body.kind === 'inventory' ? [body] : []))
  if (parts.length === 0) return []
  const listed = {
    devices: parts.flatMap(({ devices }) => devices),
    nodes: parts.flatMap(({ nodes }) => nodes),
  }
  try {
    const { devices } = await discoveredDevices(server, { token })
    return conflictLines(inventoryConflicts(listed, devices, nowMs))
  } catch (error) {
    if (!(error instanceof PlimsollError) || error.code !== 'E_STORE_AWAY') throw error
    return [`not compared with what is there: ${error.message}`]
  }
}
