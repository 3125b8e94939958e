/** What tells an accelerator of one vendor on a machine: its bus id, its device files, its tools. */
export interface VendorHardware {
  readonly name: string
  /** `vendor` of the readings of its devices. */
  readonly readingVendors: readonly string[]
  /** PCI vendor id as sysfs prints it. */
  readonly pciId: string
  /** PCI class (upper byte, or upper two) that its accelerators have; other functions are no cards. */
  readonly classes: RegExp
  /** Names under /dev. The first group of files is one per device. */
  readonly deviceFile: RegExp
  /** Files every reader needs beside those of the devices. */
  readonly controlFile: RegExp
  readonly group: string
  readonly tools: string
}

/**
 * Known vendors. PCI ids: the PCI ID repository. Classes: 03 display, 12 processing accelerator, 0b40
 * co-processor, 0480 other multimedia. Huawei's id is also that of network cards and of the management
 * controller's VGA (19e5:1711), so only class 12 counts there.
 */
export const VENDORS = {
  nvidia: {
    name: 'NVIDIA',
    readingVendors: ['nvidia'],
    pciId: '0x10de',
    classes: /^0x03/,
    deviceFile: /^nvidia\d+$/,
    controlFile: /^nvidia(ctl|-uvm)$/,
    group: 'root, or the group that owns /dev/nvidia*',
    tools: 'nvidia-smi, dcgmi, dcgm-exporter on :9400',
  },
  ascend: {
    name: 'Ascend',
    readingVendors: ['huawei', 'ascend'],
    pciId: '0x19e5',
    classes: /^0x12/,
    deviceFile: /^davinci\d+$/,
    controlFile: /^(davinci_manager|devmm_svm|hisi_hdc)$/,
    group: 'root or the group HwHiAiUser',
    tools: 'npu-smi, npu-exporter on :8082',
  },
  cambricon: {
    name: 'Cambricon',
    readingVendors: ['cambricon'],
    pciId: '0xcabc',
    classes: /^0x(03|12|0b40|0480)/,
    deviceFile: /^cambricon_dev\d+$/,
    controlFile: /^cambricon_ctl$/,
    group: 'root, or the group that owns /dev/cambricon*',
    tools: 'cnmon, mlu-exporter on :30108',
  },
  kunlun: {
    name: 'Kunlun',
    readingVendors: ['kunlun', 'kunlunxin', 'baidu'],
    pciId: '0x1d22',
    classes: /^0x(03|12|0b40|0480)/,
    deviceFile: /^xpu\d+$/,
    controlFile: /^xpuctrl$/,
    group: 'root, or the group that owns /dev/xpu*',
    tools: 'xpu-smi',
  },
} as const satisfies Record<string, VendorHardware>

export type CardVendor = keyof typeof VENDORS

const NAMES: readonly CardVendor[] = ['nvidia', 'ascend', 'cambricon', 'kunlun']

/** Every known vendor, by our name of it. */
export const vendorEntries: readonly (readonly [CardVendor, VendorHardware])[] = NAMES.map(
  (name) => [name, VENDORS[name]],
)

/** The vendor that a reading's own word names, or null. */
export function vendorOfReading(vendor: string): CardVendor | null {
  const word = vendor.toLowerCase()
  const found = vendorEntries.find(([, { readingVendors }]) => readingVendors.includes(word))
  return found?.[0] ?? null
}

/** Tools that read accelerators, and how each is asked for its version; null = only looked for. */
export const TOOLS: readonly {
  readonly command: string
  readonly args: readonly string[] | null
}[] = [
  { command: 'nvidia-smi', args: ['--version'] },
  { command: 'dcgmi', args: ['--version'] },
  { command: 'npu-smi', args: ['-v'] },
  { command: 'cnmon', args: ['version'] },
  // Intel ships a tool of this name too; which one it is only its output says.
  { command: 'xpu-smi', args: ['--version'] },
  { command: 'xpu_smi', args: ['--version'] },
  { command: 'hy-smi', args: null },
  { command: 'rocm-smi', args: null },
  { command: 'mx-smi', args: null },
  { command: 'ixsmi', args: null },
  { command: 'mthreads-gmi', args: null },
  { command: 'efsmi', args: null },
]
