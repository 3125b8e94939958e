import { z } from 'zod'

/** Orders in force at once; a site pauses a source, not every node by itself. */
export const PAUSES_MAX = 256
/** A pause always ends: one that nobody remembers would be a blind spot. */
export const PAUSE_MS_MAX = 7 * 86_400_000

/** A source that is not to be read on some nodes for a while: the tool disturbs jobs, or is being replaced. */
export const PauseOrder = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{16}$/),
  /** Source name, or `*` for all. */
  source: z.string().min(1).max(64),
  /** Hostlist (`h2-r[01-40]-n[01-08]`), or `*` for all nodes. */
  nodes: z.string().min(1).max(4096),
  /** Cluster name, or `*` for all. */
  cluster: z.string().min(1).max(64),
  from_ms: z.int().min(0),
  until_ms: z.int().min(0),
  reason: z.string().min(1).max(256),
  who: z.string().max(256),
})
export type PauseOrder = z.infer<typeof PauseOrder>

/** Everything that is ordered, as one state: said again and again, so a message that is lost costs nothing. */
export const ControlState = z.strictObject({
  v: z.literal(1),
  /** Rises with every change; an older state that comes late is ignored. */
  revision: z.int().min(0),
  pauses: z.array(PauseOrder).max(PAUSES_MAX),
})
export type ControlState = z.infer<typeof ControlState>

export const NO_ORDERS: ControlState = { v: 1, revision: 0, pauses: [] }

/** Where orders are kept: durable, and changed by compare-and-set, so that two people do not undo each other. */
export interface ControlStore {
  /** Rejects with E_BUS_AWAY when it does not answer. */
  read(): Promise<ControlState>
  /** Applies an edit to the state as it is and stores the result; repeats when somebody was faster. */
  change(edit: (pauses: readonly PauseOrder[]) => readonly PauseOrder[]): Promise<ControlState>
}

/** Whether bytes from outside are a state, and which. */
export function decodeControl(bytes: Uint8Array): ControlState | null {
  try {
    const parsed = ControlState.safeParse(JSON.parse(new TextDecoder().decode(bytes)))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}

export const encodeControl = (state: ControlState): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(state))

/** Body of POST /api/v1/pauses. */
export const PauseRequest = z.strictObject({
  source: PauseOrder.shape.source,
  nodes: PauseOrder.shape.nodes,
  cluster: PauseOrder.shape.cluster.default('*'),
  minutes: z
    .int()
    .min(1)
    .max(PAUSE_MS_MAX / 60_000),
  reason: PauseOrder.shape.reason,
})
export type PauseRequest = z.infer<typeof PauseRequest>

/** Pauses in force; answer of every /api/v1/pauses route. */
export const PauseAnswer = z.object({
  pauses: z.array(
    PauseOrder.omit({ from_ms: true, until_ms: true }).extend({
      from: z.string(),
      until: z.string(),
    }),
  ),
})
export type PauseAnswer = z.infer<typeof PauseAnswer>
