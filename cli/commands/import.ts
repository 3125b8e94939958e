import { randomUUID } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { PlimsollError } from '#schemas/errors.ts'
import { expandHostlist } from '../../collector/targets/hostlist.ts'
import { type Invocation, wholeNumber } from '../command.ts'
import { classFinder, readClassMap } from '../import/class-map.ts'
import { facilityRemarks } from '../import/facility-remarks.ts'
import { type FileImport, isFileKind, planFile } from '../import/files.ts'
import { inventoryRemarks } from '../import/inventory-remarks.ts'
import type { ImportPlan } from '../import/plan.ts'
import { sendBodies } from '../import/send.ts'
import { NO_MAP, readDeviceMap } from '../import/slurm/device-map.ts'
import { planSlurm, SLURM_FORMATS, type SlurmFormat } from '../import/slurm/import.ts'
import { holdState } from '../import/slurm/state-file.ts'
import { createProgress } from '../progress.ts'
import { DEFAULT_SERVER } from '../server-request.ts'

/** A string of this size is still one string in V8; controllers print tens of MB. */
const FILE_BYTES_MAX = 400 << 20
/** Shorter work needs no progress. */
const PROGRESS_AFTER_MS = 2000

/** `plimsoll import WHAT FILE`: 0 = all was taken, 1 = some rows were refused and the others were taken. */
export async function run(invocation: Invocation): Promise<number> {
  const [what, file, surplus] = invocation.positionals
  const history = historyOf(what, invocation.option('dataset'))
  if (history !== null) return (await history()).run(invocation)
  if (what === undefined || !isFileKind(what))
    throw usage(
      'import inventory, allocations, contracts, costs, facility, owners, prices, references, states, samples or prometheus',
    )
  if (surplus !== undefined) throw usage(`import ${what} one FILE at a time`)
  if (file === undefined) throw usage(`import ${what} FILE, or - for standard input`)
  const format = slurmFormat(invocation)
  if (format !== null && what !== 'allocations')
    throw usage(`--format ${format} with import allocations only`)
  const plan =
    format === null
      ? await carryOut(invocation, planFile(await fileImport(invocation, what, file)))
      : await importSlurm(invocation, format, file)
  return plan.problems.refused === 0 ? 0 : 1
}

/** What brings history into the store itself instead of entries into the journal; null for the others. */
function historyOf(what: string | undefined, dataset: string | undefined) {
  if (what === 'samples') return () => import('../import/samples.ts')
  if (what === 'prometheus') return () => import('../import/prometheus.ts')
  if (what === 'allocations' && dataset !== undefined) return () => import('../import/counts.ts')
  return null
}

const usage = (what: string) =>
  new PlimsollError('E_USAGE', `give ${what}; plimsoll import --help shows how`)

function slurmFormat(invocation: Invocation): SlurmFormat | null {
  const given = invocation.option('format')
  return SLURM_FORMATS.find((format) => format === given) ?? null
}

async function fileImport(
  invocation: Invocation,
  kind: FileImport['kind'],
  file: string,
): Promise<FileImport> {
  return {
    kind,
    file: file === '-' ? 'standard input' : basename(file),
    text: await readInput(file),
    format: invocation.option('format'),
    pattern: invocation.option('pattern'),
    timeZone: timeZoneOf(invocation) ?? 'UTC',
    shared: invocation.flag('shared'),
    importId: randomUUID(),
  }
}

async function importSlurm(
  invocation: Invocation,
  format: SlurmFormat,
  file: string,
): Promise<ImportPlan> {
  const cluster = invocation.option('cluster') ?? ''
  const statePath = invocation.option('state')
  if (statePath !== undefined && cluster === '')
    throw usage('--cluster NAME with --state: the name under which collectors report its nodes')
  const [started, ended] = [invocation.flag('job-started'), invocation.flag('job-ended')]
  if ((started && ended) || ((started || ended) && format === 'sacct'))
    throw usage('one of --job-started and --job-ended, with scontrol or squeue-json')
  const nodes = invocation.option('nodes')
  const classes = invocation.option('class-from')
  const map = invocation.option('device-map')
  const given = {
    format,
    text: await readInput(file),
    coverage: started ? 'job-started' : ended ? 'job-ended' : 'all',
    nodes: nodes === undefined || nodes === '*' ? [] : expandHostlist(nodes),
    options: {
      cluster,
      accelerators: new Set((invocation.option('gres') ?? 'gpu,npu').split(',')),
      devicesPerNode: wholeNumber(invocation, 'devices-per-node', { min: 1, max: 1024 }) ?? null,
      timeZone: timeZoneOf(invocation),
      deviceOf: map === undefined ? NO_MAP : readDeviceMap(await readInput(map), basename(map)),
      classOf: classFinder(
        classes === undefined ? {} : readClassMap(await readInput(classes), basename(classes)),
      ),
    },
    importId: randomUUID(),
  } as const
  if (statePath === undefined)
    return carryOut(invocation, planSlurm({ ...given, state: null, nowMs: Date.now() }))
  const held = await holdState(statePath)
  try {
    const plan = planSlurm({ ...given, state: held.state, nowMs: Date.now() })
    await carryOut(invocation, plan)
    if (plan.state !== null && !invocation.flag('dry-run')) await held.save(plan.state)
    return plan
  } finally {
    await held.release()
  }
}

/** An IANA zone, or null where none is given; E_USAGE for a zone that does not exist. */
function timeZoneOf(invocation: Invocation): string | null {
  const zone = invocation.option('timezone') ?? invocation.env['PLIMSOLL_TIMEZONE'] ?? ''
  if (zone === '') return null
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone
  } catch (cause) {
    throw new PlimsollError('E_USAGE', `--timezone ${zone}: an IANA zone such as Asia/Shanghai`, {
      cause,
    })
  }
}

async function readInput(file: string): Promise<string> {
  if (file === '-') return textOf(process.stdin)
  try {
    const { size } = await stat(file)
    if (size > FILE_BYTES_MAX)
      throw new PlimsollError(
        'E_IMPORT_INVALID',
        `${file} has ${size} bytes, at most ${FILE_BYTES_MAX} are read; divide it`,
      )
    return await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof PlimsollError) throw error
    throw new PlimsollError('E_USAGE', `${file} cannot be read`, { cause: error })
  }
}

/** Prints the summary and, unless --dry-run, writes the bodies into the journal of the server. */
async function carryOut<Plan extends ImportPlan>(
  invocation: Invocation,
  plan: Plan,
): Promise<Plan> {
  for (const line of summaryLines(plan)) invocation.print(line)
  const server = invocation.option('server') ?? DEFAULT_SERVER
  const token = invocation.env['PLIMSOLL_TOKEN']
  const asked = { server, token, nowMs: Date.now() }
  for (const line of await facilityRemarks(plan.bodies, asked)) invocation.print(line)
  if (invocation.flag('dry-run')) {
    const remarks = await inventoryRemarks(plan.bodies, asked)
    for (const line of remarks) invocation.print(line)
    invocation.print('dry run: nothing was written')
    return plan
  }
  if (plan.bodies.length === 0) {
    invocation.print('nothing to write')
    return plan
  }
  const startMs = Date.now()
  const progress = createProgress('writing', process.stderr, Date.now)
  let drawn = false
  const last = await sendBodies(plan.bodies, {
    server,
    token,
    onPart(share) {
      if (Date.now() - startMs < PROGRESS_AFTER_MS) return
      drawn = true
      progress.update(share)
    },
  })
  if (drawn) progress.done()
  invocation.print(`written; the journal stands at ${last}`)
  return plan
}

/** The table that a person sees, and the first problems. */
export function summaryLines({ summary, problems, bodies }: ImportPlan): string[] {
  const rows: ImportPlan['summary'] = [
    ...summary,
    ['entries of the journal', bodies.length],
    ['refused', problems.refused],
    ['noted', problems.noted],
  ]
  const width = Math.max(...rows.map(([what]) => what.length))
  const lines = rows.map(([what, count]) => `  ${what.padEnd(width)}  ${count}`)
  for (const { where, message } of problems.examples) lines.push(`  ${where}: ${message}`)
  const more = problems.refused + problems.noted - problems.examples.length
  if (more > 0) lines.push(`  and ${more} more`)
  return lines
}
