import type { EventRecord, NodeSampleRecord } from '#schemas/records.ts'
import type { TargetRead } from './runner.ts'

/** Links and ports remembered per target. */
const LINKS_PER_TARGET = 2048

/** What was last known of one link. Null: its source does not say. */
interface LinkState {
  isUp: boolean | null
  downs: number | null
}

export interface LinkEdges {
  /** Finds links that went down or came back with this read. */
  observe(read: Pick<TargetRead, 'id'>, samples: readonly NodeSampleRecord[]): void
  forgetTarget(id: string): void
}

/**
 * Turns the state of links into events: `link_down` opens when a link that was up is down, and closes when it is
 * up again; `link_flap` is a link that counts an interruption and is up before and after. A port that is down
 * at first sight is no news: most machines have ports without a cable.
 */
export function createLinkEdges(emit: (event: EventRecord) => void): LinkEdges {
  const targets = new Map<string, Map<string, LinkState>>()
  return {
    observe(read, samples) {
      if (samples.length === 0) return
      const links = targets.get(read.id) ?? new Map<string, LinkState>()
      targets.set(read.id, links)
      for (const sample of samples) {
        const { link, values } = sample
        const isUp = values['link_up'] === undefined ? null : values['link_up'] > 0
        const downs = values['link_downs_total'] ?? null
        if (link === null || (isUp === null && downs === null)) continue
        const name = `${sample.node}\n${sample.device_key ?? ''}\n${link}`
        const before = links.get(name)
        if (before === undefined && links.size >= LINKS_PER_TARGET) continue
        links.set(name, {
          isUp: isUp ?? before?.isUp ?? null,
          downs: downs ?? before?.downs ?? null,
        })
        if (before === undefined) continue
        const edge = edgeOf(before, { isUp, downs }, link)
        if (edge !== null) emit({ ...head(sample, link), ...edge })
      }
    },
    forgetTarget: (id) => targets.delete(id),
  }
}

const head = ({ at_ms, node, device_key, source }: NodeSampleRecord, link: string) =>
  ({
    kind: 'event',
    at_ms,
    node,
    device_key,
    source,
    code: link,
    fault_class: device_key === null ? 'network' : 'link',
  }) as const

type Edge = Pick<
  EventRecord,
  'type' | 'edge' | 'severity' | 'message' | 'message_zh' | 'action' | 'action_zh'
>

function edgeOf(before: LinkState, now: LinkState, link: string): Edge | null {
  if (before.isUp === true && now.isUp === false)
    return {
      type: 'link_down',
      edge: 'open',
      severity: 'critical',
      message: `link ${link} went down`,
      message_zh: `链路 ${link} 断开`,
      action:
        'Check cable, transceiver and the switch port at the other end; jobs that span this link stall or fail.',
      action_zh: '检查线缆、光模块和对端交换机端口；跨此链路的作业会停滞或失败。',
    }
  if (before.isUp === false && now.isUp === true)
    return {
      type: 'link_down',
      edge: 'closed',
      severity: 'info',
      message: `link ${link} is up again`,
      message_zh: `链路 ${link} 已恢复`,
    }
  const interruptions = before.downs === null || now.downs === null ? 0 : now.downs - before.downs
  if (interruptions <= 0 || now.isUp === false) return null
  return {
    type: 'link_flap',
    edge: 'point',
    severity: 'warning',
    message: `link ${link} was interrupted ${interruptions} times since the last reading and is up again`,
    message_zh: `链路 ${link} 自上次读取以来中断 ${interruptions} 次，现已恢复`,
    action: 'One flap is noise; repeated ones point to cable or transceiver: reseat or replace it.',
    action_zh: '偶发一次可忽略；反复出现多为线缆或光模块问题，请重新插拔或更换。',
  }
}
