import type { Reporter, TestModule } from 'vitest/node';

/** Ends the output with `N passed, N failed`, which is what a machine reads. A file that could not run counts as failed. */
export class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const count = { passed: 0, failed: unhandled.length, skipped: 0 };
    for (const testModule of modules) {
      if (testModule.errors().length > 0) count.failed += 1;
      for (const test of testModule.children.allTests()) {
        const { state } = test.result();
        if (state !== 'pending') count[state] += 1;
        else count.failed += 1;
      }
    }
    // After everything the other reporters print. A run may also fail without a failed test, as when its set-up throws.
    process.once('exit', (code) => {
      if (code !== 0 && count.failed === 0) count.failed = 1;
      const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : '';
      process.stdout.write(`${count.passed} passed, ${count.failed} failed${skipped}\n`);
    });
  }
}
