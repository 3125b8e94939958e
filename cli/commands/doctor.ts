import { randomBytes } from 'node:crypto'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { systemTime } from '../../collector/clock.ts'
import { defaultConfig } from '../../collector/config.ts'
import { type BundleInput, supportFile } from '../../collector/doctor/bundle/bundle.ts'
import { examine } from '../../collector/doctor/examine.ts'
import type { ConfigFacts, Facts, Inventory } from '../../collector/doctor/facts.ts'
import { exitCodeOf, type Finding } from '../../collector/doctor/finding.ts'
import { gather, type Gathering } from '../../collector/doctor/gather/gather.ts'
import { createRecorder } from '../../collector/doctor/gather/recording-io.ts'
import { loadInventory } from '../../collector/doctor/inventory.ts'
import { type Language, renderReport, reportJson } from '../../collector/doctor/report.ts'
import { createHost } from '../../collector/host.ts'
import { loadSources } from '../../collector/sources.ts'
import { PlimsollError } from '#schemas/errors.ts'
import { collectorConfig } from '../collector-config.ts'
import { type Invocation, wholeNumber } from '../command.ts'
import { askBus, busAddress } from '../doctor-bus.ts'
import { askTree } from '../doctor-tree.ts'
import { readSettings, type Settings } from '../settings.ts'

const TIMEOUT_S = 10
const WATCH_S = 3
const REFRESH_S = 30
/** Work that takes longer says what it waits for, ms. */
const QUIET_MS = 2000
const TICK_MS = 500
const LINE_EVERY_MS = 5000
const HEALTH_MS = 2000
const CONFIG_BYTES = 16 << 20

/** 0 = no problem, 1 = at least one (with --strict also a warning), 2 = the command line. */
export async function run(invocation: Invocation): Promise<number> {
  const asked = await readOptions(invocation)
  const settings = readSettings(invocation)
  const startedMs = performance.now()
  const recorder = createRecorder()
  const io = createHost(process.env)
  try {
    const config = await configFacts(invocation, settings)
    const connect = busAddress(settings, config.used)
    const server = invocation.option('server')
    const gathering = gather({
      io,
      time: systemTime,
      recorder,
      environment: invocation.env,
      version: await ownVersion(),
      sources: await loadSources(),
      config,
      inventory: asked.inventory,
      askBus: connect === null ? null : (timeoutMs) => askBus(connect, timeoutMs),
      askTree:
        server === undefined ? null : () => askTree(server, invocation.env['PLIMSOLL_TOKEN']),
      totalMs: asked.totalMs,
      watchMs: asked.watchMs,
      refreshMs: asked.refreshMs,
    })
    const facts = await withProgress(gathering)
    const findings = examine(facts)
    const result = { facts, findings, tookMs: performance.now() - startedMs }
    report(invocation, asked, result)
    if (asked.bundle !== undefined)
      await writeBundle(asked.bundle, {
        ...result,
        language: asked.language,
        outputs: recorder.outputs,
        outputsDropped: recorder.dropped(),
        configText: await configText(config.file),
        health: await askHealth(invocation),
        environment: invocation.env,
        addresses: [
          ...invocation.options('target'),
          ...invocation.options('targets-from'),
          ...(connect === null ? [] : [connect.url]),
        ],
        hostName: hostname(),
        keepNames: invocation.flag('keep-names'),
        salt: randomBytes(32),
      })
    return exitCodeOf(findings, asked.strict)
  } finally {
    io.stop()
  }
}

interface Asked {
  readonly language: Language
  readonly strict: boolean
  readonly watchMs: number
  readonly refreshMs: number
  readonly totalMs: number
  readonly inventory: Inventory | null
  readonly bundle: string | undefined
}

async function readOptions(invocation: Invocation): Promise<Asked> {
  const language = invocation.option('lang') ?? 'en'
  if (language !== 'en' && language !== 'zh')
    throw new PlimsollError('E_USAGE', `--lang ${language}: give en or zh`)
  const watch = wholeNumber(invocation, 'watch', { min: 0, max: 600 })
  const refresh = wholeNumber(invocation, 'refresh', { min: 1, max: 600 }) ?? REFRESH_S
  const timeout = wholeNumber(invocation, 'timeout', { min: 2, max: 600 }) ?? TIMEOUT_S
  const total = wholeNumber(invocation, 'expect', { min: 0, max: 1_000_000 }) ?? null
  const file = invocation.option('inventory')
  const listed = file === undefined ? null : await loadInventory(file)
  return {
    language,
    strict: invocation.flag('strict'),
    // What the person asks to be watched comes on top of the time for everything else.
    watchMs: (watch ?? Math.min(WATCH_S, timeout / 3)) * 1000,
    totalMs: (timeout + (watch ?? 0)) * 1000,
    refreshMs: refresh * 1000,
    inventory:
      listed === null && total === null
        ? null
        : { from: listed?.from ?? '--expect', total, nodes: listed?.nodes ?? new Map() },
    bundle: invocation.option('bundle'),
  }
}

/** The configuration, or why there is none; a bad file does not stop the other checks. */
async function configFacts(invocation: Invocation, settings: Settings): Promise<ConfigFacts> {
  const named = invocation.option('config') ?? invocation.env['PLIMSOLL_CONFIG']
  const file = named === undefined || named === '' ? null : named
  try {
    return { file, problem: null, used: await collectorConfig(invocation, settings.dataDir) }
  } catch (error) {
    if (!(error instanceof PlimsollError) || error.code === 'E_USAGE') throw error
    const { code, message } = error
    const spoolDirectory = join(settings.dataDir, 'spool')
    const used = defaultConfig({ host: hostname(), spoolDirectory })
    return { file, problem: { code, message }, used }
  }
}

async function ownVersion(): Promise<string> {
  const manifest = join(import.meta.dirname, '..', '..', 'package.json')
  const found = /"version":\s*"([^"]+)"/.exec(await readFile(manifest, 'utf8'))
  return found?.[1] ?? 'unknown'
}

/** Says on stderr what is being waited for, once it takes longer than two seconds. */
async function withProgress({ facts, waitingFor }: Gathering): Promise<Facts> {
  const startedMs = performance.now()
  const { stderr } = process
  let saidMs = -Infinity
  const timer = setInterval(() => {
    const passedMs = performance.now() - startedMs
    if (passedMs < QUIET_MS) return
    const words = `${Math.round(passedMs / 1000)} s: ${waitingFor().slice(0, 4).join('; ')}`
    if (stderr.isTTY) stderr.write(`\r\u001B[2K${words.slice(0, (stderr.columns ?? 80) - 1)}`)
    else if (passedMs - saidMs >= LINE_EVERY_MS) {
      saidMs = passedMs
      stderr.write(`${words}\n`)
    }
  }, TICK_MS)
  try {
    return await facts
  } finally {
    clearInterval(timer)
    if (stderr.isTTY) stderr.write('\r\u001B[2K')
  }
}

function report(
  invocation: Invocation,
  { language, strict }: Asked,
  { facts, findings, tookMs }: { facts: Facts; findings: readonly Finding[]; tookMs: number },
): void {
  const isColoured = process.stdout.isTTY && (invocation.env['NO_COLOR'] ?? '') === ''
  invocation.print(
    invocation.flag('json')
      ? JSON.stringify(reportJson(facts, findings, { language, strict, tookMs }), null, 2)
      : renderReport(findings, { language, isColoured, tookMs }),
  )
}

async function configText(file: string | null): Promise<string | null> {
  if (file === null) return null
  try {
    return (await stat(file)).size > CONFIG_BYTES ? null : await readFile(file, 'utf8')
  } catch {
    // That it cannot be read is a finding already.
    return null
  }
}

/** The last health lines of a server on this machine, as its API tells them. */
async function askHealth(invocation: Invocation): Promise<unknown> {
  const port = invocation.env['PLIMSOLL_PORT'] ?? '8440'
  const base = invocation.option('server') ?? `http://127.0.0.1:${port}`
  const token = invocation.env['PLIMSOLL_TOKEN']
  const headers: Record<string, string> =
    token === undefined ? {} : { authorization: `Bearer ${token}` }
  try {
    const url = new URL('/api/v1/collection?limit=500', base)
    const answer = await fetch(url, { headers, signal: AbortSignal.timeout(HEALTH_MS) })
    const body: unknown = await answer.json()
    return body
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { not_included: `no answer of a server: ${why}` }
  }
}

async function writeBundle(file: string, input: BundleInput): Promise<void> {
  const bytes = supportFile(input)
  try {
    await writeFile(file, bytes, { mode: 0o600 })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new PlimsollError('E_USAGE', `--bundle ${file} cannot be written: ${why}`, { cause })
  }
  const names = input.keepNames ? 'with host names' : 'without secrets and names'
  console.error(`support file: ${file} (${Math.ceil(bytes.length / 1024)} kB, ${names})`)
}
