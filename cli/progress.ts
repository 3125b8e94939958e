/** A progress bar for work that takes longer than two seconds: redrawn in a terminal, a line each 10 % else. */
export interface Progress {
  /** Share done, 0..1. */
  update(share: number): void
  done(): void
}

const WIDTH = 32
const LINE_STEP = 0.1

export function createProgress(
  label: string,
  out: NodeJS.WriteStream,
  clock: () => number,
): Progress {
  const startMs = clock()
  let nextLine = LINE_STEP
  const draw = (share: number) => {
    const filled = Math.round(share * WIDTH)
    const seconds = Math.round((clock() - startMs) / 1000)
    return `${label} [${'█'.repeat(filled)}${'·'.repeat(WIDTH - filled)}] ${Math.round(share * 100)} % ${seconds} s`
  }
  return {
    update(share) {
      if (out.isTTY) out.write(`\r${draw(share)}`)
      else if (share >= nextLine) {
        out.write(`${draw(share)}\n`)
        nextLine = Math.floor(share / LINE_STEP) * LINE_STEP + LINE_STEP
      }
    },
    done() {
      if (out.isTTY) out.write(`\r${draw(1)}\n`)
    },
  }
}
