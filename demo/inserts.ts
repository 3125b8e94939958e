/** Inserts on their way: a few at once, told of in the order they were begun. */
export interface Inserts {
  /** Begins an insert as soon as there is room; resolves when it began. Rejects with an earlier failure. */
  run(insert: () => Promise<void>, onStored?: () => void): Promise<void>
  /** Resolves when all are stored. */
  done(): Promise<void>
}

/** One insert runs while the next block is computed; more would only queue in the engine. */
const AT_ONCE = 1

export function createInserts(atOnce = AT_ONCE): Inserts {
  const running: Promise<void>[] = []
  let told: Promise<void> = Promise.resolve()
  return {
    async run(insert, onStored) {
      while (running.length >= atOnce) await running[0]
      const own = insert()
      running.push(own)
      told = Promise.all([told, own]).then(() => onStored?.())
      const leave = () => void running.splice(running.indexOf(own), 1)
      told.catch(() => undefined)
      own.then(leave, () => undefined)
    },
    done: () => told,
  }
}
