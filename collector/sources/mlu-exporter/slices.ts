import { isPlausible, metricDefinition, type MetricValues } from '#schemas/metrics.ts'
import type { DeviceReading } from '#schemas/reading.ts'
import { detached } from '../../formats/rejections.ts'
import type { CardRows, SliceRow } from './parse.ts'

/**
 * MIM and sMLU instances as partitions of their card. What a slice uses is not told reliably: a numbered `vf`
 * row is its share, or the value of the card once more. So a slice has identity, size and holder, and no load.
 */
export function slicesOf(card: CardRows, parent: string, failed: string | null): DeviceReading[] {
  const seen = new Set<string>()
  return card.slices.flatMap((slice) => {
    const { kind, labels } = slice
    const said = (name: string) => detached((labels[`${kind}_${name}`] ?? '').trim().slice(0, 256))
    const [id, uuid] = [said('instance_id'), said('uuid')]
    if (id === '' || seen.has(`${kind} ${id}`)) return []
    seen.add(`${kind} ${id}`)
    const profile = said('profile_name')
    return [
      {
        keys: [uuid === '' ? `slot:${card.key}/${kind}${id}` : `uuid:${uuid}`],
        vendor: 'cambricon',
        model: card.facts.model === '' ? 'MLU' : card.facts.model,
        node: card.facts.node === '' ? null : card.facts.node,
        index: null,
        bus: null,
        parent,
        partition: { id, profile: profile === '' ? null : profile, share: shareOf(card, slice) },
        holder: card.holders.find(({ vf }) => vf === id)?.holder ?? null,
        metrics: failed === null ? sizeOf(slice) : {},
        labels: { slice_kind: kind === 'mim' ? 'MIM' : 'sMLU', slice_name: said('instance_name') },
        failed,
      },
    ]
  })
}

/** MIM: its cores of the cores that the card shows. sMLU: its quota, percent of the card's compute. */
function shareOf(card: CardRows, { kind, labels }: SliceRow): number | null {
  const [part, whole] =
    kind === 'mim'
      ? [Number(labels['mim_core_count'] ?? NaN), card.cores.size]
      : [Number(labels['smlu_ipu_total'] ?? NaN), 100]
  const share = part / whole
  return share > 0 && share <= 1 ? share : null
}

/** An sMLU's memory is in bytes; the unit of a MIM's `mim_memory_size` is not documented. */
function sizeOf({ kind, labels }: SliceRow): MetricValues {
  const bytes = Number(labels['smlu_mem_total'] ?? NaN)
  const definition = metricDefinition('memory_total_bytes')
  const isFine = kind === 'smlu' && definition !== undefined && isPlausible(definition, bytes)
  return isFine ? { memory_total_bytes: bytes } : {}
}
