import { PlimsollError } from '#schemas/errors.ts'
import { sqlString } from './params.ts'

/**
 * The only importer of chdb. One process may open one data directory, once; connections to it are cheap
 * (0.4 ms to open, measured; 4,000 opened one after another left the process 30 MB larger), so every
 * statement gets its own and nothing of one request can reach the next.
 */
export interface EmbeddedEngine {
  readonly version: string
  /** Runs a text; resolves with the answer's bytes, rejects with the engine's message. */
  run(text: string, format: string): Promise<EngineAnswer>
  /** Asks the engine to stop the query tagged so; it ends soon after with code 394, or was done. */
  kill(tag: string): Promise<void>
  close(): void
}

export interface EngineAnswer {
  readonly bytes: Uint8Array
  readonly elapsedS: number
  readonly rowsRead: number
  readonly bytesRead: number
}

/** libuv threads: each running query holds one, and file access needs some (facts measured with 16). */
export const THREADS_MIN = 16

/** Refuses to go on with too few libuv threads; Node reads the variable before any code runs. */
export function requireThreads(env: NodeJS.ProcessEnv): void {
  const threads = Number(env['UV_THREADPOOL_SIZE'] ?? 4)
  if (threads >= THREADS_MIN) return
  throw new PlimsollError(
    'E_ENGINE_THREADS',
    `UV_THREADPOOL_SIZE is ${threads}; set it to ${THREADS_MIN} or more before Node starts (bin/plimsoll does)`,
  )
}

/** Opens the data directory. Throws E_ENGINE_MISSING or the engine's own error (locked, damaged). */
export async function openEngine(dataPath: string, configPath: string): Promise<EmbeddedEngine> {
  const { Session } = await loadChdb()
  const keeper = new Session(dataPath, { connectionArgs: [`--config-file=${configPath}`] })
  const run = async (text: string, format: string): Promise<EngineAnswer> => {
    const session = new Session(dataPath)
    try {
      const result = await session.queryAsync(text, { format })
      const { elapsed, rowsRead, bytesRead } = result
      return { bytes: result.bytes(), elapsedS: elapsed, rowsRead, bytesRead }
    } finally {
      session.close()
    }
  }
  const first = await keeper.queryAsync('SELECT version()', { format: 'TabSeparatedRaw' })
  return {
    version: first.text().trim(),
    run,
    async kill(tag) {
      // ASYNC: the SYNC form hung (measured).
      const text = `KILL QUERY WHERE Settings['log_comment'] = ${sqlString(tag)} ASYNC`
      await run(text, 'Null')
    },
    close: () => keeper.close(),
  }
}

/** Loads chdb, or says where it exists and what to do elsewhere. `load` is replaced in tests. */
export async function loadChdb(load = () => import('chdb')) {
  try {
    return await load()
  } catch (cause) {
    throw new PlimsollError(
      'E_ENGINE_MISSING',
      `the embedded engine (chdb) is not installed for ${process.platform}-${process.arch}. It exists for ` +
        'linux-x64 and linux-arm64 (glibc), darwin-x64 and darwin-arm64, where npm ci installs it unless ' +
        'optional dependencies are left out. Elsewhere set CLICKHOUSE_URL to a ClickHouse server.',
      { cause },
    )
  }
}
