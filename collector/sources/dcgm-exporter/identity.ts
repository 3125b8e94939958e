import { instanceKey, slotKey } from '../../vendors/nvidia-identity.ts'
import type { LabelBlock } from './labels.ts'
import type { Rejects } from './rejects.ts'

/** A board, or a MIG instance of one, with the label blocks that speak about it. */
export interface Entity {
  /** `uuid:…` or `slot:<bus>/<gpu>`; a partition's is its board's plus `/gi<id>`. */
  readonly key: string
  readonly board: Board
  /** Null for the board itself. */
  readonly instance: { readonly id: string; readonly profile: string | null } | null
  readonly blocks: LabelBlock[]
}

export interface Board {
  readonly uuid: string | null
  host: string | null
  index: number | null
  bus: string | null
  readonly entities: Map<string, Entity>
}

export interface Identities {
  readonly boards: readonly Board[]
  readonly entities: readonly Entity[]
  /** Entity of each block of the page; null for rows that are not about a GPU. */
  readonly entityOf: readonly (Entity | null)[]
}

/**
 * Finds the devices behind a page's label blocks. A UUID counts when it looks like one and stands for a
 * single GPU; masked or repeated ones never merge two GPUs: those are told apart by PCI address and index.
 */
export function identify(blocks: readonly LabelBlock[], rejects: Rejects): Identities {
  const repeated = repeatedUuids(blocks)
  for (const uuid of repeated) rejects.add('uuid_not_unique', uuid)
  // By text, so that the order of lines changes nothing; the surest evidence first.
  const order = blocks
    .map((block, at) => ({ block, at, uuid: ownUuid(block, repeated) }))
    .filter(({ block }) => block.kind === 'gpu')
    .sort((a, b) => sureness(b) - sureness(a) || compareText(a.block.text, b.block.text))
  const boards: Board[] = []
  const byUuid = new Map<string, Board>()
  const boardOf: (Board | undefined)[] = []
  for (const { block, at, uuid } of order) {
    let board = uuid === null ? findBySlot(boards, block) : byUuid.get(uuid)
    if (board === undefined) {
      board = { uuid, host: null, index: null, bus: null, entities: new Map() }
      boards.push(board)
      if (uuid !== null) byUuid.set(uuid, board)
    }
    board.host ??= block.host
    board.index ??= block.index
    board.bus ??= block.bus
    boardOf[at] = board
  }
  return toEntities(blocks, boards, boardOf, order)
}

function toEntities(
  blocks: readonly LabelBlock[],
  boards: readonly Board[],
  boardOf: readonly (Board | undefined)[],
  order: readonly { readonly at: number }[],
): Identities {
  const profiles = instanceProfiles(blocks, boardOf)
  const entityOf: (Entity | null)[] = blocks.map(() => null)
  for (const { at } of order) {
    const block = blocks[at]
    const board = boardOf[at]
    if (block === undefined || board === undefined) continue
    const entity = entityFor(board, block, profiles.get(board)?.get(block.instance ?? '') ?? [])
    entity.blocks.push(block)
    entityOf[at] = entity
  }
  // The board is a device even where only its instances have rows.
  for (const board of boards) boardEntity(board)
  const sorted = boards
    .toSorted(
      (a, b) =>
        compareText(a.host ?? '', b.host ?? '') ||
        (a.index ?? Infinity) - (b.index ?? Infinity) ||
        compareText(boardKey(a), boardKey(b)),
    )
    .flatMap((board) => [...board.entities.values()].toSorted(compareInstances))
  return { boards, entities: sorted, entityOf }
}

function ownUuid(block: LabelBlock, repeated: ReadonlySet<string>): string | null {
  return block.uuid !== null && repeated.has(block.uuid) ? null : block.uuid
}

/** UUIDs that stand beside different indexes, addresses or hosts. */
function repeatedUuids(blocks: readonly LabelBlock[]): ReadonlySet<string> {
  const first = new Map<string, { index: number | null; bus: string | null; host: string | null }>()
  const repeated = new Set<string>()
  for (const block of blocks) {
    const uuid = block.kind === 'gpu' ? block.uuid : null
    if (uuid === null) continue
    const seen = first.get(uuid)
    if (seen === undefined) {
      first.set(uuid, { index: block.index, bus: block.bus, host: block.host })
      continue
    }
    if (
      differ(seen.index, block.index) ||
      differ(seen.bus, block.bus) ||
      differ(seen.host, block.host)
    ) {
      repeated.add(uuid)
    }
    seen.index ??= block.index
    seen.bus ??= block.bus
    seen.host ??= block.host
  }
  return repeated
}

const differ = (a: string | number | null, b: string | number | null) =>
  a !== null && b !== null && a !== b

function sureness(item: { readonly block: LabelBlock; readonly uuid: string | null }): number {
  return (item.uuid === null ? 0 : 2) + (item.block.bus === null ? 0 : 1)
}

/** The board that a link's row names: by UUID, else by place where that leaves one. */
export function boardAt(boards: readonly Board[], block: LabelBlock): Board | undefined {
  const byUuid = block.uuid === null ? undefined : boards.find((board) => board.uuid === block.uuid)
  if (byUuid !== undefined) return byUuid
  const byPlace = findBySlot(boards, block)
  // Another GPU at the same index, of a node whose name is missing, is not this one.
  const isOther = byPlace !== undefined && differ(byPlace.uuid, block.uuid)
  return isOther ? undefined : byPlace
}

/** The one board at the block's place; undefined when there is none or more than one could be meant. */
function findBySlot(boards: readonly Board[], block: LabelBlock): Board | undefined {
  const fitting = boards.filter(
    (board) =>
      !differ(board.host, block.host) &&
      !differ(board.bus, block.bus) &&
      !differ(board.index, block.index) &&
      (board.index === block.index || (board.bus !== null && board.bus === block.bus)),
  )
  return fitting.length === 1 ? fitting[0] : undefined
}

/** Profiles of each GPU instance: several mean that its compute instances have rows of their own. */
function instanceProfiles(
  blocks: readonly LabelBlock[],
  boardOf: readonly (Board | undefined)[],
): ReadonlyMap<Board, ReadonlyMap<string, readonly string[]>> {
  const all = new Map<Board, Map<string, string[]>>()
  blocks.forEach((block, at) => {
    const board = boardOf[at]
    if (board === undefined || block.instance === null || block.profile === null) return
    const ofBoard = all.get(board) ?? new Map<string, string[]>()
    const list = ofBoard.get(block.instance) ?? []
    if (!list.includes(block.profile)) list.push(block.profile)
    all.set(board, ofBoard.set(block.instance, list))
  })
  return all
}

function entityFor(board: Board, block: LabelBlock, profiles: readonly string[]): Entity {
  if (block.instance === null) return boardEntity(board)
  const profile = block.profile ?? (profiles.length === 1 ? (profiles[0] ?? null) : null)
  const id =
    profiles.length > 1 && profile !== null ? `${block.instance}/${profile}` : block.instance
  const known = board.entities.get(id)
  if (known !== undefined) return known
  const entity = {
    key: instanceKey(boardKey(board), id),
    board,
    instance: { id, profile },
    blocks: [],
  }
  board.entities.set(id, entity)
  return entity
}

function boardEntity(board: Board): Entity {
  const known = board.entities.get('')
  if (known !== undefined) return known
  const entity = { key: boardKey(board), board, instance: null, blocks: [] }
  board.entities.set('', entity)
  return entity
}

export function boardKey(board: Board): string {
  return board.uuid === null ? slotKey(board.bus, board.index) : `uuid:${board.uuid}`
}

function compareInstances(a: Entity, b: Entity): number {
  if (a.instance === null || b.instance === null) {
    return (a.instance === null ? 0 : 1) - (b.instance === null ? 0 : 1)
  }
  return (
    parseInt(a.instance.id, 10) - parseInt(b.instance.id, 10) ||
    compareText(a.instance.id, b.instance.id)
  )
}

const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
