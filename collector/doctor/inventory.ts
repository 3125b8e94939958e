import { readFile, stat } from 'node:fs/promises'
import { PlimsollError } from '#schemas/errors.ts'
import { expandHostlist } from '../targets/hostlist.ts'
import type { Inventory } from './facts.ts'

/** 65,536 devices, one a line, are 4 MB. */
const FILE_BYTES = 16 << 20

/**
 * Reads a list of what should be there. One line per node or device: `NODES COUNT` or `NODE KEY`, divided by
 * blanks, commas or tabs; nodes may be a range (`h2-r[01-40]-n[01-08] 8`); a key is a UUID, serial, vdie id
 * or bus address; `#` begins a comment. Throws E_USAGE naming file and line.
 */
export function parseInventory(content: string, from: string): Inventory {
  const nodes = new Map<string, { count: number; keys: string[] }>()
  for (const [index, raw] of content.split(/\r?\n/).entries()) {
    const line = raw.replace(/#.*$/, '').trim()
    if (line === '') continue
    const { names, what } = partsOf(line, `${from}:${index + 1}`)
    const count = /^\d{1,5}$/.test(what) ? Number(what) : null
    for (const name of names) {
      const entry = nodes.get(name) ?? { count: 0, keys: [] }
      if (count === null) entry.keys.push(what)
      entry.count += count ?? 1
      nodes.set(name, entry)
    }
  }
  if (nodes.size === 0) throw new PlimsollError('E_USAGE', `${from} names no device`)
  return { from, total: null, nodes }
}

/** Everything before the last divider names nodes: a range may hold commas. */
function partsOf(line: string, where: string) {
  const found = /^(.*\S)[\s,;]+([^\s,;]+)$/.exec(line)
  const [nodes, what] = [found?.[1]?.replace(/[\s,;]+$/, ''), found?.[2]]
  if (nodes === undefined || nodes === '' || what === undefined)
    throw new PlimsollError('E_USAGE', `${where}: write NODE COUNT or NODE KEY`)
  try {
    return { names: expandHostlist(nodes), what }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new PlimsollError('E_USAGE', `${where}: ${why}`, { cause })
  }
}

/** Reads an inventory file. Throws E_USAGE when it cannot be read or understood. */
export async function loadInventory(file: string): Promise<Inventory> {
  let content: string
  try {
    const { size } = await stat(file)
    if (size > FILE_BYTES) throw new Error(`${size} bytes; limit ${FILE_BYTES}`)
    content = await readFile(file, 'utf8')
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new PlimsollError('E_USAGE', `the inventory ${file} cannot be read: ${why}`, { cause })
  }
  return parseInventory(content, file)
}
