import type { Bilingual, FaultClass, FaultDescription } from '#schemas/faults.ts'
import { LEVEL_ADVICE, faultLevel } from './ascend-fault-levels.ts'

/**
 * Fault codes of Ascend chips, for every tool that prints them. A code is a 32-bit word that says where and
 * what: bits 30..17 the unit, bits 16..9 the kind of sensor (numbered as IPMI does where IPMI has it), bits
 * 8..0 the finding. Units: comments of the open driver and of the open runtime; kinds and findings: observed
 * in the same places, e.g. 80CD8008 = L2 buffer, chip event, multi-bit ECC. Black-box codes (A…, B…) follow
 * another scheme and are listed one by one.
 */

/** `0x8c03a000`, `8C03A000` -> `8C03A000`; anything that is no 32-bit hex word is null. */
export function canonicalFaultCode(text: string): string | null {
  const match = /^(?:0x)?([0-9a-f]{1,8})$/i.exec(text.trim())
  return match === null ? null : (match[1] ?? '').toUpperCase().padStart(8, '0')
}

/** The exporter's decimal (2349047808) -> `8C03A000`; null for 0, fractions and what is no 32-bit word. */
export function faultCodeOfDecimal(value: number): string | null {
  if (!Number.isInteger(value) || value <= 0 || value > 0xffff_ffff) return null
  return value.toString(16).toUpperCase().padStart(8, '0')
}

/**
 * Class, severity, name and advice of a code as `canonicalFaultCode` gives it. The vendor's handling level
 * decides severity and advice. A code nobody published stays visible: a warning that names it.
 */
export function ascendFault(code: string): FaultDescription {
  const advice = LEVEL_ADVICE[faultLevel(code)]
  const listed = LISTED.get(code)
  if (listed !== undefined)
    return {
      class: listed.class,
      severity: listed.severity ?? advice.severity,
      name: listed.name,
      action: listed.action ?? advice.action,
    }
  return { ...composed(code), severity: advice.severity, action: advice.action }
}

interface Listed {
  readonly class: FaultClass
  readonly name: Bilingual
  readonly severity?: FaultDescription['severity']
  readonly action?: Bilingual
}

const CHECK_PORT: Pick<Listed, 'severity' | 'action'> = {
  // The vendor's scheduler need not act; the job on this port does not move meanwhile.
  severity: 'warning',
  action: {
    en: 'Check the optical module, the cable and the switch port; jobs that use this port stall meanwhile.',
    zh: '检查光模块、线缆和交换机端口；期间使用该端口的作业会停滞。',
  },
}

/** Processes have one name in both languages; what is no process needs its Chinese one. */
const heartBeat = (en: string, zh = `${en} 进程`): Listed => ({
  class: 'firmware',
  name: { en: `Heart beat of ${en} lost`, zh: `${zh}心跳丢失` },
})
const blackBox = (en: string, zh?: string): Listed => {
  const { name, ...rest } = heartBeat(en, zh)
  return { ...rest, name: { en: `${name.en} (black box entry)`, zh: `${name.zh}（黑匣子记录）` } }
}
const listed = (fault: FaultClass, en: string, zh: string): Listed => ({
  class: fault,
  name: { en, zh },
})

/** Codes with a name of their own: event names of the open driver and of the vendor's public manuals. */
const LISTED: ReadonlyMap<string, Listed> = new Map<string, Listed>([
  ['40F84E00', heartBeat('the device', '芯片侧')],
  ['80FA4E00', heartBeat('the task scheduler CPU', '任务调度 CPU ')],
  ['A607FFFF', blackBox('the task scheduler CPU', '任务调度 CPU ')],
  ['812E4E00', heartBeat('the task scheduler firmware', '任务调度固件')],
  [
    '8C03A000',
    listed(
      'firmware',
      'A device process failed to start or exited',
      '芯片侧进程启动失败或异常退出',
    ),
  ],
  ['8C084E00', heartBeat('adda')],
  ['8C0A4E00', heartBeat('dmp_daemon')],
  ['8C0C4E00', heartBeat('sklogd')],
  ['8C0E4E00', heartBeat('slogd')],
  ['8C104E00', heartBeat('log-daemon')],
  ['8C124E00', heartBeat('hdcd')],
  ['8C204E00', heartBeat('tsd_daemon')],
  ['A60250A1', blackBox('tsd_daemon')],
  ['A4025021', blackBox('adda')],
  ['A4025041', blackBox('slogd')],
  ['A4025061', blackBox('sklogd')],
  ['A4025081', blackBox('dmp_daemon')],
  ['A40250E1', blackBox('log-daemon')],
  ['A4025101', blackBox('hdcd')],
  ['80E21007', listed('firmware', 'State check of dmp_daemon abnormal', 'dmp_daemon 状态检测异常')],
  [
    '80C98000',
    listed('hardware', 'AI Core instruction data failed its check', 'AI Core 指令数据校验失败'),
  ],
  ['80E01801', listed('memory', 'Multi-bit ECC error of the HBM', '片上内存多比特 ECC 错误')],
  [
    'A8028802',
    listed(
      'memory',
      'Multi-bit ECC error of the HBM (black box entry)',
      '片上内存多比特 ECC 错误（黑匣子记录）',
    ),
  ],
  [
    '80E01809',
    listed(
      'memory',
      'Multi-bit ECC error found by the HBM patrol',
      '片上内存巡检发现多比特 ECC 错误',
    ),
  ],
  ['80E18400', listed('memory', 'HBM ECC notice', '片上内存 ECC 通知')],
  ['80E18401', listed('memory', 'HBM ECC warning', '片上内存 ECC 告警')],
  [
    'A4028801',
    listed('memory', 'HBM ECC warning (black box entry)', '片上内存 ECC 告警（黑匣子记录）'),
  ],
  ['80E18402', listed('memory', 'No spare HBM rows left', '片上内存隔离行已满')],
  [
    'A8028801',
    listed(
      'memory',
      'No spare HBM rows left (black box entry)',
      '片上内存隔离行已满（黑匣子记录）',
    ),
  ],
  ['80818C05', listed('hardware', 'Stress test failed', '压力测试失败')],
  ['80818C06', listed('hardware', 'Stress test found a weakness', '压力测试发现芯片亚健康')],
  [
    '81078603',
    { ...listed('network', 'RoCE port of the chip is down', '芯片 RoCE 网口断链'), ...CHECK_PORT },
  ],
  [
    '8C1F8608',
    {
      ...listed('network', 'RoCE completion error (device)', 'RoCE CQE 错误（芯片侧）'),
      ...CHECK_PORT,
    },
  ],
  [
    '4C1F8608',
    {
      ...listed('network', 'RoCE completion error (host)', 'RoCE CQE 错误（主机侧）'),
      ...CHECK_PORT,
    },
  ],
  ['8C1F860B', listed('network', 'Collective communication was retried', '集合通信发生重试')],
])

type Place = readonly [bits: number, faultClass: FaultClass, en: string, zh: string]

/** First 16 bits of a code; the last bit of them belongs to the kind, so even and odd name one unit. */
const UNITS: readonly Place[] = [
  [0x80a0, 'hardware', 'CPU core', 'CPU 核'],
  [0x80a2, 'hardware', 'L3 cache data', 'L3 缓存数据'],
  [0x80a4, 'hardware', 'L3 cache tags', 'L3 缓存标签'],
  [0x80a6, 'hardware', 'On-chip mesh', '片内网络'],
  [0x80ac, 'hardware', 'Interrupt controller', '中断控制器'],
  [0x80b4, 'link', 'SIO link between dies', '芯粒间 SIO 链路'],
  [0x80b6, 'link', 'Link controller between dies', '芯粒间链路控制器'],
  [0x80b8, 'bus', 'PCIe', 'PCIe'],
  [0x80ba, 'network', 'RoCE engine', 'RoCE 引擎'],
  [0x80bc, 'network', 'Network interface', '网络接口'],
  [0x80c6, 'hardware', 'Task scheduler', '任务调度器'],
  [0x80c8, 'hardware', 'AI Core', 'AI Core'],
  [0x80ca, 'hardware', 'AI Vector core', 'AI Vector 核'],
  [0x80cc, 'hardware', 'L2 buffer', 'L2 缓冲'],
  [0x80ce, 'hardware', 'SDMA engine', 'SDMA 引擎'],
  [0x80d0, 'hardware', 'Media engine', '媒体处理单元'],
  [0x80de, 'memory', 'DDR memory', 'DDR 内存'],
  [0x80e0, 'memory', 'HBM', '片上内存'],
  [0x80e2, 'hardware', 'Power management', '电源管理单元'],
  [0x80f0, 'hardware', 'Memory home agent', '内存一致性代理'],
  [0x80f2, 'hardware', 'HBM home agent', '片上内存一致性代理'],
  [0x80f6, 'hardware', 'Hardware task scheduler', '硬件任务调度器'],
  [0x80fa, 'hardware', 'Task scheduler CPU', '任务调度 CPU'],
  [0x8106, 'network', 'RoCE port', 'RoCE 网口'],
  [0x812e, 'firmware', 'Task scheduler firmware', '任务调度固件'],
  [0x8132, 'hardware', 'Dispatch to the task scheduler', '任务调度派发单元'],
  [0x813a, 'hardware', 'Dispatch to AI Cores', 'AI Core 派发单元'],
  [0x813c, 'hardware', 'AI Core ring', 'AI Core 环网'],
  [0x8146, 'hardware', 'Dispatch to the media engine', '媒体派发单元'],
  [0x815e, 'hardware', 'Dispatch to peripherals', '外设派发单元'],
  [0x8192, 'hardware', 'Dispatch to the data engine', '数据加速派发单元'],
  [0x8194, 'network', 'Dispatch to the network interface', '网络派发单元'],
  [0x8196, 'bus', 'Dispatch to PCIe', 'PCIe 派发单元'],
  [0x81ae, 'link', 'UB link', 'UB 链路'],
  [0x81b0, 'link', 'UB port', 'UB 端口'],
  [0x81b4, 'link', 'Dispatch to UB', 'UB 派发单元'],
  [0x81b6, 'link', 'UB ring', 'UB 环网'],
  [0x8c1e, 'network', 'Communication stack', '通信栈'],
]

type Finding = readonly [en: string, zh: string, faultClass?: FaultClass]

/** Findings of chip events (kind C0), by their number. */
const CHIP_EVENTS: Readonly<Record<number, Finding>> = {
  0: ['error', '错误'],
  1: ['non-fatal error', '非致命错误'],
  2: ['bad input', '输入错误'],
  3: ['bad access or configuration', '访问或配置错误'],
  4: ['bad configuration', '配置错误'],
  5: ['parity error', '奇偶校验错误'],
  6: ['single-bit ECC error', '单比特 ECC 错误'],
  8: ['multi-bit ECC error', '多比特 ECC 错误'],
  9: ['bus error', '总线错误'],
  10: ['timeout', '超时'],
  13: ['link error', '链路错误'],
}

/** Findings of a memory sensor (kind 0C), IPMI numbering. */
const MEMORY_EVENTS: Readonly<Record<number, Finding>> = {
  0: ['correctable ECC error', '可纠正 ECC 错误', 'memory'],
  1: ['multi-bit ECC error', '多比特 ECC 错误', 'memory'],
  3: ['scrub failed', '内存巡检失败', 'memory'],
  5: ['correctable ECC errors above the limit', '可纠正 ECC 错误超限', 'memory'],
}

/** Findings of a temperature sensor (kind 01), IPMI numbering. */
const THERMAL_EVENTS: Readonly<Record<number, Finding>> = {
  7: ['temperature above its warning limit', '温度超过告警阈值', 'thermal'],
  9: ['temperature above its critical limit', '温度超过严重阈值', 'thermal'],
  11: ['temperature above its last limit', '温度超过极限阈值', 'thermal'],
}

function findingOf(kind: number, number: number): Finding | undefined {
  switch (kind) {
    case 0x01:
      return THERMAL_EVENTS[number] ?? ['temperature event', '温度事件', 'thermal']
    case 0x0c:
      return MEMORY_EVENTS[number] ?? ['memory event', '内存事件', 'memory']
    case 0x0f:
      return ['firmware error', '固件错误', 'firmware']
    case 0x27:
      return ['heart beat lost', '心跳丢失', 'firmware']
    case 0xc0:
      return CHIP_EVENTS[number]
    case 0xc3:
      return number === 3 ? ['link down', '链路断开'] : ['communication event', '通信事件']
    default:
      return undefined
  }
}

const UNIT_BY_BITS: ReadonlyMap<number, Place> = new Map(UNITS.map((unit) => [unit[0], unit]))

/** Class and name from the parts of a code: as much as is known, the code itself always. */
function composed(code: string): Pick<FaultDescription, 'class' | 'name'> {
  const word = Number.parseInt(code, 16)
  const isChipCode = word >= 0x8000_0000 && word < 0x9000_0000
  const unit = isChipCode ? UNIT_BY_BITS.get((word >>> 16) & 0xfffe) : undefined
  const finding = isChipCode ? findingOf((word >>> 9) & 0xff, word & 0x1ff) : undefined
  const en = [unit?.[2], finding?.[0]].filter((part) => part !== undefined)
  const zh = [unit?.[3], finding?.[1]].filter((part) => part !== undefined)
  return {
    class: finding?.[2] ?? unit?.[1] ?? 'unclassified',
    name: {
      en: en.length === 0 ? `Fault ${code}` : `${capital(en.join(': '))} (${code})`,
      zh: zh.length === 0 ? `故障 ${code}` : `${zh.join('：')}（${code}）`,
    },
  }
}

const capital = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1)
