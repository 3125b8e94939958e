import type { Rejections } from '../../formats/rejections.ts'
import { busOrNull, LIMITS, numberOrNull, type RejectReason } from './lines.ts'
import { JSON_RULES, PCIE_GENERATION } from './map.ts'

/** One entry of `cnmon_info.json`, native units. */
export interface JsonCard {
  readonly card: number | null
  readonly name: string
  readonly uuid: string | null
  readonly bus: string | null
  /** In the order of JSON_RULES; null where the entry has no number. */
  readonly values: readonly (number | null)[]
  readonly pcie: {
    readonly generation: number | null
    readonly generationMax: number | null
    readonly width: number | null
    readonly widthMax: number | null
  }
}

/** Text that may be `cnmon_info.json`, possibly behind lines of a shell. */
export const looksLikeJson = (text: string) => /^\s*\{/.test(text) && text.includes('"CnmonInfo"')

/**
 * Reads `cnmon_info.json` (`cnmon info -e -m -u -j`). No complete capture is public: fields are those that public
 * programs read, each of which may be a number or a text with its unit. Null when it is not that file.
 */
export function parseJson(
  text: string,
  rejections: Rejections<RejectReason>,
): readonly JsonCard[] | null {
  let root: unknown
  try {
    root = JSON.parse(text)
  } catch {
    rejections.add(text, 'bad_json')
    return null
  }
  const entries = member(root, 'CnmonInfo')
  if (!Array.isArray(entries)) {
    rejections.add(text, 'bad_json')
    return null
  }
  const list: readonly unknown[] = entries
  if (list.length > LIMITS.cards) rejections.add(`${list.length} entries`, 'too_many_cards')
  return list.slice(0, LIMITS.cards).flatMap((entry, index) => {
    const card = jsonCard(entry)
    if (card === null) rejections.add(`CnmonInfo[${index}]`, 'json_entry')
    return card ?? []
  })
}

function jsonCard(entry: unknown): JsonCard | null {
  const number = (path: readonly string[]) => numberIn(path.reduce(member, entry))
  const card = number(['CardNum'])
  const uuid = textIn(member(entry, 'UUID'))
  const bus = busIn(member(entry, 'PCI'))
  if (card === null && uuid === null && bus === null) return null
  const generation = (field: string) => {
    const speed = textIn(['PCI', field].reduce(member, entry)) ?? ''
    return PCIE_GENERATION[/^[\d.]{1,4}/.exec(speed)?.[0] ?? ''] ?? null
  }
  return {
    card,
    name: textIn(member(entry, 'ProductName')) ?? '',
    uuid,
    bus,
    values: JSON_RULES.map((each) => number(each.path)),
    pcie: {
      generation: generation('CurrentSpeed'),
      generationMax: generation('MaxSpeed'),
      width: number(['PCI', 'CurrentWidth']),
      widthMax: number(['PCI', 'MaxWidth']),
    },
  }
}

/** Own property of an object; undefined for anything else. */
function member(from: unknown, name: string): unknown {
  if (typeof from !== 'object' || from === null || !Object.hasOwn(from, name)) return undefined
  const value: unknown = Reflect.get(from, name)
  return value
}

/** `23308`, `"23308"`, `"23308 MiB"`, `"37%"`, `"x16"`. */
function numberIn(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  const match = /^x?(-?\d{1,12}(?:\.\d{1,6})?)\s*(?:%|[A-Za-z]{1,4})?$/.exec(textIn(value) ?? '')
  return numberOrNull(match?.[1])
}

function textIn(value: unknown): string | null {
  if (typeof value !== 'string') return null
  const text = value.trim().slice(0, 256)
  return text === '' || text === 'N/A' ? null : text
}

/** DomainID, Bus, Device, Function: hex texts. */
function busIn(pci: unknown): string | null {
  const part = (name: string, digits: number) => {
    const value = member(pci, name)
    return typeof value === 'string' ? value.trim().replace(/^0x/i, '').padStart(digits, '0') : ''
  }
  return busOrNull(
    `${part('DomainID', 4)}:${part('Bus', 2)}:${part('Device', 2)}.${part('Function', 1)}`,
  )
}
