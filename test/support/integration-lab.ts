/** vitest's global set-up for everything below test/integration, test/e2e and test/proof. */
import type { TestProject } from 'vitest/node';
import { bringUpLab } from '../lab/lab.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Why the lab could not be brought up; null when it is there. */
    labMissing: string | null;
  }
}

/** ODO_LAB=skip leaves the lab alone (its tests are then skipped); a failure is one in CI and a skip by name elsewhere. */
export async function setup(project: TestProject): Promise<void> {
  if (process.env.ODO_LAB === 'skip') {
    project.provide('labMissing', 'ODO_LAB=skip');
    return;
  }
  try {
    await bringUpLab();
    project.provide('labMissing', null);
  } catch (error) {
    if (process.env.CI) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`lab: not available, its tests are skipped: ${reason}\n`);
    project.provide('labMissing', reason.split('\n')[0] ?? reason);
  }
}
