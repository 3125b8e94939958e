import { setTimeout as sleep } from 'node:timers/promises'
import {
  type BadMessage,
  collectorOf,
  falseGap,
  hostileMessages,
  poisoned,
} from './bad-messages.ts'
import { type Broker, connectAs, sendAs, subjectOf } from './broker.ts'
import type { RunLog } from './actions.ts'
import { CLUSTER, HOSTILE } from './fleet.ts'
import { readJournal } from './journal.ts'
import type { PlannedFault } from './plan.ts'
import { shuffled, seededRandom } from './random.ts'
import type { Site } from './site.ts'

/** Bad messages that the log acknowledged, and what must never be seen anywhere. */
export interface BadLog {
  readonly acknowledged: { readonly message: BadMessage; readonly atMs: number }[]
  /** Ids that the permissions of the server keep out. */
  readonly forbidden: Set<string>
  /** `collector boot` of the damaged messages: a sequence of them may be passed over. */
  readonly inventedBoots: Set<string>
  sent: number
}

export const newBadLog = (): BadLog => ({
  acknowledged: [],
  forbidden: new Set(),
  inventedBoots: new Set(),
  sent: 0,
})

const CONNECT_MS = 10_000
const API_SUBJECTS = ['STREAM.PURGE.PLIMSOLL_TELEMETRY_V1', 'STREAM.DELETE.PLIMSOLL_TELEMETRY_V1']

/** One damaged message among good ones, which were sent before. */
export async function sendPoison(
  broker: Broker,
  { variant, seed }: PlannedFault,
  bad: BadLog,
): Promise<string> {
  const good = shuffled(seededRandom(seed), broker.copies().slice(-50)).slice(0, 3)
  const [first, second = first, third = first] = good
  if (first === undefined || second === undefined || third === undefined) return 'nothing to damage'
  const other = broker.copies().findLast((copy) => collectorOf(copy) !== collectorOf(second))
  const message = poisoned(second, other ?? third, variant, seed)
  bad.inventedBoots.add(bootName(message))
  const isTaken = await remember(bad, [message], (messages) =>
    broker.send([first, ...messages, third]),
  )
  return isTaken ? '' : 'the server was away'
}

const bootName = ({ id }: BadMessage) => id.split(':').slice(0, 2).join(' ')

/** What a hostile collector does with its own login. */
export async function attack(
  site: Site,
  { variant, seed }: PlannedFault,
  { bad, floodDevices }: RunLog,
): Promise<string> {
  const connection = await Promise.race([
    connectAs(site.busPort, HOSTILE),
    sleep(CONNECT_MS, null, { ref: false }),
  ])
  if (connection === null) return 'the server was away'
  try {
    const victim = [...readJournal(site.journalOf('c1')).values()].at(-1)
    if (variant === 'false watermark') {
      const lie = JSON.stringify({ boot: victim?.boot ?? '', seq: 1_000_000 })
      connection.publish(`watermark.v1.${CLUSTER}.c1`, lie)
      await connection.flush()
      return ''
    }
    if (variant === 'stream api') {
      for (const subject of API_SUBJECTS) connection.publish(`$JS.API.${subject}`, '{}')
      await connection.flush()
      return ''
    }
    const messages = messagesOf(variant, seed, { floodDevices, boot: victim?.boot ?? '' })
    if (variant === 'foreign subject') for (const { id } of messages) bad.forbidden.add(id)
    const isTaken = await remember(bad, messages, (all) => sendAs(connection, all))
    if (variant === 'foreign subject' && isTaken) return 'THE SERVER TOOK IT'
    return isTaken || variant === 'foreign subject' ? '' : 'the server was away'
  } finally {
    await connection.close()
  }
}

function messagesOf(
  variant: string,
  seed: number,
  { floodDevices, boot }: { floodDevices: number; boot: string },
): BadMessage[] {
  if (variant === 'false gap') return boot === '' ? [] : [falseGap(boot)]
  if (variant === 'foreign subject')
    return hostileMessages('foreign body', seed, 0).map((message) => ({
      ...message,
      subject: subjectOf('c1'),
    }))
  return hostileMessages(variant, seed, floodDevices)
}

/** Sends and remembers what the log has; false when it took none of them. */
async function remember(
  bad: BadLog,
  messages: readonly BadMessage[],
  send: (messages: readonly BadMessage[]) => Promise<readonly { readonly id: string }[]>,
): Promise<boolean> {
  bad.sent += messages.length
  const taken = new Set((await send(messages)).map(({ id }) => id))
  const acknowledged = messages.filter(({ id }) => taken.has(id))
  for (const message of acknowledged) bad.acknowledged.push({ message, atMs: Date.now() })
  return acknowledged.length > 0
}
