import { flushCompileCache, getCompileCacheDir } from 'node:module'
import type { Process } from './collector-heap.ts'

/** Set in a process that was started again by `startFromCache`: it never does so twice. */
const AGAIN = 'PLIMSOLL_STARTED_FROM_CACHE'
/** Node's own stripper of types, compiled from WebAssembly: 17 MB that a process never gives back (measured). */
const STRIPPER = /\bamaro\b/

/** Node's cache of compiled modules. */
export interface CompileCache {
  /** Absent = none is kept, such as where the folder cannot be written. */
  directory(): string | undefined
  /** Writes what was compiled so far; by itself Node does so at an orderly end only. */
  write(): void
}

const ownCache: CompileCache = { directory: getCompileCacheDir, write: flushCompileCache }

/** A process, and whether Node had to strip types in it. */
export interface StrippedProcess extends Process {
  readonly hasStripped: boolean
}

/** This process, as it is now. */
export const thisProcess = (): StrippedProcess => ({
  execPath: process.execPath,
  execArgv: process.execArgv,
  argv: process.argv,
  env: process.env,
  hasStripped: hasStripped(process),
  ...(process.execve === undefined ? {} : { execve: process.execve.bind(process) }),
})

/** Node names what it has loaded of itself in a list that is not part of its documented API: without it the answer is no. */
function hasStripped(own: object): boolean {
  const { moduleLoadList: loaded }: { moduleLoadList?: unknown } = own
  return Array.isArray(loaded) && loaded.some((name) => STRIPPER.test(String(name)))
}

/**
 * The first start of an installation, and the first with other flags of V8, strips the types of each module and keeps the stripper for as
 * long as it runs, which for a collector is months. Such a process writes what it compiled and becomes, once and under the same process
 * id, one that reads it. Call it when everything is loaded. Does nothing where there is no cache, or the platform cannot replace a process.
 */
export function startFromCache(self: StrippedProcess, cache: CompileCache = ownCache): void {
  if (!self.hasStripped || self.env[AGAIN] !== undefined || cache.directory() === undefined) return
  if (self.execve === undefined) return
  cache.write()
  const args = [self.execPath, ...self.execArgv, ...self.argv.slice(1)]
  self.execve(self.execPath, args, { ...self.env, [AGAIN]: '1' })
}
