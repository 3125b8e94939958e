/** Something in a file that could not be taken as it stands: where, what, and what to do about it. */
export interface Problem {
  /** `line 12`, `job 50204`… */
  readonly where: string
  readonly message: string
}

/** Problems of one file: the first ones as examples, all of them counted. */
export interface ProblemReport {
  /** Rows or jobs that were left out. */
  readonly refused: number
  /** Things that were taken, but not as exactly as they could be. */
  readonly noted: number
  readonly examples: readonly Problem[]
}

const EXAMPLES = 20

/** Collects problems; a file with a million bad lines keeps `EXAMPLES` of them, refusals before notes. */
export class Problems {
  #refused: Problem[] = []
  #noted: Problem[] = []
  #counts = { refused: 0, noted: 0 }

  refuse(where: string, message: string): void {
    this.#counts.refused++
    if (this.#refused.length < EXAMPLES) this.#refused.push({ where, message })
  }

  note(where: string, message: string): void {
    this.#counts.noted++
    if (this.#noted.length < EXAMPLES) this.#noted.push({ where, message })
  }

  report(): ProblemReport {
    const examples = [...this.#refused, ...this.#noted].slice(0, EXAMPLES)
    return { ...this.#counts, examples }
  }
}
