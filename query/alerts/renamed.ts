import type { Reader } from '#schemas/ports.ts'
import { renamedDevices } from '../queries/renamed-devices.ts'

const EVERY_MS = 60_000
const KEYS_MAX = 1_000_000

/** Devices of keys that are not named by themselves; as last known while the store is away. */
export function followRenamed(reader: Reader): {
  /** Null = the key is named by itself. */
  deviceOf(key: string): string | null
  stop(): void
} {
  let known: ReadonlyMap<string, string> = new Map()
  let isStopped = false
  let timer: NodeJS.Timeout | undefined
  const look = async () => {
    const rows = await renamedDevices.run(reader, { limit: KEYS_MAX }).catch(() => null)
    if (rows !== null) known = new Map(rows.map(({ key, device }) => [key, device]))
    if (!isStopped) timer = setTimeout(() => void look(), EVERY_MS)
  }
  void look()
  return {
    deviceOf: (key) => known.get(key) ?? null,
    stop() {
      isStopped = true
      clearTimeout(timer)
    },
  }
}
