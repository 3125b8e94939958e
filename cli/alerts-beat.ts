import { z } from 'zod'
import { connectBus } from '../ingest/bus/connect.ts'
import { lastWordReader } from '../ingest/bus/last-word.ts'
import type { Role } from '#schemas/role.ts'
import { leaseSubject } from '#schemas/subjects.ts'
import type { Settings } from './settings.ts'

/** Last word only, in the stream of leases: the journal must not grow while nothing happens. */
const NAME = 'alerts-pass'
const SAY_EVERY_MS = 5_000
const LOOK_EVERY_MS = 5_000

const Beat = z.object({
  pass_ms: z.int().min(0).max(8.64e15),
  /** By rule; not told by releases before 0.4. */
  rule_seconds: z.record(z.string().max(64), z.number().min(0)).default({}),
})

type BusSettings = Pick<Settings, 'natsCreds'> & { readonly natsUrl: string }

const connect = ({ natsUrl: url, natsCreds }: BusSettings, name: string) =>
  connectBus({ url, name, ...(natsCreds === undefined ? {} : { credsFile: natsCreds }) })

/** When the evaluator of this process ended its newest evaluation, epoch ms; null = it does not evaluate, or not yet. */
export function passMsOf(alerts: Pick<Role, 'health'> | undefined): number | null {
  const age = alerts?.health().metrics['last_evaluation_age_seconds']
  return age === undefined ? null : Math.round(Date.now() - age * 1000)
}

/** How long the newest evaluation of each rule took in this process, s. */
export function ruleSecondsOf(
  alerts: Pick<Role, 'health'> | undefined,
): ReadonlyMap<string, number> {
  const families = alerts?.health().families ?? []
  const samples = families.find(({ name }) => name === 'alert_rule_evaluation_seconds')?.samples
  return new Map(samples?.map(({ labels, value }) => [labels?.['rule'] ?? '', value]))
}

/** Tells other processes over the bus when `alerts` evaluated last. */
export function beatRole(alerts: Pick<Role, 'health'>, settings: BusSettings): Role {
  let stop = async () => {}
  return {
    name: 'alerts beat',
    async start() {
      const connection = await connect(settings, 'plimsoll alerts beat')
      const timer = setInterval(() => {
        const pass_ms = passMsOf(alerts)
        if (pass_ms !== null && !connection.isClosed())
          connection.publish(
            leaseSubject(NAME),
            JSON.stringify({
              pass_ms,
              rule_seconds: Object.fromEntries(ruleSecondsOf(alerts)),
            }),
          )
      }, SAY_EVERY_MS)
      stop = () => {
        clearInterval(timer)
        return connection.close()
      }
    },
    stop: () => stop(),
    health: () => ({ state: 'ok', detail: '', metrics: {} }),
  }
}

/** What another process's evaluator said last; asked in the background, never waits. */
export async function openBeat(settings: BusSettings): Promise<{
  readonly lastPassMs: () => number | null
  readonly ruleSeconds: () => ReadonlyMap<string, number>
  readonly close: () => Promise<void>
}> {
  const connection = await connect(settings, 'plimsoll query beat')
  const read = await lastWordReader(connection, NAME)
  let passMs: number | null = null
  let seconds: ReadonlyMap<string, number> = new Map()
  const look = async () => {
    const text = await read()
    if (text === null) return
    const said = Beat.safeParse(JSON.parse(text))
    if (!said.success) return
    passMs = said.data.pass_ms
    seconds = new Map(Object.entries(said.data.rule_seconds))
  }
  // What cannot be read is old by itself: nothing is claimed that was not said.
  const lookQuietly = () => void look().catch(() => undefined)
  lookQuietly()
  const timer = setInterval(lookQuietly, LOOK_EVERY_MS)
  return {
    lastPassMs: () => passMs,
    ruleSeconds: () => seconds,
    close() {
      clearInterval(timer)
      return connection.close()
    },
  }
}
