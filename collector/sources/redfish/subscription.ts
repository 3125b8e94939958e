import type { Unread } from '#schemas/reading.ts'
import type { Answer, Client } from './client.ts'
import { children, type Json, linkOf, word } from './json.ts'

/** A subscription is looked at this often, and tried again this long after it failed, ms. */
const CHECK_MS = 600_000
const RETRY_MS = 300_000
/** Subscriptions of others that are looked through for left-overs of ours; devices hold 8 to 20. */
const OTHERS = 32

export interface SubscriptionDeps {
  readonly client: Client
  /** URL under which the device reaches us. */
  readonly destination: string
  /** What its events must carry to be believed; nobody else knows it. */
  readonly token: string
  readonly nowMs: () => number
}

/** Our subscription to the events of one device. */
export interface Subscription {
  /** Makes, renews or checks it when that is due; null = nothing to do now. */
  chore(eventService: string | null): (() => Promise<Answer>) | null
  /** Ends it, so that the device does not keep sending. */
  close(): Promise<void>
}

export function createSubscription(deps: SubscriptionDeps): Subscription {
  let own: string | null = null
  let dueMs = 0
  return {
    chore(eventService) {
      if (eventService === null || deps.nowMs() < dueMs) return null
      return async () => {
        dueMs = deps.nowMs() + RETRY_MS
        const result = own === null ? await subscribe(deps, eventService) : await check(deps, own)
        own = result.own
        if (own !== null) dueMs = deps.nowMs() + CHECK_MS
        else if (result.answer.kind === 'json') dueMs = 0
        return result.answer
      }
    },
    async close() {
      const path = own
      own = null
      if (path !== null) await deps.client.remove(path)
    },
  }
}

interface Result {
  readonly own: string | null
  readonly answer: Answer
}

async function check({ client }: SubscriptionDeps, own: string): Promise<Result> {
  const answer = await client.get(own)
  // A device that was reset has forgotten it: the next chore makes another.
  if (answer.kind === 'gone') return { own: null, answer: NOTHING }
  return { own, answer }
}

const NOTHING: Answer = { kind: 'json', value: {}, location: null }

const NO_SUBSCRIPTION: Unread = {
  reason: 'no_subscription',
  detail:
    'The device takes no subscription to its events; what it would send is read instead. See whether its event service is on and has room.',
}

async function subscribe(deps: SubscriptionDeps, eventService: string): Promise<Result> {
  const { client } = deps
  const service = await client.get(eventService)
  if (service.kind !== 'json') return { own: null, answer: service }
  const list = client.ownPath(linkOf(service.value, 'Subscriptions'))
  if (list === null) return { own: null, answer: { kind: 'refused', why: NO_SUBSCRIPTION } }
  await removeLeftOvers(deps, list)
  let last: Answer = NOTHING
  for (const body of bodies(deps)) {
    last = await client.post(list, body)
    if (last.kind === 'down') return { own: null, answer: last }
    if (last.kind !== 'json') continue
    const place = last.location ?? word(last.value, '@odata.id')
    const own = client.ownPath(place)
    if (own !== null) return { own, answer: last }
  }
  return { own: null, answer: { kind: 'refused', why: NO_SUBSCRIPTION } }
}

/** What a process before this one left: devices have room for few, and its token is not known any more. */
async function removeLeftOvers(
  { client, destination }: SubscriptionDeps,
  list: string,
): Promise<void> {
  const answer = await client.get(list)
  if (answer.kind !== 'json') return
  for (const member of children(answer.value, 'Members').slice(0, OTHERS)) {
    const path = client.ownPath(word(member, '@odata.id'))
    if (path === null) continue
    const one = await client.get(path)
    if (one.kind === 'down') return
    if (one.kind === 'json' && word(one.value, 'Destination') === destination)
      await client.remove(path)
  }
}

/** The form of the specification since 1.6, and the older one. */
function bodies({ destination, token }: SubscriptionDeps): Json[] {
  const base = { Destination: destination, Context: token, Protocol: 'Redfish' }
  return [
    { ...base, SubscriptionType: 'RedfishEvent', EventFormatType: 'Event' },
    { ...base, EventTypes: ['Alert', 'StatusChange'] },
  ]
}
