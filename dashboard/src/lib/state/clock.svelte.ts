/** The time of day, once a second: ages and "last update 34 s ago" follow it. */
class Clock {
  nowMs = $state(Date.now())

  /** Starts ticking; returns how to stop. */
  start(): () => void {
    const timer = setInterval(() => {
      this.nowMs = Date.now()
    }, 1000)
    return () => clearInterval(timer)
  }
}

export const clock = new Clock()
