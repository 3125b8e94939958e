import type { Bilingual, FaultClass, FaultDescription } from '#schemas/faults.ts'

type Action = keyof typeof ACTIONS

const ACTIONS = {
  nothing: { en: 'Nothing to do.', zh: '无需处理。' },
  job: {
    en: 'Look at the job that ran there first; suspect the board only if several jobs fail on it.',
    zh: '先检查当时运行的作业；只有多个作业都在此卡上失败时才怀疑硬件。',
  },
  driver: {
    en: 'Look at the job and the driver version; update the driver, and suspect the board if it stays.',
    zh: '检查作业和驱动版本；升级驱动后仍出现再怀疑硬件。',
  },
  display: {
    en: 'Compute work is not concerned; look at displays or remote desktops on this GPU, if there are any.',
    zh: '与计算无关；如此卡接有显示或远程桌面，请检查它们。',
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
  plan_replacement: {
    en: 'The board goes on working; plan its replacement.',
    zh: '板卡仍可工作；请安排更换。',
  },
  power_cycle: {
    en: 'Drain the node, power-cycle it, then check seating, power and PCIe; replace the board if it comes back.',
    zh: '排空节点并断电重启，检查插卡、供电和 PCIe；若再次出现则更换板卡。',
  },
  power_cable: {
    en: 'Check the power cable of the board and the power supply of the node.',
    zh: '检查板卡供电线缆和节点电源。',
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

type Name = readonly [code: number, en: string, zh: string]
interface Group {
  readonly class: FaultClass
  readonly severity: FaultDescription['severity']
  readonly action: Action
  readonly codes: readonly Name[]
}

const group = (
  faultClass: FaultClass,
  severity: FaultDescription['severity'],
  action: Action,
  codes: readonly Name[],
): Group => ({ class: faultClass, severity, action, codes })

/** Many engines of one kind have a code each: `[70, 3]` is copy engine 3. */
const engines = (
  en: string,
  zh: string,
  codes: readonly (readonly [code: number, engine: number])[],
): readonly Name[] =>
  codes.map(([code, engine]) => [code, `${en} ${engine} error`, `${zh} ${engine} 错误`])

/**
 * The codes that matter in operation; the number decides, texts that tools print beside it are decoration.
 * Classes and advice are ours, after the vendor's public XID catalogue (2025). Numbers that the vendor calls
 * unused or reserved, and those above 172, have no line.
 */
const GROUPS: readonly Group[] = [
  group('application', 'warning', 'job', [
    [8, 'GPU stopped processing', 'GPU 停止处理'],
    [13, 'Graphics engine exception', '图形引擎异常'],
    [31, 'Memory page fault', 'GPU 内存页错误（MMU）'],
    [44, 'Engine fault during a context switch', '上下文切换时引擎故障'],
    [69, 'Graphics engine class error', '图形引擎类错误'],
    [109, 'Context switch timeout', '上下文切换超时'],
    ...[27, 28, 29, 34, 35, 36, 42, 47, 60, 65].map((code): Name => [
      code,
      'Video processor exception',
      '视频处理器异常',
    ]),
    ...engines('Video decoder', '视频解码器', [
      [68, 0],
      [83, 1],
      [84, 2],
      [88, 3],
      [89, 4],
      [96, 5],
      [97, 6],
      [98, 7],
    ]),
    ...engines('Video encoder', '视频编码器', [
      [73, 2],
      [142, 3],
    ]),
    ...engines('JPEG engine', 'JPEG 引擎', [
      [82, 0],
      ...[99, 100, 101, 102, 103, 104, 105].map((code) => [code, code - 98] as const),
    ]),
    ...engines('Optical flow engine', '光流引擎', [
      [86, 0],
      [139, 1],
    ]),
    [138, 'Deep learning accelerator error', '深度学习加速器错误'],
    [152, 'Deep learning accelerator address error', '深度学习加速器地址错误'],
    [153, 'Deep learning accelerator timeout', '深度学习加速器超时'],
  ]),
  group('application', 'info', 'job', [
    [43, 'Application stopped', '应用停止'],
    [45, 'Application cleaned up after an earlier error', '因先前错误清理应用'],
  ]),
  group('driver', 'warning', 'driver', [
    ...[1, 2, 3, 4, 6, 7, 11, 25, 32].map((code): Name => [
      code,
      'Invalid or corrupted command stream',
      '命令流无效或损坏',
    ]),
    ...[20, 21, 22].map((code): Name => [
      code,
      'Invalid or corrupted video command stream',
      '视频命令流无效或损坏',
    ]),
    [9, 'Driver error while programming the GPU', '驱动配置 GPU 出错'],
    [12, 'Driver error while handling an exception', '驱动处理异常出错'],
    [24, 'Semaphore timeout', '信号量超时'],
    [30, 'Semaphore access error', '信号量访问错误'],
    [37, 'Driver firmware error', '驱动固件错误'],
    [38, 'Driver firmware error', '驱动固件错误'],
    [46, 'GPU stopped processing', 'GPU 停止处理'],
    [66, 'Illegal access by the driver', '驱动非法访问'],
    [67, 'Illegal access by the driver', '驱动非法访问'],
    [78, 'vGPU could not start', 'vGPU 启动失败'],
    [141, 'Channel fast path error', '通道快速路径错误'],
    [151, 'Encryption key rotation error', '加密密钥轮换错误'],
  ]),
  group('driver', 'info', 'display', [
    [16, 'Display engine hung', '显示引擎挂起'],
    [19, 'Display engine error', '显示引擎错误'],
    [56, 'Display engine error', '显示引擎错误'],
    [81, 'VGA subsystem error', 'VGA 子系统错误'],
    ...[111, 112, 113, 114, 115, 116, 117, 118].map((code): Name => [
      code,
      'Display error',
      '显示错误',
    ]),
  ]),
  group('memory', 'warning', 'reset_when_free', [
    [63, 'Row remapped or page retired', '行重映射或页隔离'],
    [156, 'Memory resource retired', '内存资源已隔离'],
    [160, 'Memory channel retired', '内存通道已隔离'],
    [168, 'Memory capacity reduced', '显存容量减少'],
  ]),
  group('memory', 'critical', 'replace', [
    [64, 'Row remap or page retirement failed', '行重映射或页隔离失败'],
    [157, 'Memory resource retirement failed', '内存资源隔离失败'],
    [161, 'Memory channel retirement failed', '内存通道隔离失败'],
  ]),
  group('memory', 'critical', 'reset_or_replace', [
    [26, 'Memory timeout', '显存超时'],
    [48, 'Double-bit ECC error', '双比特 ECC 错误'],
    [57, 'Memory interface could not be set up', '显存接口配置失败'],
    [58, 'Memory interface unstable', '显存接口不稳定'],
    [140, 'Unrecovered ECC error', '未恢复的 ECC 错误'],
    [172, 'Uncorrectable SRAM error', 'SRAM 不可纠正错误'],
  ]),
  group('memory', 'critical', 'contained', [
    [94, 'Contained ECC error', '影响已受控的 ECC 错误'],
    [171, 'Uncorrectable DRAM error', 'DRAM 不可纠正错误'],
  ]),
  group('memory', 'fatal', 'reset_or_replace', [
    [95, 'Uncontained ECC error', '影响未受控的 ECC 错误'],
  ]),
  group('memory', 'warning', 'watch_rows', [
    [92, 'High rate of single-bit ECC errors', '单比特 ECC 错误率高'],
  ]),
  group('link', 'critical', 'link', [
    [74, 'NVLink error', 'NVLink 错误'],
    [136, 'NVLink training failed', 'NVLink 训练失败'],
    [137, 'NVLink privilege error', 'NVLink 权限错误'],
    ...['SAW', 'RLW', 'TLW', 'TREX', 'NVLPW_CTRL', 'NETIR', 'MSE'].map((unit, at): Name => [
      144 + at,
      `NVLink ${unit} error`,
      `NVLink ${unit} 错误`,
    ]),
    [155, 'NVLink error defined by software', 'NVLink 软件定义错误'],
    [166, 'NVLink encryption error', 'NVLink 加密错误'],
    [170, 'NVLink interrupt in confidential mode', '机密模式下的 NVLink 中断'],
  ]),
  group('link', 'warning', 'reset_or_replace', [
    [121, 'Chip-to-chip link error', '芯片间链路（C2C）错误'],
  ]),
  group('bus', 'fatal', 'power_cycle', [
    [79, 'GPU fell off the bus', 'GPU 掉卡（脱离总线）'],
    [167, 'PCIe fatal timeout', 'PCIe 致命超时'],
  ]),
  group('bus', 'critical', 'power_cycle', [
    [18, 'Bus mastering switched off', '总线主控被关闭'],
    [80, 'Corrupted data sent to the GPU', '发送给 GPU 的数据损坏'],
    [159, 'Coherent bus error', '一致性总线错误'],
  ]),
  group('firmware', 'critical', 'gsp', [
    [33, 'Internal micro-controller error', '内部微控制器错误'],
    [59, 'Internal micro-controller error', '内部微控制器错误'],
    [119, 'GSP RPC timeout', 'GSP RPC 超时'],
    [120, 'GSP error', 'GSP 错误'],
  ]),
  group('firmware', 'fatal', 'gsp', [
    [62, 'Internal micro-controller halt', '内部微控制器停机'],
    [169, 'Internal micro-controller halt', '内部微控制器停机'],
  ]),
  group('firmware', 'warning', 'reset_or_replace', [
    [61, 'Internal micro-controller warning', '内部微控制器告警'],
    [122, 'Board flash could not be read', '板载闪存读取失败'],
    [123, 'Board flash could not be written', '板载闪存写入失败'],
    [124, 'Board flash could not be erased', '板载闪存擦除失败'],
    [125, 'InfoROM file system failure', 'InfoROM 文件系统故障'],
  ]),
  group('hardware', 'warning', 'reset_or_replace', [
    ...engines('Copy engine', '拷贝引擎', [
      [70, 3],
      [71, 4],
      [72, 5],
      [75, 6],
      [76, 7],
      [77, 8],
      [85, 9],
      ...Array.from({ length: 10 }, (_, at) => [126 + at, 10 + at] as const),
    ]),
  ]),
  group('hardware', 'critical', 'reset_or_replace', [[110, 'Security fault', '安全故障']]),
  group('hardware', 'fatal', 'reset_or_replace', [[158, 'GPU fatal timeout', 'GPU 致命超时']]),
  group('hardware', 'fatal', 'power_cycle', [
    [143, 'GPU could not be initialized', 'GPU 初始化失败'],
  ]),
  group('hardware', 'warning', 'recovery', [
    [154, 'GPU recovery action changed', 'GPU 恢复动作变化'],
  ]),
  group('hardware', 'info', 'plan_replacement', [
    [93, 'InfoROM wear limit exceeded', 'InfoROM 写入寿命超限'],
  ]),
  group('hardware', 'info', 'nothing', [
    [106, 'Test message of the management bus', '管理总线测试消息'],
    [107, 'Silent test message of the management bus', '管理总线静默测试消息'],
  ]),
  group('power', 'critical', 'power_cable', [
    [54, 'Auxiliary power not connected', '辅助供电未连接'],
  ]),
  group('power', 'info', 'nothing', [
    [162, 'Power smoothing circuit engaged again', '功率平滑电路重新启用'],
  ]),
  group('power', 'warning', 'plan_replacement', [
    [163, 'Power smoothing circuit disengaged', '功率平滑电路已脱开'],
    [164, 'Power smoothing circuit near its end of life', '功率平滑电路寿命将尽'],
    [165, 'Power smoothing circuit at its end of life', '功率平滑电路寿命耗尽'],
  ]),
]

const BY_CODE: ReadonlyMap<number, FaultDescription> = new Map(
  GROUPS.flatMap((known) =>
    known.codes.map(([code, en, zh]): [number, FaultDescription] => [
      code,
      {
        class: known.class,
        severity: known.severity,
        name: { en, zh },
        action: ACTIONS[known.action],
      },
    ]),
  ),
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
