import type { Facts, TreeFacts } from '../facts.ts'
import { type Finding, listed, type OpenFinding, text } from '../finding.ts'
import { meterSources, samplesOf } from '../seen-meters.ts'

/** Only what carries power or energy is counted, so only that must be in the tree. */
const COUNTED = ['power_watts', 'energy_joules_total'] as const

/** Meters that were read against the tree that people entered. */
export function checkMeterTree(facts: Facts): Finding[] {
  const { tree } = facts
  if (tree === null) return []
  if (tree.problem !== null) return [unasked(tree)]
  const samples = meterSources(facts).flatMap(({ targets }) => targets.flatMap(samplesOf))
  const seen = new Set(samples.map(({ meter }) => meter))
  const known = new Set(tree.meters.map(({ meter }) => meter))
  const things = new Set(tree.meters.map(({ meter }) => thingOf(meter)))
  const counted = samples.filter(({ values }) => COUNTED.some((name) => values[name] !== undefined))
  // Outlets and phases may be left out: their PDU stands for them.
  const unlisted = [...new Set(counted.map(({ meter }) => meter))].filter(
    (meter) => !known.has(meter) && !(meter.includes('/') && things.has(thingOf(meter))),
  )
  const silent = tree.meters.filter(({ meter, state }) => state === 'silent' && !seen.has(meter))
  const faulty = tree.meters.filter(({ state }) => state === 'faulty')
  const findings = [
    ...group(unlisted, NOT_LISTED),
    ...group(
      silent.map(({ meter }) => meter),
      SILENT,
    ),
    ...group(
      faulty.map(({ meter }) => meter),
      FAULTY,
    ),
  ]
  const matched = [...seen].filter((meter) => known.has(meter)).length
  const fine: Finding = {
    id: 'meter-tree',
    status: 'ok',
    subject: '',
    seen: text(
      `${matched} of ${tree.meters.length} meters of the tree were read here`,
      `在此读到树中 ${tree.meters.length} 个表计里的 ${matched} 个`,
    ),
  }
  return [fine, ...findings]
}

const thingOf = (meter: string) => meter.split('/', 1)[0] ?? meter

function unasked({ from, problem }: TreeFacts): OpenFinding {
  return {
    id: 'meter-tree',
    status: 'warning',
    subject: from,
    seen: text(`the tree of meters cannot be asked for: ${problem}`, `无法查询表计树：${problem}`),
    why: text(
      'whether every meter is counted, once, cannot be told without it',
      '没有它就无法判断每个表计是否恰好计入一次',
    ),
    fix: text(
      'see whether the server runs, and set PLIMSOLL_TOKEN',
      '检查服务器是否运行，并设置 PLIMSOLL_TOKEN',
    ),
  }
}

type Words = Pick<OpenFinding, 'status' | 'why' | 'fix'> & { readonly head: OpenFinding['seen'] }

const NOT_LISTED: Words = {
  status: 'warning',
  head: text('read here, and not in the tree', '在此读到但不在树中'),
  why: text(
    'their energy is recorded and counts nowhere: neither into IT nor into the site',
    '其电能会被记录但不计入任何处：既不计入 IT 也不计入站点',
  ),
  fix: text(
    'enter them: plimsoll import facility (docs/facility.md)',
    '录入它们：plimsoll import facility（docs/facility.md）',
  ),
}
const SILENT: Words = {
  status: 'warning',
  head: text('in the tree, and nobody delivers them', '在树中但无人上报'),
  why: text(
    'sums they belong to are incomplete, and PUE with them',
    '包含它们的合计不完整，PUE 也随之不完整',
  ),
  fix: text(
    'name them as targets of a collector, correct the name, or end the row (to)',
    '把它们配置为采集目标、更正名称，或为该行填写终止时间（to）',
  ),
}
const FAULTY: Words = {
  status: 'warning',
  head: text('refused by settling', '结算时被拒绝'),
  why: text(
    'their word cannot be true (a jump, more than max_kw): what they say is left out',
    '其数值不可能为真（跳变或超过 max_kw）：不予采用',
  ),
  fix: text(
    'look at their flags on the energy page; correct scale or word order',
    '在能源页面查看其标志；更正比例或字序',
  ),
}

function group(meters: readonly string[], { head, ...words }: Words): OpenFinding[] {
  if (meters.length === 0) return []
  const names = listed(meters)
  return [
    {
      id: 'meter-tree',
      subject: '',
      seen: text(
        `${meters.length} ${head.en}: ${names.en}`,
        `${meters.length} 个${head.zh}：${names.zh}`,
      ),
      ...words,
    },
  ]
}
