import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ReportIssued, ReportsAnswer } from '#schemas/api-reports.ts'
import { PlimsollError } from '#schemas/errors.ts'
import { REPORT_FORMATS, ReportFormatName, ReportLanguage } from '#schemas/report/format.ts'
import { type Invocation, wholeNumber } from '../command.ts'
import { sendReport } from '../report-send.ts'
import { askServer, DEFAULT_SERVER, jsonOf } from '../server-request.ts'

/** A month of a large site takes this long to put together on a loaded machine; longer no answer is waited for by fetch. */
const TIMEOUT_MS = 300_000

/** `plimsoll report`: writes a report's files, issues or sends one, or lists what was issued. */
export async function run(invocation: Invocation): Promise<number> {
  const base = invocation.option('server') ?? DEFAULT_SERVER
  const ask = (path: string, method = 'GET', body?: unknown) =>
    askServer(new URL(`/api/v1/reports${path}`, base), {
      token: invocation.env['PLIMSOLL_TOKEN'],
      method,
      timeoutMs: TIMEOUT_MS,
      ...(body === undefined ? {} : { body }),
    })
  if (invocation.flag('archive')) return list(invocation, await ask(''))
  const week = encodeURIComponent(invocation.option('week') ?? 'latest')
  if (invocation.flag('issue')) {
    const issued = ReportIssued.parse(await jsonOf(await ask(`/${week}`, 'POST')))
    const news = issued.is_new ? 'issued' : 'stands as issued before, nothing changed enough'
    invocation.print(`${issued.week} revision ${issued.revision} ${news}`)
  }
  const lang = languageOf(invocation)
  const formats = formatsOf(invocation)
  const folder = invocation.option('out') ?? '.'
  if (formats.length > 0) await mkdir(folder, { recursive: true })
  for (const format of formats) {
    const revision = invocation.option('revision')
    const query = new URLSearchParams({
      format,
      lang,
      ...(revision === undefined ? {} : { revision }),
    })
    const answer = await ask(`/${week}?${query.toString()}`)
    // Its refusal is JSON and says why.
    if (!answer.ok) await jsonOf(answer)
    const path = join(folder, nameOf(answer, format))
    await writeFile(path, Buffer.from(await answer.arrayBuffer()))
    invocation.print(path)
  }
  if (!invocation.flag('send')) return 0
  const print = (line: string) => invocation.print(line)
  return sendReport(week, askedOf(invocation), { ask, print, clock: Date.now, sleep })
}

/** What --recipients, --revision and --again say. */
function askedOf(invocation: Invocation) {
  const to = invocation.option('recipients')
  const revision = wholeNumber(invocation, 'revision', { min: 1, max: 1000 })
  return {
    again: invocation.flag('again'),
    ...(to === undefined ? {} : { recipients: to.split(',').map((one) => one.trim()) }),
    ...(revision === undefined ? {} : { revision }),
  }
}

/** The server's name for the file, without anything that could lead out of the folder. */
function nameOf(answer: Response, format: string): string {
  const told = answer.headers.get('content-disposition') ?? ''
  const name = /filename="([0-9A-Za-z][0-9A-Za-z._-]{0,120})"/.exec(told)?.[1]
  return name ?? `plimsoll-report.${format}`
}

/** Formats by comma; `all` = what this release writes. With --issue and --send none is the default. */
function formatsOf(invocation: Invocation): readonly ReportFormatName[] {
  const given =
    invocation.option('format') ??
    (invocation.flag('issue') || invocation.flag('send') ? '' : 'json')
  return given
    .split(',')
    .filter((name) => name !== '')
    .map((name) => {
      const format = ReportFormatName.safeParse(name.trim())
      if (format.success) return format.data
      throw new PlimsollError('E_USAGE', `--format ${name}: give ${REPORT_FORMATS.join(', ')}`)
    })
}

function languageOf(invocation: Invocation): ReportLanguage {
  const given = invocation.option('lang') ?? 'en'
  const language = ReportLanguage.safeParse(given)
  if (language.success) return language.data
  throw new PlimsollError('E_USAGE', `--lang ${given}: give en, zh or both`)
}

async function list(invocation: Invocation, answer: Response): Promise<number> {
  const { reports, latest, time_zone } = ReportsAnswer.parse(await jsonOf(answer))
  invocation.print(
    reports.length === 0
      ? `No report was issued yet; ${latest} is the last whole week (${time_zone}).`
      : `Issued, weeks in ${time_zone}:`,
  )
  for (const { week, revision, utilization, issued_ms, issued_by, because } of reports) {
    const busy = utilization === null ? 'unknown' : `${(utilization * 100).toFixed(1)} % busy`
    invocation.print(
      `  ${week}  r${revision}  ${busy}  ${new Date(issued_ms).toISOString()} by ${issued_by}: ${because}`,
    )
  }
  return 0
}
