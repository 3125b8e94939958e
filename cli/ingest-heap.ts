import { setFlagsFromString } from 'node:v8'

/**
 * Array buffers count towards the heap's own limit. Without it V8 looks through the whole heap, 140 MB at 50,000
 * devices, each time 64 MB of them have come: twice per block at 2 M samples/s, and more than half of what ingest
 * costs (0.19 cores without, 0.09 with it; memory 0.85 and 1.1 GB; bench -- sustained).
 */
const FLAG = '--external-memory-accounted-in-global-limit'
/** V8 of Node 24, whose flag this is; another may not know it and would say so on every start. */
const KNOWN_TO = '13.'

/** Call once, when a process begins to ingest. `versions` and `set` are the process's own, replaced in tests. */
export function countBuffersAsHeap(
  versions: Pick<NodeJS.ProcessVersions, 'v8'> = process.versions,
  set: (flag: string) => void = setFlagsFromString,
): void {
  if (versions.v8.startsWith(KNOWN_TO)) set(FLAG)
}
