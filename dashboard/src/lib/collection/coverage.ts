import type { CoverageAnswer, CoverageCell, CoverageGroup } from '#schemas/api-nodes.ts'
import { type Topic, TOPICS, topicOf } from '#lib/device/topics.ts'

/** The coverage matrix as a screen reads it: metrics down, sources or models across. */

export type Section = Topic | 'node' | 'link' | 'meter'
const SECTIONS: readonly Section[] = [...TOPICS, 'node', 'link', 'meter']

export interface CoverageSection {
  readonly section: Section
  readonly metrics: CoverageAnswer['metrics']
}

/** Metrics under the topics of the device page, then those of nodes, links and meters; in catalogue order. */
export function sectionsOf(metrics: CoverageAnswer['metrics']): CoverageSection[] {
  const sectionOf = ({ scope, name }: CoverageAnswer['metrics'][number]): Section =>
    scope === 'device' ? topicOf(name) : scope
  return SECTIONS.map((section) => ({
    section,
    metrics: metrics.filter((metric) => sectionOf(metric) === section),
  })).filter((one) => one.metrics.length > 0)
}

/** Share of what could give the metric: of answering targets, or of devices where targets are not known. */
export function shareOf(group: CoverageGroup, cell: CoverageCell | undefined): number | null {
  if (cell === undefined) return null
  const [given, of] =
    cell.targets === null || group.targets === null
      ? [cell.devices, group.devices]
      : [cell.targets, group.targets]
  return of === 0 || given === 0 ? null : Math.min(1, given / of)
}

/** The name of a column: its only key. */
export const nameOf = ({ key }: CoverageGroup) => Object.values(key)[0] ?? ''
