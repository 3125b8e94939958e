import type { DeviceReading } from '#schemas/reading.ts'
import type { ListedGpu } from './parse-list.ts'

const KEY = 'nvidia-smi'
/** An answer to `-L` that did not come, or fits no more, is asked for again after this long, ms. */
const ASK_AGAIN_MS = 600_000
const BOARDS_MAX = 256

/** What the source keeps of a node between reads: which board sits where, and the names of MIG devices. */
export class NodeMemory {
  listed: readonly ListedGpu[] = []
  #layout = ''
  #askedMs = -Infinity
  /** Last good reading of each board, by bus address. */
  readonly #boards = new Map<string, DeviceReading>()

  static of(memory: Map<string, unknown>): NodeMemory {
    const known = memory.get(KEY)
    if (known instanceof NodeMemory) return known
    const fresh = new NodeMemory()
    memory.set(KEY, fresh)
    return fresh
  }

  /** True once per MIG layout, and again when the answer to the last question did not come. */
  needsListing(devices: readonly DeviceReading[], nowMs: number): boolean {
    const partitions = devices.filter((device) => device.partition !== null)
    const layout = partitions.map((device) => device.keys[0]).join(' ')
    const isNew = layout !== this.#layout
    const isStale = this.listed.length === 0 && nowMs - this.#askedMs >= ASK_AGAIN_MS
    if (isNew) this.listed = []
    this.#layout = layout
    if (layout === '' || !(isNew || isStale)) return false
    this.#askedMs = nowMs
    return true
  }

  keepListing(listed: readonly ListedGpu[]): void {
    this.listed = listed
  }

  /**
   * Fills in what an answer no longer tells: an error text names a board by its address only, and with a board
   * missing the others' positions are no indexes any more.
   */
  complete(devices: readonly DeviceReading[]): DeviceReading[] {
    return devices.map((device) => {
      const { bus, model, failed } = device
      if (bus === null || device.partition !== null) return device
      const known = this.#boards.get(bus)
      if (model === 'unknown') {
        return failed === null || known === undefined
          ? device
          : {
              ...device,
              keys: known.keys,
              model: known.model,
              index: known.index,
              labels: known.labels,
            }
      }
      const isSame = known?.keys[0] === device.keys[0]
      const index = device.index ?? (isSame ? (known?.index ?? null) : null)
      const completed = { ...device, index }
      if (known !== undefined || this.#boards.size < BOARDS_MAX) this.#boards.set(bus, completed)
      return completed
    })
  }
}
