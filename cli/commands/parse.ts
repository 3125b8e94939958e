import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { parseOutput, renderParseTable } from '../../collector/parse-command.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Invocation } from '../command.ts'

export async function run(invocation: Invocation): Promise<number> {
  const [source] = invocation.positionals
  const bytes = await readInput(invocation.option('file'))
  const result = await parseOutput(bytes, source)
  const asTable = invocation.flag('table') || (process.stdout.isTTY && !invocation.flag('json'))
  invocation.print(asTable ? renderParseTable(result) : JSON.stringify(result, null, 2))
  return 0
}

async function readInput(file: string | undefined): Promise<Uint8Array> {
  if (file === undefined) {
    if (process.stdin.isTTY) console.error('Paste the output, then press Ctrl-D.')
    return buffer(process.stdin)
  }
  try {
    return await readFile(file)
  } catch (cause) {
    throw new PlimsollError('E_USAGE', `${file} cannot be read`, { cause })
  }
}
