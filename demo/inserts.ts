/** Inserts on their way: a few at once, told of in the order they were begun. */
export interface Inserts {
  /** Begins an insert as soon as there is room; resolves when it began. Rejects with an earlier failure. */
  run(insert: () => Promise<void>, onStored?: () => void): Promise<void>
  /** Resolves when all are stored. */
  done(): Promise<void>
}

/** As many as the engine writes at once: an insert uses one core, making a block less than one. */
const AT_ONCE = 2

export function createInserts(atOnce = AT_ONCE): Inserts {
  const running: Promise<void>[] = []
  let told: Promise<void> = Promise.resolve()
  return {
    async run(insert, onStored) {
      while (running.length >= atOnce) await Promise.race(running)
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
