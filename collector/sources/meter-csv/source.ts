import { type Interpretation, unread } from '#schemas/reading.ts'
import { createRejections } from '../../formats/rejections.ts'
import type { Detection, ReadContext, Source } from '../../source.ts'
import { badHeader, noFile, notReadable } from './faults.ts'
import { type FileStore, type FoundFile, systemFiles } from './files.ts'
import { type Following, positionsText, readNews, startFollowing } from './follow.ts'
import { layoutOf } from './map.ts'
import { MeterCsvConfig } from './options.ts'
import { interpretTable, recognizeTable, type Refusal, refusedOf, SOURCE_NAME } from './parse.ts'

const MEMORY = 'following'

/** Files of readings as a source; `store` is the file system. */
export function createMeterCsvSource(store: FileStore = systemFiles): Source<MeterCsvConfig> {
  const followings = new WeakMap<object, Following>()
  const plain = layoutOf(MeterCsvConfig.parse({ meter: 'the-meter' }))
  const named = layoutOf(MeterCsvConfig.parse({}))
  return {
    name: SOURCE_NAME,
    transport: 'file',
    defaultIntervalMs: 10_000,
    config: MeterCsvConfig,
    // Which metrics come depends on the files.
    expects: [],
    recognize: (bytes) => recognizeTable(bytes, named),
    interpret: (bytes) =>
      interpretTable(bytes, recognizeTable(bytes, named) > 0 ? named : plain, 0),
    detect: (_io, config, node) => detect(store, config, node),
    async read(context) {
      const { memory, config, isLook = false } = context
      const known = memory.has(MEMORY) ? followings.get(memory) : undefined
      const saved = isLook ? undefined : config.positions
      const following = known ?? startFollowing(await savedText(store, saved))
      memory.set(MEMORY, true)
      followings.set(memory, following)
      return readFiles(context, store, following)
    },
    close: (memory) => memory.clear(),
  }
}

export default createMeterCsvSource()

const savedText = (store: FileStore, path: string | undefined) =>
  path === undefined ? Promise.resolve(null) : store.loadText(path).catch(() => null)

async function detect(store: FileStore, config: MeterCsvConfig, node: string): Promise<Detection> {
  const { path } = config
  if (path === undefined)
    return { state: 'absent', looked: 'no file: the option `path` names none' }
  const looked = path
  try {
    await store.list(path, config.pattern)
    return { state: 'present', looked, target: { address: path, node } }
  } catch (error) {
    if (isMissing(error)) return { state: 'absent', looked }
    const { reason, detail } = notReadable(path, messageOf(error))
    return { state: 'broken', looked, reason, detail }
  }
}

async function readFiles(
  { config, target, isLook = false }: ReadContext<MeterCsvConfig>,
  store: FileStore,
  following: Following,
): Promise<Interpretation> {
  const rejections = createRejections<Refusal>()
  const layout = layoutOf(config)
  try {
    await save(store, config.positions, following)
    const listed = await store.list(target.address, config.pattern)
    // The newest file says how the export is now.
    const found = isLook ? listed.slice(-1) : listed
    if (found.length === 0) return unread(SOURCE_NAME, noFile(target.address, config.pattern))
    const { skip_lines: skipLines, encoding } = config
    const news = await readNews(following, found, {
      store,
      layout,
      skipLines,
      encoding,
      rejections,
    })
    if (config.positions !== undefined && !isLook) following.unsaved = positionsText(following)
    const isBad = news.meters.length === 0 && news.badHeader !== null
    if (news.badHeader !== null) rejections.add(news.badHeader, 'bad_header')
    return {
      ...unread(SOURCE_NAME, badHeader(news.badHeader ?? '')),
      ...(isBad ? {} : { outcome: 'ok', reason: null, detail: null }),
      meters: news.meters,
      ...refusedOf(rejections),
      ignored: news.ignored,
      toolLabels: { files: labelOf(found) },
    }
  } catch (error) {
    const why = isMissing(error)
      ? noFile(target.address, config.pattern)
      : notReadable(target.address, messageOf(error))
    return { ...unread(SOURCE_NAME, why), ...refusedOf(rejections) }
  }
}

const labelOf = (found: readonly FoundFile[]) => `${found.length}`

/** Saves how far the read before this one came. */
async function save(
  store: FileStore,
  path: string | undefined,
  following: Following,
): Promise<void> {
  if (path === undefined || following.unsaved === null) return
  await store.saveText(path, following.unsaved)
  following.unsaved = null
}

const isMissing = (error: unknown) =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT'

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
