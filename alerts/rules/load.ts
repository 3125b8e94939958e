import { readdir, readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { type Rule, RuleFile } from '#schemas/alerts/rule.ts'
import { RuleCase } from './rule-case.ts'
import { runCase } from './run-case.ts'

/** The rules that come with Plimsoll. */
export const PACK_FOLDER = fileURLToPath(new URL('pack/', import.meta.url))
const OWN_FILES_MAX = 100

/** A file of rules with the cases that show what they do. */
export const RulePackFile = RuleFile.extend({ tests: z.array(RuleCase).max(2_000).default([]) })
export type RulePackFile = z.infer<typeof RulePackFile>

/**
 * Reads one YAML document by a schema and throws with `file:line:column` of each mistake; the reader of YAML is the
 * caller's, as it is for every file that people write.
 */
export type ReadRules = (text: string, schema: typeof RulePackFile, file: string) => RulePackFile

export interface LoadedRule {
  readonly rule: Rule
  /** File it came from; the pack's are `pack/<file>`. */
  readonly file: string
}

export interface LoadedRules {
  /** By name; a site's own rule has taken the place of the pack's. */
  readonly rules: ReadonlyMap<string, LoadedRule>
  readonly cases: readonly RuleCase[]
  /** What stands in the way of taking them: nothing is taken while there is one. */
  readonly mistakes: readonly string[]
}

export interface LoadDeps {
  readonly read: ReadRules
  readonly hasSignal: (name: string) => boolean
}

/**
 * The pack, then a site's own files in their order, the later one first by name. Pure apart from reading files; call it
 * again when one changed and keep what was in force while it throws or tells mistakes. Rejects as `read` throws, and when
 * a file cannot be read.
 */
export async function loadRules(
  deps: LoadDeps,
  ownFiles: readonly string[] = [],
): Promise<LoadedRules> {
  if (ownFiles.length > OWN_FILES_MAX)
    throw new RangeError(`at most ${OWN_FILES_MAX} files of rules, here are ${ownFiles.length}`)
  const names = (await readdir(PACK_FOLDER)).filter((name) => name.endsWith('.yaml')).sort()
  const paths = [
    ...names.map((name) => ({ path: `${PACK_FOLDER}${name}`, file: `pack/${name}` })),
    ...ownFiles.map((path) => ({ path, file: basename(path) })),
  ]
  const files = await Promise.all(
    paths.map(async ({ path, file }) => ({
      file,
      data: deps.read(await readFile(path, 'utf8'), RulePackFile, file),
    })),
  )
  return combineRules(files, deps.hasSignal)
}

/** Rules of several files in order; what a schema cannot see is told as a mistake. */
export function combineRules(
  files: readonly { readonly file: string; readonly data: RulePackFile }[],
  hasSignal: LoadDeps['hasSignal'],
): LoadedRules {
  const rules = new Map<string, LoadedRule>()
  const mistakes: string[] = []
  for (const { file, data } of files) {
    const own = new Set<string>()
    for (const rule of data.rules) {
      if (own.has(rule.name)) mistakes.push(`${file}: there are two rules "${rule.name}"`)
      own.add(rule.name)
      mistakes.push(...mistakesIn(rule, hasSignal).map((text) => `${file}: ${rule.name}: ${text}`))
      rules.set(rule.name, { rule, file })
    }
  }
  const cases: RuleCase[] = []
  for (const { file, data } of files) {
    for (const one of data.tests) {
      const found = rules.get(one.rule)
      // A rule that a site replaced is told by the site's own cases.
      if (found === undefined) mistakes.push(`${file}: a test names no rule: "${one.rule}"`)
      else if (found.file === file) cases.push(one)
    }
  }
  return { rules, cases, mistakes }
}

function mistakesIn(rule: Rule, hasSignal: LoadDeps['hasSignal']): string[] {
  if (rule.lane === 'event') {
    const { escalate } = rule
    const isHalf = (escalate?.devices === undefined) !== (escalate?.within === undefined)
    return escalate !== undefined && isHalf ? ['escalate needs both devices and within'] : []
  }
  if (rule.lane === 'zone') return []
  const found: string[] = []
  if (!hasSignal(rule.signal)) found.push(`there is no signal "${rule.signal}"`)
  for (const [at, { set, reset, n, m }] of rule.thresholds.entries()) {
    const isWrongWay = rule.compare === 'above' ? reset > set : reset < set
    if (isWrongWay) found.push(`thresholds[${at}]: reset ${reset} is beyond set ${set}`)
    if ((n === undefined) !== (m === undefined) || (n ?? 0) > (m ?? 0))
      found.push(`thresholds[${at}]: n of m needs both, and n not above m`)
  }
  return found
}

/** Cases that end otherwise than they say; a dry run prints these lines. */
export function failedCases({ rules, cases }: Pick<LoadedRules, 'rules' | 'cases'>): string[] {
  return cases.flatMap((one) => {
    const found = rules.get(one.rule)
    if (found === undefined) return []
    const fires = runCase(found.rule, one)
    return fires === one.fires
      ? []
      : [`${found.file}: ${one.rule}: expected ${one.fires}, it says ${fires}`]
  })
}
