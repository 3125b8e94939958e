import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/**
 * What processes use, from /proc (Linux only). Figures of a process include the processes below it: a command that
 * starts another one is charged for both.
 */

/** Ticks a second of utime and stime; 100 on every Linux that Node runs on. */
const TICKS_PER_S = 100
const PAGE_BYTES = 4096

export interface ProcessUse {
  /** User and system time, s, of the live processes and of those they have waited for. */
  readonly cpuS: number
  readonly rssBytes: number
  /** Sum of each process's own highest resident size, bytes. */
  readonly peakRssBytes: number
}

/** What a process and everything below it has used; zero when it is gone. */
export function useOf(pid: number): ProcessUse {
  const all = treeOf(pid).map(ownUse)
  const sum = (of: (use: ProcessUse) => number) => all.reduce((total, use) => total + of(use), 0)
  return {
    cpuS: sum((use) => use.cpuS),
    rssBytes: sum((use) => use.rssBytes),
    peakRssBytes: sum((use) => use.peakRssBytes),
  }
}

/** CPU seconds of a process and everything below it. */
export const cpuSeconds = (pid: number) => useOf(pid).cpuS

/** A process and everything below it, those started by threads other than the main one included. */
export function treeOf(pid: number): number[] {
  const found = [pid]
  for (const parent of found)
    for (const task of listOf(`/proc/${parent}/task`))
      for (const child of textOf(`/proc/${parent}/task/${task}/children`).split(' '))
        if (child.trim() !== '' && !found.includes(Number(child))) found.push(Number(child))
  return found
}

function ownUse(pid: number): ProcessUse {
  const text = textOf(`/proc/${pid}/stat`)
  // The command's name is in brackets and may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const field = (position: number) => Number(fields[position] ?? 0) || 0
  const peak = /VmHWM:\s+(\d+) kB/.exec(textOf(`/proc/${pid}/status`))?.[1]
  return {
    cpuS: (field(11) + field(12) + field(13) + field(14)) / TICKS_PER_S,
    rssBytes: field(21) * PAGE_BYTES,
    peakRssBytes: Number(peak ?? 0) * 1024,
  }
}

/** Sum of the sizes of all files below a folder, bytes. Files that vanish meanwhile count nothing. */
export function folderBytes(path: string): number {
  let bytes = 0
  for (const name of listOf(path)) {
    const entry = join(path, name)
    try {
      const stat = statSync(entry)
      bytes += stat.isDirectory() ? folderBytes(entry) : stat.size
    } catch {
      // Merged away between the listing and the look.
    }
  }
  return bytes
}

function listOf(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
