import { ParseResult } from '#schemas/parse-result.ts'

/** TEST ONLY. What is read in a pasted output; null = no source recognizes it. */
export function parsedOf(text: string): ParseResult | null {
  if (!text.includes('DCGM_')) return null
  return ParseResult.parse({
    source: 'dcgm-exporter',
    outcome: 'ok',
    devices: [
      {
        uuid: 'GPU-1f6f0a5e',
        vendor: 'nvidia',
        model: 'H100 SXM5 80GB',
        node: 'n01',
        index: 0,
        metrics: { gpu_util_ratio: 0.98, power_watts: 611.2, temperature_celsius: null },
        labels: {},
      },
    ],
    rejected: [{ line: 'DCGM_FI_DEV_GPU_UTIL{gpu="3"} 4294967295', reason: 'out_of_range' }],
    rejected_total: 1,
    ignored: ['DCGM_FI_DEV_VGPU_LICENSE_STATUS'],
  })
}
