import { z } from 'zod'
import type { Store } from '../store/store.ts'

const Definition = z.tuple([z.object({ definition: z.string().min(1) })])
const READ = `SELECT as_select AS definition FROM system.tables
  WHERE database = currentDatabase() AND name = 'device_minutes'`
const CALL =
  'device_minutes(from_ms = {from_ms:Int64}, to_ms = {to_ms:Int64}, set_id = {set_id:UInt64})'

/**
 * A statement that reads the view device_minutes, with the view's own definition in its place: the engine resolves a
 * view with parameters twice, which costs more than the rows of a small site.
 */
export async function inlineMinutes(
  store: Pick<Store, 'query'>,
  statement: string,
): Promise<string> {
  const [{ definition }] = Definition.parse(await store.query(READ, {}))
  const [before, after, ...more] = statement.split(CALL)
  if (before === undefined || after === undefined || more.length > 0)
    throw new Error('a statement over device_minutes calls it once, with its three parameters')
  return `${before}(${definition})${after}`
}
