import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CLASS_SCORE_MIN, workloadClass } from './workload-class.ts'

describe('the class of a workload', () => {
  it.each([
    [{ label: 'vllm' }, 'serving', 'vllm'],
    [{ image: 'registry/vllm-openai:v1' }, 'serving', 'vllm'],
    [{ command: 'vllm serve some/model --port 8000' }, 'serving', 'vllm'],
    [{ command: 'python -m vllm.entrypoints.openai.api_server' }, 'serving', 'vllm'],
    [{ metricNames: ['vllm:num_requests_running'] }, 'serving', 'vllm'],
    [{ image: 'quay/vllm-ascend:v0.9' }, 'serving', 'vllm-ascend'],
    [{ label: 'deepspeed stage3' }, 'training', 'deepspeed'],
    [{ command: 'python -m deepspeed.launcher.launch train.py' }, 'training', 'deepspeed'],
    [{ command: 'train.py --deepspeed ds_config_z3.json' }, 'training', 'deepspeed'],
    [
      {
        image: 'hpcaitech/open-sora',
        command: 'torchrun scripts/diffusion/train.py configs/diffusion/train/a.py',
      },
      'training',
      'open-sora',
    ],
    [{ command: 'torchrun pretrain.py', image: 'mindspeed:2.0' }, 'training', 'ascend-training'],
    [{ label: 'burn-in' }, 'verification', ''],
    [{ label: 'interactive' }, 'interactive', ''],
  ])('%j is %s', (evidence, workload, program) => {
    const found = workloadClass(evidence)
    expect(found).toMatchObject({ class: workload, program })
    expect(found.score).toBeGreaterThanOrEqual(CLASS_SCORE_MIN)
    expect(found.reason).not.toBe('')
  })

  it.each([
    [{}],
    [{ jobName: 'vllm-serve' }],
    [{ command: 'torchrun train.py' }],
    [{ command: 'torchrun scripts/diffusion/train.py' }],
    [{ label: 'deepspeed', image: 'busybox', jobName: 'x', log: '', command: 'vllm serve' }],
  ])('%j is not enough, or not sure', (evidence) => {
    const { class: workload, score } = workloadClass(evidence)
    if (score < CLASS_SCORE_MIN) expect(workload).toBe('')
    else expect(workload).toBe('training')
  })

  it('two programs that are as likely give no class, and both reasons', () => {
    const found = workloadClass({ label: 'deepspeed or vllm' })
    expect(found).toMatchObject({ class: '', reason: 'label: vllm; or label: deepspeed' })
  })

  it('keeps the names of rules, never the text', () => {
    const { reason } = workloadClass({ command: 'vllm serve m --api-key hunter2' })
    expect(reason).toBe('command: vllm serve')
  })

  it('any evidence has a score between 0 and 1, and a class only from the threshold on', () => {
    const text = fc.string({ unit: fc.constantFrom('vllm', ' serve', 'deepspeed', 'x', '/', ' ') })
    fc.assert(
      fc.property(fc.record({ label: text, image: text, command: text, log: text }), (evidence) => {
        const { class: workload, score } = workloadClass(evidence)
        expect(score).toBeGreaterThanOrEqual(0)
        expect(score).toBeLessThan(1)
        if (workload !== '') expect(score).toBeGreaterThanOrEqual(CLASS_SCORE_MIN)
      }),
    )
  })
})

const folder = join(import.meta.dirname, '../../../shared/samples/facility/workload')

describe.skipIf(!existsSync(folder))('samples (SKIPPED LOUDLY without ../shared)', () => {
  it('a DeepSpeed log is training, the metrics of vLLM are serving', () => {
    const log = readFileSync(join(folder, 'constructed-deepspeed-log.txt'), 'utf8')
    expect(workloadClass({ log })).toMatchObject({ class: 'training', program: 'deepspeed' })
    const table = readFileSync(join(folder, 'vllm-metrics.tsv'), 'utf8').split('\n')
    const metricNames = table.map((line) => line.split('\t')[0] ?? '')
    expect(workloadClass({ metricNames })).toMatchObject({ class: 'serving', program: 'vllm' })
  })
})
