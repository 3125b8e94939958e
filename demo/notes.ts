import type { Annotation } from '#schemas/annotation.ts'
import type { JournalBody } from '#schemas/journal.ts'
import type { Fleet, SimNode } from './fleet/layout.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** What the simulated site's people noted on the time axis in the last three days. Pure. */
export function demoNotes({
  fleet,
  nowMs,
}: {
  readonly fleet: Fleet
  readonly nowMs: number
}): JournalBody {
  const at = (hours: number) => Math.floor(nowMs / (10 * MINUTE)) * 10 * MINUTE - hours * HOUR
  const standing = (is: (node: SimNode) => boolean) => fleet.nodes.find(is) ?? fleet.nodes[0]
  const [first] = fleet.nodes
  const ascend = standing(({ cluster }) => cluster !== first?.cluster)
  const scopeOf = (node: SimNode | undefined, fields: readonly ('cluster' | 'hall' | 'rack')[]) =>
    Object.fromEntries(fields.flatMap((field) => (node ? [[field, node[field]]] : [])))
  const notes: readonly Omit<Annotation, 'id' | 'at_ms'>[] = [
    {
      kind: 'maintenance',
      title: `冷却回路滤网更换，${ascend?.hall ?? ''} 机房`,
      text: '逐台切换 CDU，供水温度短时升高不超过 1 °C。',
      scope: scopeOf(ascend, ['cluster', 'hall']),
      from_ms: at(52),
      to_ms: at(49),
      by: '王磊',
    },
    {
      kind: 'rollout',
      title: `Driver 570.148 rolled out on ${first?.rack ?? ''}`,
      text: 'First rack of the roll-out. The rest follows when a day has passed without new XIDs.',
      scope: scopeOf(first, ['cluster', 'hall', 'rack']),
      from_ms: at(9),
      to_ms: null,
      by: 'maria',
    },
    {
      kind: 'note',
      title: 'Queue of atlas moved ahead for the release candidate',
      text: '',
      scope: { tenant: 'atlas' },
      from_ms: at(4),
      to_ms: null,
      by: 'jonas',
    },
  ]
  return {
    kind: 'annotations',
    annotations: notes.map((note, index) => ({
      ...note,
      id: (index + 1).toString(16).padStart(16, '0'),
      at_ms: note.to_ms ?? note.from_ms,
    })),
    withdrawn: [],
  }
}
