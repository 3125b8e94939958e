import type { enCase } from './en-case.ts'

/** Texts of how a device is measured and of what is done with it, in Chinese. */
export const zhCase: typeof enCase = {
  measured: {
    title: '如何测量？',
    none: '当前没有任何反映其工作的计数器：未知，而非空闲。',
    metric: '计数器',
    value: '当前',
    counts: '计为',
    beside: '仅供参考',
    tiers: { busy: '忙碌', active: '活跃', effective: '有效' },
    missing: (tiers: string) => `没有计数器给出${tiers}：缺失，而非零。`,
    clock: '有效值为该值乘以当前时钟与最高时钟之比。',
    says: {
      gpu_util_ratio: '有任意内核在 GPU 上运行的时间占比，无论多小。',
      npu_util_ratio: '工具给出的整颗 NPU 的单一数值。',
      gr_engine_active_ratio: '计算引擎有任务的时间占比。',
      aicore_ratio: 'AI Core 工作的时间占比。',
      sm_active_ratio: '有线程束的 SM 的平均占比。',
      sm_occupancy_ratio: '线程束数量与上限之比：不代表工作效率。',
      memory_bandwidth_active_ratio: '显存被读写的时间占比。',
      tensor_active_ratio: '张量核心进行计算的时间占比。',
      aicube_ratio: '矩阵单元进行计算的时间占比。',
    },
  },
  drain: {
    title: '停止接收作业',
    text: 'Plimsoll 不会执行这些命令。正在运行的作业会继续到结束。',
    slurm: 'Slurm',
    kubernetes: 'Kubernetes',
    undo: '恢复',
  },
  vendor: {
    title: '厂商报障',
    text: '设备、版本与最新事件的文本，不含租户与作业。',
  },
  copy: '复制',
  copied: '已复制',
  copyOf: (what: string) => `复制：${what}`,
  notCopied: '浏览器不允许复制：请选中文本。',
}
