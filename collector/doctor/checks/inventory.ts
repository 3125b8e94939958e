import type { Facts } from '../facts.ts'
import { type Finding, listed, type OpenFinding, text } from '../finding.ts'
import { type SeenDevice, seenDevices, wholeDevices } from '../seen-devices.ts'

/** What should be there (--expect, --inventory) against what the sources show. */
export function checkInventory(facts: Facts): Finding[] {
  const { inventory } = facts
  if (inventory === null) return []
  const seen = wholeDevices(seenDevices(facts))
  const findings: Finding[] = []
  const { total, from } = inventory
  if (total !== null && total !== seen.length)
    findings.push(mismatch(from, total, seen.length, null))
  const byNode = Map.groupBy(seen, ({ node }) => node)
  for (const [node, expected] of inventory.nodes) {
    const here = byNode.get(node) ?? []
    const missing = expected.keys.filter((key) => !here.some((device) => isNamed(device, key)))
    if (missing.length > 0 || here.length !== expected.count)
      findings.push(mismatch(`${from} ${node}`, expected.count, here.length, missing))
  }
  if (inventory.nodes.size > 0) findings.push(...strangers(inventory.nodes, byNode, from))
  if (findings.length === 0)
    findings.push({
      id: 'inventory',
      status: 'ok',
      subject: from,
      seen: text(`all ${seen.length} devices are there`, `${seen.length} 个设备全部在位`),
    })
  return findings
}

/** Inventories write a key with or without its kind, in either case. */
function isNamed({ keys, views }: SeenDevice, wanted: string): boolean {
  const word = wanted.toLowerCase()
  const names = [...keys, ...views.flatMap(({ reading }) => Object.values(reading.labels))]
  return names.some((name) => {
    const known = name.toLowerCase()
    return known === word || known.slice(known.indexOf(':') + 1) === word
  })
}

function mismatch(
  subject: string,
  expected: number,
  seen: number,
  missing: readonly string[] | null,
): OpenFinding {
  const names = missing === null || missing.length === 0 ? null : listed(missing)
  const isFewer = seen < expected || names !== null
  return {
    id: 'inventory',
    status: isFewer ? 'problem' : 'warning',
    subject,
    seen: text(
      `${seen} devices seen, ${expected} expected${names === null ? '' : `; missing: ${names.en}`}`,
      `看到 ${seen} 个设备，应有 ${expected} 个${names === null ? '' : `；缺失：${names.zh}`}`,
    ),
    why: isFewer
      ? text(
          'a card that fell off the bus simply vanishes from every tool: only a count tells',
          '掉线的卡会从所有工具中直接消失：只有计数才能发现',
        )
      : text(
          'more than planned: the inventory is old, or one device is counted under two names',
          '多于计划：清单已过时，或同一设备以两个名称被计数',
        ),
    fix: isFewer
      ? text(
          'look at the findings of its node above; on the node: dmesg, lspci, the vendor tool',
          '查看上面该节点的结果；在节点上：dmesg、lspci、厂商工具',
        )
      : text(
          'correct the inventory, or see sources-disagree and seen-by-one',
          '更正清单，或参见 sources-disagree 和 seen-by-one',
        ),
  }
}

function strangers(
  expected: ReadonlyMap<string, unknown>,
  byNode: ReadonlyMap<string, readonly SeenDevice[]>,
  from: string,
): Finding[] {
  const unknown = [...byNode.keys()].filter((node) => !expected.has(node))
  if (unknown.length === 0) return []
  const names = listed(unknown)
  return [
    {
      id: 'inventory',
      status: 'warning',
      subject: from,
      seen: text(`nodes that it does not name: ${names.en}`, `清单中没有的节点：${names.zh}`),
      why: text(
        'either the inventory is old, or a node calls itself otherwise than people do',
        '清单已过时，或节点的自称与人们使用的名称不同',
      ),
      fix: text(
        'add them, or name the node of the target in the configuration',
        '将其加入清单，或在配置中写明目标的节点名',
      ),
    },
  ]
}
