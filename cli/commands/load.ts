import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '#schemas/role.ts'
import { systemTime } from '../../collector/clock.ts'
import { connectBus } from '../../ingest/bus/connect.ts'
import { type NatsPublisher, openNatsPublisher } from '../../ingest/bus/publisher.ts'
import type { Invocation } from '../command.ts'
import { lookForRealData, refuseRealData } from '../load/bus-check.ts'
import { fairTime } from '../load/fair-time.ts'
import { createLoadFleet } from '../load/fleet.ts'
import { type LoadOptions, loadOptions } from '../load/options.ts'
import { makeReport, progressLine, reportLines } from '../load/report.ts'
import { type LoadRun, runLoad } from '../load/run.ts'
import { createLogger } from '../log.ts'

/** A line every so many seconds where no terminal is watching. */
const QUIET_SECONDS = 10

export async function run(invocation: Invocation): Promise<number> {
  const options = loadOptions(invocation)
  const log = problemsOnly(createLogger((line) => console.error(line), Date.now, 'load'))
  if (!options.isForced) await checkBus(options)
  await mkdir(options.directory, { recursive: true })
  const directory = await mkdtemp(join(options.directory, `${options.shape.cluster}-`))
  const publishers: NatsPublisher[] = []
  const fleet = createLoadFleet({
    shape: options.shape,
    intervalMs: options.intervalMs,
    directory,
    logger: log,
    time: fairTime(systemTime),
    random: randomBytes,
    openPublisher(cluster, collector) {
      const publisher = openNatsPublisher({
        connect: options.nats,
        cluster,
        collector,
        logger: log,
      })
      publishers.push(publisher)
      return publisher
    },
  })
  // The collector's timers do not keep a process alive, and its sockets open only in a moment.
  const staysAlive = setInterval(() => undefined, 60_000)
  let isDelivered = false
  try {
    const result = await runLoad({
      fleet,
      durationMs: options.durationMs,
      time: systemTime,
      signals: process,
      use: () => ({ cpuMs: cpuMs(), rssBytes: process.memoryUsage.rss() }),
      onSecond: progress(),
    })
    isDelivered = print(invocation, { options, result, directory })
    return isDelivered || result.signal !== null ? 0 : 1
  } finally {
    clearInterval(staysAlive)
    await Promise.all(publishers.map((publisher) => publisher.close()))
    if (isDelivered) await rm(directory, { recursive: true, force: true })
  }
}

async function checkBus({ nats }: LoadOptions): Promise<void> {
  const connection = await connectBus({ ...nats, name: 'plimsoll load' })
  try {
    refuseRealData(await lookForRealData(connection))
  } finally {
    await connection.close()
  }
}

function progress() {
  const out = process.stderr
  let second = 0
  return (...[now, before]: Parameters<typeof progressLine>) => {
    second++
    const line = progressLine(now, before)
    if (out.isTTY) out.write(`\r\x1b[K${line}`)
    else if (second % QUIET_SECONDS === 0) out.write(`${line}\n`)
  }
}

/** Prints the outcome; true when the bus has everything, so that the spools are not needed any more. */
function print(
  invocation: Invocation,
  ended: { options: LoadOptions; result: LoadRun; directory: string },
): boolean {
  const { options, result, directory } = ended
  const report = makeReport({ ...options, ...result })
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  if (options.isJson) invocation.print(JSON.stringify(report))
  else for (const line of reportLines(report, directory)) invocation.print(line)
  return report.unpublished === 0
}

const cpuMs = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** Collectors say much at their start; of many of them only what is wrong is worth a line. */
const problemsOnly = (log: Logger): Logger => ({ ...log, info: () => undefined })
