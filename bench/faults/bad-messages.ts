import { randomBytes } from 'node:crypto'
import { crc32, deflateRawSync } from 'node:zlib'
import type { BatchDevice } from '#schemas/batch.ts'
import type { BatchRecord } from '#schemas/records.ts'
import { messageId } from '#schemas/subjects.ts'
import { withHead, withHeader } from '#schemas/wire.testing.ts'
import { DECODE_REASONS, encodeBatch } from '#schemas/wire.ts'
import { newBoot, testBatch, testDevice } from '../../ingest/worker/ingest.testing.ts'
import { type Copy, subjectOf } from './broker.ts'
import { CLUSTER, HOSTILE } from './fleet.ts'
import { between, seededRandom } from './random.ts'

/** A message that must not become rows, and why the quarantine may have it. */
export interface BadMessage extends Copy {
  readonly reasons: readonly string[]
}

const DAY_MS = 86_400_000
const NOT_DECODED: readonly string[] = DECODE_REASONS
const MAGIC = 'PLM1'
/** Of version 2 (schemas/wire.ts): offset of the ticks, field of the head with the devices. */
const TICKS_AT = 24
const DEVICES_FIELD = 6

/** A real message damaged on its way, under an id that nobody else has: nothing real is hit by it. */
export function poisoned(good: Copy, other: Copy, variant: string, seed: number): BadMessage {
  const random = seededRandom(seed)
  const collector = collectorOf(good)
  const id = messageId(collector, newBoot(), 1)
  const damaged = (payload: Uint8Array): BadMessage => ({
    subject: good.subject,
    id,
    payload,
    reasons: NOT_DECODED,
  })
  const { payload } = good
  if (variant === 'flipped') {
    const copy = payload.slice()
    for (let n = 0; n < 3; n += 1) {
      const at = between(random, 0, copy.length - 1)
      copy[at] = (copy[at] ?? 0) ^ (1 << n)
    }
    return damaged(copy)
  }
  if (variant === 'truncated')
    return damaged(payload.slice(0, between(random, 1, payload.length - 1)))
  if (variant === 'noise') return damaged(randomBytes(between(random, 9, 4000)))
  if (variant === 'empty') return damaged(new Uint8Array())
  if (variant === 'wrong id')
    return { subject: good.subject, id, payload, reasons: ['id_mismatch'] }
  const foreign = { id: messageId(collectorOf(other), newBoot(), 1), payload }
  return { ...foreign, subject: other.subject, reasons: ['subject_mismatch'] }
}

export const collectorOf = ({ subject }: Copy) => subject.split('.').at(-1) ?? ''

/** What a collector with a login of its own sends to do harm; all but the flood has to end in the quarantine. */
export function hostileMessages(variant: string, seed: number, floodDevices: number): BadMessage[] {
  const now = Date.now()
  const random = seededRandom(seed)
  if (variant === 'foreign body') return [own({ claims: 'c1' }, ['subject_mismatch'])]
  if (variant === 'guessed ids')
    return Array.from({ length: 20 }, (_, n) => ({
      ...own({}, ['id_mismatch']),
      id: messageId('c1', newBoot(), n + 1),
    }))
  if (variant === 'future') return [own({ t0Ms: now + DAY_MS }, ['time_future'])]
  if (variant === 'ancient') return [own({ t0Ms: now - 60 * DAY_MS }, ['time_past'])]
  if (variant === 'malformed')
    return Array.from({ length: 10 }, () => sealed(randomBytes(between(random, 1, 2000))))
  // Ten thousand lists inside each other.
  if (variant === 'nested') return [sealed(Buffer.alloc(10_000, 0x91))]
  if (variant === 'bomb') return bombs()
  if (variant === 'flood') return flood(floodDevices)
  return []
}

/** The foreign boot is a real one: the worst that a leak could do. */
export function falseGap(victimBoot: string): BadMessage {
  const gap: BatchRecord = {
    kind: 'gap',
    at_ms: Date.now(),
    boot: victimBoot,
    from_seq: 1,
    to_seq: 100_000,
    from_ms: Date.now() - 60_000,
    to_ms: Date.now(),
    reason: 'spool_full',
  }
  return own({ records: [gap] }, [])
}

interface Own {
  readonly claims?: string
  readonly t0Ms?: number
  readonly devices?: readonly BatchDevice[]
  readonly records?: readonly BatchRecord[]
}

function own(
  { claims = HOSTILE, t0Ms, devices, records = [] }: Own,
  reasons: readonly string[],
): BadMessage {
  const boot = newBoot()
  const list = devices ?? [testDevice(`${HOSTILE}-0`, { node: HOSTILE })]
  const batch = testBatch({
    cluster: CLUSTER,
    collector: claims,
    boot,
    seq: 1,
    t0Ms: Math.floor((t0Ms ?? Date.now()) / 10_000) * 10_000,
    devices: list,
    cells: { busy_ratio: [list.map(() => 1)] },
    records,
    simulated: true,
  })
  const payload = encodeBatch(batch)
  return { subject: subjectOf(HOSTILE), id: messageId(HOSTILE, boot, 1), payload, reasons }
}

/** Small messages that say they are large: a list of 2^32 - 1 entries, as many ticks, 64 MiB of deflated devices. */
function bombs(): BadMessage[] {
  const entries = Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff])
  return [
    sealed(entries),
    refused(withHeader((view) => view.setUint32(TICKS_AT, 0xffffffff, true))),
    refused(withHead(DEVICES_FIELD, deflateRawSync(new Uint8Array(64 << 20), { level: 9 }))),
  ]
}

/** Bytes with a good head and checksum: only a look inside tells. */
function sealed(body: Uint8Array): BadMessage {
  const payload = Buffer.concat([Buffer.from(MAGIC), Buffer.alloc(4), body])
  payload.writeUInt32LE(crc32(body), 4)
  return refused(payload)
}

function refused(payload: Uint8Array): BadMessage {
  const id = messageId(HOSTILE, newBoot(), 1)
  return { subject: subjectOf(HOSTILE), id, payload, reasons: NOT_DECODED }
}

const FLOOD_BATCH = 4000

/** New devices by the thousand, as many as a batch may name; the same ones in every flood. */
function flood(devices: number): BadMessage[] {
  return Array.from({ length: Math.ceil(devices / FLOOD_BATCH) }, (_, part) => {
    const count = Math.min(FLOOD_BATCH, devices - part * FLOOD_BATCH)
    const list = Array.from({ length: count }, (_, n) =>
      testDevice(`${HOSTILE}-${part * FLOOD_BATCH + n}`, { node: `${HOSTILE}-${part}` }),
    )
    return own({ devices: list }, [])
  })
}
