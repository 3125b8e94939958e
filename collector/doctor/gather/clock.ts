import type { TimeSource } from '../../clock.ts'
import type { SourceIo } from '../../source.ts'
import type { ClockFacts } from '../facts.ts'

const LIMITS = { timeoutMs: 2000, maxBytes: 64 << 10 }
/** An HTTP Date is cut to whole seconds: it is on average half a second old, ms. */
const DATE_ROUNDING_MS = 500

/** Asks chrony, then systemd, whether the clock is disciplined; null when neither is here. */
export async function gatherTimeService(io: SourceIo): Promise<ClockFacts['service']> {
  const ask = async (command: string, args: readonly string[]) => {
    if (!(await io.hasCommand(command))) return null
    const { stdout, exitCode, failure } = await io.run(command, args, LIMITS)
    return failure === null && exitCode === 0 ? new TextDecoder().decode(stdout) : null
  }
  const chrony = await ask('chronyc', ['-n', 'tracking'])
  if (chrony !== null) return readChrony(chrony)
  const systemd = await ask('timedatectl', ['show', '-p', 'NTPSynchronized'])
  return systemd === null ? null : readTimedatectl(systemd)
}

/** `System time : 0.000012 seconds fast of NTP time`, `Leap status : Not synchronised`. */
export function readChrony(output: string): NonNullable<ClockFacts['service']> {
  const offset = /^System time\s*:\s*(\d+(?:\.\d+)?) seconds (fast|slow)/m.exec(output)
  const leap = /^Leap status\s*:\s*(.{1,40})$/m.exec(output)?.[1]?.trim()
  const sign = offset?.[2] === 'slow' ? -1 : 1
  return {
    tool: 'chronyc',
    isSynchronized: leap === undefined ? null : leap !== 'Not synchronised',
    offsetMs: offset === null ? null : sign * Number(offset[1]) * 1000,
  }
}

/** `NTPSynchronized=yes`. */
export function readTimedatectl(output: string): NonNullable<ClockFacts['service']> {
  const said = /^NTPSynchronized=(yes|no)$/m.exec(output)?.[1]
  return {
    tool: 'timedatectl',
    isSynchronized: said === undefined ? null : said === 'yes',
    offsetMs: null,
  }
}

/** Asks for the Date header of an address without its body; null without an answer. */
export type AskDate = (origin: string, timeoutMs: number) => Promise<string | null>

/** The Date header of an HTTP server, whatever its status. No redirects, no login. */
export const askDate: AskDate = async (origin, timeoutMs) => {
  try {
    const answer = await fetch(origin, {
      method: 'HEAD',
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    })
    return answer.headers.get('date')
  } catch {
    return null
  }
}

/** This clock against a server's: offset and uncertainty, or null when it says no date. */
export async function gatherPeer(
  address: string,
  { time, ask }: { readonly time: TimeSource; readonly ask: AskDate },
): Promise<ClockFacts['peers'][number] | null> {
  const url = URL.parse(address)
  if (url === null || !/^https?:$/.test(url.protocol)) return null
  const startedMs = time.monotonicMs()
  const said = await ask(`${url.protocol}//${url.host}/`, LIMITS.timeoutMs)
  const halfTripMs = (time.monotonicMs() - startedMs) / 2
  const theirMs = said === null ? Number.NaN : Date.parse(said)
  if (!Number.isFinite(theirMs)) return null
  return {
    name: url.host,
    offsetMs: time.wallMs() - halfTripMs - (theirMs + DATE_ROUNDING_MS),
    uncertaintyMs: halfTripMs + DATE_ROUNDING_MS,
  }
}
