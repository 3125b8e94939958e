/** What the engine is started with; its own defaults take 90 % of RAM and a 5 GB mark cache (measured). */
export interface EngineLimits {
  /** Memory of all queries and caches together, bytes; a query beyond it fails, the engine lives on. */
  readonly memoryBytes: number
  readonly markCacheBytes: number
}

/** Half of the machine up to 8 GiB, at least 1 GiB. */
export function engineLimits(totalMemoryBytes: number): EngineLimits {
  const gibibyte = 1024 ** 3
  const memoryBytes = Math.max(gibibyte, Math.min(8 * gibibyte, Math.floor(totalMemoryBytes / 2)))
  return { memoryBytes, markCacheBytes: Math.floor(memoryBytes / 16) }
}

/**
 * The engine looks for work in every table, 30 of them, by three kinds of task: every 0.1 s at first, then ever
 * more rarely. An insert wakes its table's task itself, so a longer first pause delays no merge. With this and
 * MEMORY_LOOK_MS an idle engine takes 0.14 % of a core instead of 0.80 (bench/engine-insert.ts --idle).
 */
const TASK_PAUSE_S = 5
const TASK_KINDS = ['processing', 'move_processing', 'streaming_processing'] as const
/** How often the engine compares its memory with the limit; by default 20 times a second. */
const MEMORY_LOOK_MS = 1_000

/**
 * The engine's config file. Times are UTC whatever the host says. Both fsync settings: an acknowledged
 * insert must survive power loss in standalone, where no replica has it too (10,000 rows take 5.5 ms
 * instead of 3.5, measured).
 * No statistics of columns: no query of ours is planned by them, and each insert and merge would compute them.
 */
export function engineConfigXml(limits: EngineLimits, backupFolder: string): string {
  return `<clickhouse>
  <timezone>UTC</timezone>
  <max_server_memory_usage>${limits.memoryBytes}</max_server_memory_usage>
  <mark_cache_size>${limits.markCacheBytes}</mark_cache_size>
  <memory_worker_period_ms>${MEMORY_LOOK_MS}</memory_worker_period_ms>
${TASK_KINDS.map(taskPause).join('\n')}
  <backups><allowed_path>${xmlText(backupFolder)}</allowed_path></backups>
  <merge_tree>
    <fsync_after_insert>1</fsync_after_insert>
    <fsync_part_directory>1</fsync_part_directory>
    <auto_statistics_types></auto_statistics_types>
  </merge_tree>
</clickhouse>
`
}

function taskPause(kind: (typeof TASK_KINDS)[number]): string {
  const name = `background_${kind}_pool_thread_sleep_seconds_if_nothing_to_do`
  return `  <${name}>${TASK_PAUSE_S}</${name}>`
}

const xmlText = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
