import { VERIFICATION_CLASS } from '#schemas/ledger.ts'

/** What is known of a job's work. Only whether a text matches is kept, never the text: it may hold secrets. */
export interface WorkloadEvidence {
  /** Scheduler label or comment. */
  readonly label?: string
  readonly image?: string
  readonly command?: string
  readonly jobName?: string
  /** Lines of the job's own log. */
  readonly log?: string
  /** Names of metrics that its endpoint serves. */
  readonly metricNames?: readonly string[]
}

/** The class of work, how sure, and which rules said so. */
export interface WorkloadClass {
  /** training | serving | interactive | verification; empty = unknown. */
  readonly class: string
  /** The program, where it is known: `vllm`, `deepspeed`… */
  readonly program: string
  /** 0..1 of the best guess, also when it is too weak to be said. */
  readonly score: number
  /** `label: vllm, command: vllm serve`: names of the rules that matched. */
  readonly reason: string
}

/** Below this the class is unknown: one generic hint is never enough. */
export const CLASS_SCORE_MIN = 0.5

type Field = Exclude<keyof WorkloadEvidence, 'metricNames'> | 'metrics'

/** Trust by where it is said (facts sheet attribution.md section 3); a user's name for a job is a hint. */
const TRUST: Readonly<Record<Field, number>> = {
  label: 0.9,
  image: 0.8,
  command: 0.7,
  log: 0.7,
  metrics: 0.6,
  jobName: 0.4,
}
/** Trust in a word that several programs use, wherever it stands. */
const GENERIC = 0.3

interface Rule {
  readonly program: string
  readonly class: string
  readonly fields: readonly Field[]
  readonly pattern: RegExp
  readonly name: string
  readonly isGeneric?: true
}

const NAMES = ['label', 'image', 'jobName'] as const

const RULES: readonly Rule[] = [
  {
    program: 'vllm-ascend',
    class: 'serving',
    fields: [...NAMES, 'command'],
    pattern: /\bvllm[-_]ascend\b/i,
    name: 'vllm-ascend',
  },
  { program: 'vllm', class: 'serving', fields: NAMES, pattern: /\bvllm/i, name: 'vllm' },
  {
    program: 'vllm',
    class: 'serving',
    fields: ['command'],
    pattern: /\bvllm serve\b|\bvllm\.entrypoints\.openai\.api_server\b/,
    name: 'vllm serve',
  },
  { program: 'vllm', class: 'serving', fields: ['metrics'], pattern: /^vllm:/m, name: 'vllm:*' },
  {
    program: 'deepspeed',
    class: 'training',
    fields: NAMES,
    pattern: /\bdeepspeed\b/i,
    name: 'deepspeed',
  },
  {
    program: 'deepspeed',
    class: 'training',
    fields: ['command'],
    pattern: /(^|[\s/])deepspeed(\s|$)|\bdeepspeed\.launcher\.|--deepspeed\b|\bds_config\S*\.json/,
    name: 'deepspeed launcher',
  },
  {
    program: 'deepspeed',
    class: 'training',
    fields: ['log'],
    pattern: /\bRunningAvgSamplesPerSec=/,
    name: 'throughput line',
  },
  {
    program: 'open-sora',
    class: 'training',
    fields: [...NAMES, 'command'],
    pattern: /\bopen-?sora\b|\bcolossalai\b/i,
    name: 'open-sora',
  },
  {
    program: 'open-sora',
    class: 'training',
    fields: ['command'],
    pattern: /\bscripts\/diffusion\/train\.py\b/,
    name: 'diffusion script',
    isGeneric: true,
  },
  {
    program: 'ascend-training',
    class: 'training',
    fields: ['image', 'command'],
    pattern: /\bmindspeed\b|\btorch_npu\b/i,
    name: 'mindspeed or torch_npu',
    isGeneric: true,
  },
  {
    program: 'ascend-training',
    class: 'training',
    fields: ['command'],
    pattern: /\b(torchrun|msrun)\b/,
    name: 'launcher',
    isGeneric: true,
  },
  ...(
    [
      ['training', /^(pre)?train(ing)?$|^sft$|^finetun(e|ing)$/i],
      ['serving', /^(serving|serve|inference|infer)$/i],
      ['interactive', /^(interactive|notebook|jupyter|debug)$/i],
      [VERIFICATION_CLASS, /^(verification|burn-?in|acceptance|health-?check)$/i],
    ] as const
  ).map(([workload, pattern]): Rule => ({
    program: '',
    class: workload,
    fields: ['label'],
    pattern,
    name: workload,
  })),
]

/**
 * The class of work that the evidence speaks for. Rules of one program add up, one for each place; two programs
 * of different classes that are as likely give no class.
 */
export function workloadClass(evidence: WorkloadEvidence): WorkloadClass {
  const guesses = new Map<string, WorkloadClass & { readonly doubt: number }>()
  for (const rule of RULES)
    for (const field of rule.fields) {
      if (!rule.pattern.test(textOf(evidence, field))) continue
      const trust = rule.isGeneric === true ? GENERIC : TRUST[field]
      const key = `${rule.class}/${rule.program}`
      const before = guesses.get(key)
      const doubt = (before?.doubt ?? 1) * (1 - trust)
      const named = `${field}: ${rule.name}`
      const reason = before === undefined ? named : `${before.reason}, ${named}`
      const { class: workload, program } = rule
      guesses.set(key, { class: workload, program, doubt, score: 1 - doubt, reason })
    }
  const [best, ...others] = [...guesses.values()].toSorted((a, b) => b.score - a.score)
  if (best === undefined) return { class: '', program: '', score: 0, reason: '' }
  const { score, reason, program } = best
  const rival = others.find((other) => other.class !== best.class && other.score >= score - 0.05)
  if (rival !== undefined)
    return { class: '', program: '', score, reason: `${reason}; or ${rival.reason}` }
  return score < CLASS_SCORE_MIN
    ? { class: '', program: '', score, reason }
    : { class: best.class, program, score, reason }
}

/** Enough to find a word; evidence can be a whole log. */
const TEXT_MAX = 65_536

function textOf(evidence: WorkloadEvidence, field: Field): string {
  const text =
    field === 'metrics' ? (evidence.metricNames ?? []).join('\n') : (evidence[field] ?? '')
  return text.slice(0, TEXT_MAX).trim()
}
