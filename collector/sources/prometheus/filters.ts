import { type Glob, matchesGlob } from '../../formats/glob.ts'

/** Labels and their patterns, one of which must fit. A label that is not there is empty text. */
export type Conditions = readonly (readonly [label: string, patterns: readonly Glob[]])[]

type Labels = Readonly<Record<string, string>>

/** True when every label fits one of its patterns. */
export function fits(labels: Labels, conditions: Conditions): boolean {
  return conditions.every(([label, patterns]) =>
    patterns.some((pattern) => matchesGlob(labels[label] ?? '', pattern)),
  )
}

/** True when any label fits one of its patterns. */
export function fitsAny(labels: Labels, conditions: Conditions): boolean {
  return conditions.some(([label, patterns]) =>
    patterns.some((pattern) => matchesGlob(labels[label] ?? '', pattern)),
  )
}
