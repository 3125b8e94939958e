import type { ReadContext } from '../../source.ts'
import { type Failure, failureOf, LAUNCH_FAILURES, NO_GPUS } from './failures.ts'
import { readInventory } from './interpret.ts'
import { LIMITS } from './limits.ts'
import type { Inventory } from './parse-discovery.ts'
import { newRejections } from './parse.ts'

/** Which GPU is which is asked for again after this time, ms: boards are swapped in running hosts. */
const ASK_AGAIN_MS = 600_000
/** After a failed answer, or when a row was held back, it is asked for again at most this often, ms. */
const ASK_SOON_MS = 10_000
/** One call: a node with a hung GPU answers late. */
const CALL_MS = 10_000

/** What `dcgmi discovery` said, and when to ask it again. */
export interface LiveInventory {
  /** The last good answer; null before the first. */
  known: Inventory | null
  /** Why there is no answer, or no newer one. */
  failure: Failure | null
  dcgmVersion: string | null
  askedMs: number
  isSoon: boolean
  asking: Promise<void> | null
}

export const newLiveInventory = (): LiveInventory => ({
  known: null,
  failure: null,
  dcgmVersion: null,
  askedMs: Number.NEGATIVE_INFINITY,
  isSoon: false,
  asking: null,
})

type Caller = Pick<ReadContext<unknown>, 'io'> & { readonly command: string }

/**
 * Starts asking when it is time; the answer comes by itself, so that a slow one holds up no read. Resolves when the
 * question under way, if any, is answered.
 */
export function refresh(inventory: LiveInventory, caller: Caller, nowMs: number): Promise<void> {
  const isWanted = inventory.known === null || inventory.failure !== null || inventory.isSoon
  const dueMs = inventory.askedMs + (isWanted ? ASK_SOON_MS : ASK_AGAIN_MS)
  if (inventory.asking === null && nowMs >= dueMs) {
    inventory.askedMs = nowMs
    inventory.isSoon = false
    inventory.asking = ask(inventory, caller).finally(() => {
      inventory.asking = null
    })
  }
  return inventory.asking ?? Promise.resolve()
}

export interface Discovered extends Inventory {
  /** False when the question for instances was not answered: there may be some. */
  readonly isWhole: boolean
}

/** The GPUs and MIG instances of this node, or why they cannot be listed. */
export async function discover(
  { io, command }: Caller,
  timeoutMs: number,
): Promise<Discovered | Failure> {
  const limits = { timeoutMs, maxBytes: LIMITS.inventoryBytes }
  const listed = await io.run(command, ['discovery', '-l'], limits)
  if (listed.failure !== null) return LAUNCH_FAILURES[listed.failure]
  const rejections = newRejections()
  const gpus = readInventory(listed.stdout, rejections)
  if (gpus.gpus.size === 0)
    return statedFailure(listed.stdout) ?? statedFailure(listed.stderr) ?? NO_GPUS
  const hierarchy = await io.run(command, ['discovery', '-c'], limits)
  // Boards without MIG, and old versions, answer with an error or an empty box.
  const { instances } = readInventory(hierarchy.stdout, rejections)
  return { gpus: gpus.gpus, instances, isWhole: hierarchy.failure === null }
}

/** The version of dcgmi, which is that of the host engine it speaks to. */
async function versionOf({ io, command }: Caller): Promise<string | null> {
  const limits = { timeoutMs: CALL_MS, maxBytes: LIMITS.inventoryBytes }
  const answer = await io.run(command, ['--version'], limits)
  const text = new TextDecoder().decode(answer.stdout.subarray(0, LIMITS.lineChars))
  return /version\s*:?\s*v?(\d{1,4}(?:\.\d{1,4}){1,3})/i.exec(text)?.[1] ?? null
}

async function ask(inventory: LiveInventory, caller: Caller): Promise<void> {
  const answer = await discover(caller, CALL_MS)
  if (isFailure(answer)) {
    inventory.failure = answer
    return
  }
  const { gpus, isWhole } = answer
  // Instances do not vanish because a call hung: the last answer stands until there is another.
  const instances = isWhole ? answer.instances : (inventory.known?.instances ?? answer.instances)
  inventory.known = { gpus, instances }
  if (!isWhole) inventory.isSoon = true
  inventory.failure = null
  inventory.dcgmVersion = (await versionOf(caller)) ?? inventory.dcgmVersion
}

export const isFailure = (answer: Discovered | Failure): answer is Failure => 'reason' in answer

function statedFailure(bytes: Uint8Array): Failure | null {
  const text = new TextDecoder().decode(bytes.subarray(0, LIMITS.inventoryBytes))
  for (const line of text.split('\n', 200)) {
    const failure = failureOf(line)
    if (failure !== null) return failure
  }
  return null
}
