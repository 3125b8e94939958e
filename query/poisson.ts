/** A count that could as well have been a little higher or lower. */
export interface CountBounds {
  readonly low: number
  readonly high: number
}

/** 97.5 % quantile of the normal distribution. */
const Z = 1.959964
const STEPS = 60

/**
 * The means that a Poisson count fits with 95 % (Garwood's exact interval), so that 1 fault in 3 days is not "the worst
 * version". Above 100 by Wilson and Hilferty, which is then within 0.1 % of the exact one.
 */
export function poissonBounds(count: number): CountBounds {
  if (count > 100) return { low: hilferty(count, -Z), high: hilferty(count + 1, Z) }
  const top = count + 10 + 6 * Math.sqrt(count + 1)
  return {
    low: count === 0 ? 0 : solve(top, (mean) => 1 - atMost(count - 1, mean) < 0.025),
    high: solve(top, (mean) => atMost(count, mean) > 0.025),
  }
}

const hilferty = (n: number, z: number) => n * (1 - 1 / (9 * n) + z / (3 * Math.sqrt(n))) ** 3

/** Probability of at most `count` where `mean` is expected. */
function atMost(count: number, mean: number): number {
  let term = Math.exp(-mean)
  let sum = term
  for (let n = 1; n <= count; n += 1) {
    term *= mean / n
    sum += term
  }
  return sum
}

/** Where a condition that holds below ends, between 0 and `top`. */
function solve(top: number, holds: (mean: number) => boolean): number {
  let [low, high] = [0, top]
  for (let step = 0; step < STEPS; step += 1) {
    const middle = (low + high) / 2
    if (holds(middle)) low = middle
    else high = middle
  }
  return (low + high) / 2
}
