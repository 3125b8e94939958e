import { mkdir, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describeConfig } from '../../collector/config-check.ts'
import { loadConfig } from '../../collector/config-file.ts'
import { loadSources } from '../../collector/sources.ts'
import { JournalPage } from '#schemas/api-journal.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Invocation } from '../command.ts'
import {
  EXPORTED_KINDS,
  exportedFile,
  type ExportedBody,
  type ExportedKind,
} from '../config-export.ts'
import { askServer, DEFAULT_SERVER, jsonOf } from '../server-request.ts'

export async function run(invocation: Invocation): Promise<number> {
  const [action, file] = invocation.positionals
  if (action === 'export' && file === undefined) return exportAll(invocation)
  if (action !== 'check' || file === undefined) {
    throw new PlimsollError(
      'E_USAGE',
      'give a file: plimsoll config check FILE; or a folder: plimsoll config export --into FOLDER',
    )
  }
  const config = await loadConfig(file, { sources: await loadSources(), host: hostname() })
  for (const line of describeConfig(config)) invocation.print(line)
  invocation.print(`${file} is fine`)
  return 0
}

/** Writes what people entered and no file has; files that are there already are not touched. */
async function exportAll(invocation: Invocation): Promise<number> {
  const folder = invocation.option('into')
  if (folder === undefined)
    throw new PlimsollError('E_USAGE', 'say where to: plimsoll config export --into FOLDER')
  const base = invocation.option('server') ?? DEFAULT_SERVER
  const token = invocation.env['PLIMSOLL_TOKEN']
  await mkdir(folder, { recursive: true })
  for (const kind of EXPORTED_KINDS) {
    const body = await newestOf(kind, { base, token })
    if (body === null) {
      invocation.print(`${kind}: nobody entered any`)
      continue
    }
    const { name, text } = exportedFile(body)
    const path = join(folder, name)
    await writeNew(path, text)
    invocation.print(`${kind}: ${path}`)
  }
  return 0
}

async function writeNew(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx' })
  } catch (cause) {
    const isThere = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST'
    const why = isThere ? 'is there already: name another folder' : 'cannot be written'
    throw new PlimsollError('E_USAGE', `${path} ${why}`, { cause })
  }
}

/** The document in force: the newest entry of its kind. */
async function newestOf(
  kind: ExportedKind,
  { base, token }: { readonly base: string; readonly token: string | undefined },
): Promise<ExportedBody | null> {
  let newest: ExportedBody | null = null
  let from: number | null = 1
  while (from !== null) {
    const url = new URL(`/api/v1/journal?kind=${kind}&from=${from}&limit=200`, base)
    const page: JournalPage = JournalPage.parse(await jsonOf(await askServer(url, { token })))
    for (const { body } of page.entries) if (isOf(kind, body)) newest = body
    from = page.next_from
  }
  return newest
}

const isOf = (
  kind: ExportedKind,
  body: JournalPage['entries'][number]['body'],
): body is ExportedBody => body.kind === kind
