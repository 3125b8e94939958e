import { localSection, type SourceSection } from './config.ts'
import type { Detection, Source, SourceIo } from './source.ts'

/** What was found of one source on this machine. */
export interface SourceDetection {
  readonly source: string
  readonly detection: Detection
  /** One sentence for a person: what was looked for and what came of it. */
  readonly sentence: string
}

/** Looking must not hold up the start: a tool that does not answer is broken, ms. */
const DETECT_MS = 10_000

/** Looks for every source on this machine. Never throws; a source that cannot look is `broken`. */
export function detectSources(
  sources: readonly Source[],
  io: SourceIo,
  node: string,
): Promise<SourceDetection[]> {
  return Promise.all(sources.map((source) => detectSource(localSection(source), io, node)))
}

/** Looks for one source on this machine. */
export async function detectSource(
  section: Pick<SourceSection, 'source' | 'options'>,
  io: SourceIo,
  node: string,
): Promise<SourceDetection> {
  const { source, options } = section
  const detection = await detected(source, io, options, node)
  return { source: source.name, detection, sentence: sentenceOf(source.name, detection) }
}

async function detected(
  source: Source,
  io: SourceIo,
  options: unknown,
  node: string,
): Promise<Detection> {
  const looked = source.name
  const late = Promise.withResolvers<Detection>()
  const timer = setTimeout(() => {
    late.resolve({
      state: 'broken',
      looked,
      reason: 'timeout',
      detail: 'it did not answer in time',
    })
  }, DETECT_MS)
  try {
    return await Promise.race([source.detect(io, options, node), late.promise])
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    return { state: 'broken', looked, reason: 'source_defect', detail }
  } finally {
    clearTimeout(timer)
  }
}

function sentenceOf(source: string, detection: Detection): string {
  const { looked } = detection
  if (detection.state === 'present') return `${source}: found (looked for ${looked})`
  return detection.state === 'absent'
    ? `${source}: not here (looked for ${looked})`
    : `${source}: here but not usable, ${detection.detail} (${detection.reason}; looked for ${looked})`
}
