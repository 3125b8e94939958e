import type { Bilingual, FaultClass, FaultDescription } from '#schemas/faults.ts'

type Action = keyof typeof ACTIONS

const ACTIONS = {
  job: {
    en: 'Look at the job that ran there first; suspect the board only if several jobs fail on it.',
    zh: '先检查当时运行的作业；只有多个作业都在此卡失败时才怀疑硬件。',
  },
  link: {
    en: 'Check the NVLink error counters and the fabric manager; reset the GPU, then reseat or replace the link.',
    zh: '检查 NVLink 错误计数和 Fabric Manager；先复位 GPU，仍出现则重插或更换链路。',
  },
  gsp: {
    en: 'Drain the node, collect a bug report and reset the GPU; reboot if the reset fails.',
    zh: '排空节点，收集 bug report 并复位 GPU；复位失败则重启节点。',
  },
  reset_or_replace: {
    en: 'Drain the node and reset the GPU; replace the board if it comes back.',
    zh: '排空节点并复位 GPU；若再次出现则更换板卡。',
  },
  reset_when_free: {
    en: 'Reset the GPU at the next chance so that the remap takes effect.',
    zh: '在下一次空闲时复位 GPU，使重映射生效。',
  },
  replace: { en: 'Drain the node and replace the board.', zh: '排空节点并更换板卡。' },
  power_cycle: {
    en: 'Drain the node, power-cycle it, then check seating, power and PCIe; replace the board if it comes back.',
    zh: '排空节点并断电重启，检查插接、供电和 PCIe；若再次出现则更换板卡。',
  },
  watch_rows: {
    en: 'Watch the remapped rows; plan a replacement if they run out.',
    zh: '观察行重映射余量；耗尽前安排更换。',
  },
  contained: {
    en: 'The job is lost, others may go on; reset the GPU when it is free.',
    zh: '该作业已失败，其他作业可继续；空闲时复位 GPU。',
  },
  recovery: {
    en: 'Read the recovery action of the GPU: it asks for a reset, a reboot or a drain.',
    zh: '查看 GPU 的恢复动作：它要求复位、重启或排空。',
  },
  look_up: {
    en: "Look the code up in the vendor's XID list and in the kernel log of the node.",
    zh: '在厂商 XID 列表和节点内核日志中查询该代码。',
  },
} as const satisfies Record<string, Bilingual>

type Row = readonly [
  code: number,
  faultClass: FaultClass,
  severity: FaultDescription['severity'],
  en: string,
  zh: string,
  action: Action,
]

/**
 * The codes that matter in operation; the number decides, texts that tools print beside it are decoration.
 * Classes and advice are ours, after the vendor's public XID catalogue (2025).
 */
const ROWS: readonly Row[] = [
  [13, 'application', 'warning', 'Graphics engine exception', '图形引擎异常', 'job'],
  [31, 'application', 'warning', 'Memory page fault', '显存页错误', 'job'],
  [43, 'application', 'info', 'Application stopped', '应用停止', 'job'],
  [
    45,
    'application',
    'info',
    'Application cleaned up after an earlier error',
    '因先前错误清理应用',
    'job',
  ],
  [48, 'memory', 'critical', 'Double-bit ECC error', '双比特 ECC 错误', 'reset_or_replace'],
  [62, 'firmware', 'fatal', 'Internal micro-controller halt', '内部微控制器停机', 'gsp'],
  [63, 'memory', 'warning', 'Row remapped or page retired', '行重映射或页隔离', 'reset_when_free'],
  [
    64,
    'memory',
    'critical',
    'Row remap or page retirement failed',
    '行重映射或页隔离失败',
    'replace',
  ],
  [74, 'link', 'critical', 'NVLink error', 'NVLink 错误', 'link'],
  [79, 'bus', 'fatal', 'GPU fell off the bus', 'GPU 掉卡（脱离总线）', 'power_cycle'],
  [
    92,
    'memory',
    'warning',
    'High rate of single-bit ECC errors',
    '单比特 ECC 错误率高',
    'watch_rows',
  ],
  [94, 'memory', 'critical', 'Contained ECC error', '已隔离的 ECC 错误', 'contained'],
  [95, 'memory', 'fatal', 'Uncontained ECC error', '未隔离的 ECC 错误', 'reset_or_replace'],
  [119, 'firmware', 'critical', 'GSP RPC timeout', 'GSP RPC 超时', 'gsp'],
  [120, 'firmware', 'critical', 'GSP error', 'GSP 错误', 'gsp'],
  [144, 'link', 'critical', 'NVLink SAW error', 'NVLink SAW 错误', 'link'],
  [145, 'link', 'critical', 'NVLink RLW error', 'NVLink RLW 错误', 'link'],
  [146, 'link', 'critical', 'NVLink TLW error', 'NVLink TLW 错误', 'link'],
  [147, 'link', 'critical', 'NVLink TREX error', 'NVLink TREX 错误', 'link'],
  [148, 'link', 'critical', 'NVLink NVLPW_CTRL error', 'NVLink NVLPW_CTRL 错误', 'link'],
  [149, 'link', 'critical', 'NVLink NETIR error', 'NVLink NETIR 错误', 'link'],
  [150, 'link', 'critical', 'NVLink MSE error', 'NVLink MSE 错误', 'link'],
  [154, 'hardware', 'warning', 'GPU recovery action changed', 'GPU 恢复动作变化', 'recovery'],
]

const BY_CODE: ReadonlyMap<number, FaultDescription> = new Map(
  ROWS.map(([code, faultClass, severity, en, zh, action]) => [
    code,
    { class: faultClass, severity, name: { en, zh }, action: ACTIONS[action] },
  ]),
)

/**
 * What an XID means and what to do. Null for 0, which says that nothing happened, and for what is no code; a
 * code that is not in the list stays visible as a warning.
 */
export function xidFault(code: number): FaultDescription | null {
  if (!Number.isInteger(code) || code <= 0) return null
  const name = `XID ${code}`
  return (
    BY_CODE.get(code) ?? {
      class: 'unclassified',
      severity: 'warning',
      name: { en: name, zh: name },
      action: ACTIONS.look_up,
    }
  )
}
