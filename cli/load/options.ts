import { join } from 'node:path'
import { PlimsollError } from '#schemas/errors.ts'
import { ID_PATTERN } from '#schemas/subjects.ts'
import { durationMs, INTERVAL_SECONDS } from '../../collector/config.ts'
import { type Invocation, wholeNumber } from '../command.ts'
import { readSettings } from '../settings.ts'
import { defaultCollectors, type LoadShape, NODE_DEVICES } from './layout.ts'

/** What `plimsoll load` was asked for. */
export interface LoadOptions {
  readonly shape: LoadShape
  readonly intervalMs: number
  readonly durationMs: number
  readonly nats: { readonly url: string; readonly credsFile?: string }
  /** Where spools live while the load runs. */
  readonly directory: string
  /** Go on although the bus holds real data, or does not say. */
  readonly isForced: boolean
  readonly isJson: boolean
}

/** More in one process than one process can send; the others in a second one, under another --as-cluster. */
const DEVICES_MAX = 100_000
const COLLECTORS_MAX = 256
const DURATION_MAX_MS = 7 * 86_400_000
const CLUSTER_PREFIX = 'load'

/** Reads and checks the command line. Throws E_USAGE with what is allowed. */
export function loadOptions(invocation: Invocation): LoadOptions {
  const settings = readSettings(invocation)
  if (settings.natsUrl === undefined)
    throw usage(
      'a load goes through a bus: --nats nats://host:4222 (or NATS_URL). For one machine: nats-server -js, then plimsoll migrate, ingest and load, each with --nats nats://127.0.0.1:4222',
    )
  const devices = wholeNumber(invocation, 'devices', { min: 1, max: DEVICES_MAX }) ?? 5000
  const collectors =
    wholeNumber(invocation, 'collectors', { min: 1, max: COLLECTORS_MAX }) ??
    defaultCollectors(devices)
  const nodes = Math.ceil(devices / NODE_DEVICES)
  if (collectors > nodes)
    throw usage(`--collectors ${collectors}: ${devices} devices are only ${nodes} nodes`)
  return {
    shape: {
      devices,
      collectors,
      cluster: clusterOf(invocation.option('as-cluster') ?? CLUSTER_PREFIX),
      seed: wholeNumber(invocation, 'seed', { min: 0, max: 2 ** 31 - 1 }) ?? 1,
    },
    intervalMs: intervalOf(invocation.option('interval') ?? '10s'),
    durationMs: durationOf(invocation.option('duration') ?? '60s'),
    nats: {
      url: settings.natsUrl,
      ...(settings.natsCreds === undefined ? {} : { credsFile: settings.natsCreds }),
    },
    directory: join(settings.dataDir, 'load'),
    isForced: invocation.flag('yes'),
    isJson: invocation.flag('json'),
  }
}

/** A real cluster never has this name, so that every question can leave the load out. */
function clusterOf(name: string): string {
  // Collectors are named after it, with a number behind.
  if (ID_PATTERN.test(name) && name.startsWith(CLUSTER_PREFIX) && name.length <= 56) return name
  throw usage(
    `--as-cluster ${JSON.stringify(name)}: the cluster of a load begins with "load" and has at most 56 letters, digits, _ and -`,
  )
}

function intervalOf(text: string): number {
  const ms = timeOf(text)
  if (ms !== null && INTERVAL_SECONDS.some((seconds) => seconds * 1000 === ms)) return ms
  const allowed = INTERVAL_SECONDS.map((seconds) => `${seconds}s`).join(', ')
  throw usage(`--interval ${text}: an interval divides a minute: ${allowed}`)
}

function durationOf(text: string): number {
  const ms = timeOf(text)
  if (ms !== null && ms >= 1000 && ms <= DURATION_MAX_MS) return ms
  throw usage(`--duration ${text}: a time from 1s to 168h, such as 90s, 10m or 2h`)
}

/** `10s`, `5m`, or a number of seconds. */
const timeOf = (text: string) => durationMs(/^\d+$/.test(text) ? `${text}s` : text)

const usage = (message: string) => new PlimsollError('E_USAGE', message)
