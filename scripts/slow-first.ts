import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Tests that start real programs take seconds, others milliseconds: the quick ones fill what is left at the end. */
export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return [...sorted.filter(startsPrograms), ...sorted.filter((file) => !startsPrograms(file))]
  }
}

const startsPrograms = ({ moduleId }: TestSpecification) => /\.(int|e2e)\.test\.ts$/.test(moduleId)
