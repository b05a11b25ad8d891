import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { diagnose } from '../../../src/postgres/log-diagnosis.ts';
import { type SymptomId, symptomOf } from '../../../src/postgres/log-symptoms.ts';
import { imageName, type Major, majors } from '../../lab/images.ts';
import { run } from '../../lab/run-command.ts';
import { describeWithLab } from '../../support/with-lab.ts';

/** Where another message ends the server, and the one that was provoked explains it. */
const reasons: Partial<Record<string, SymptomId>> = {
  'restored-file-missing': 'checkpoint-wal-missing',
  'wal-checksum': 'target-not-reached',
  'wal-zeroed': 'target-not-reached',
  'wal-of-other-major': 'target-not-reached',
  'wal-recycled': 'target-not-reached',
  'foreign-wal': 'target-not-reached',
  'included-file-missing': 'configuration-errors',
  'setting-unknown': 'configuration-errors',
  'other-build': 'server-major',
  'address-in-use': 'no-socket',
  'socket-path-too-long': 'no-socket',
};

/** The server goes on, or something worse ends it: only the line itself is recognised. */
const besides: readonly string[] = [
  'tablespace-map-ignored',
  'tablespace-missing',
  'interrupted-in-recovery',
];

async function provoke(major: Major): Promise<[string, string[]][]> {
  const script = await readFile(join(import.meta.dirname, 'provoke-symptoms.sh'), 'utf8');
  const isolated = ['--rm', '-i', '--network', 'none', '--tmpfs', '/w:size=1g', '--entrypoint', 'sh'];
  // Not as the first process of the container: forky's `timeout` ends with 125 there.
  const limited = ['-c', 'timeout 300 sh -s "$0"; exit $?', String(major)];
  const args = ['run', ...isolated, imageName(major), ...limited];
  const output = await run('docker', args, { input: script });
  return output
    .split(/^=== /m)
    .slice(1)
    .map((part) => {
      const [name = '', ...lines] = part.trimEnd().split('\n');
      return [name, lines];
    });
}

describeWithLab('what real servers say when a restore is broken', () => {
  test.each(majors)('is recognised, of PostgreSQL %i', { timeout: 320_000 }, async (major) => {
    const provoked = await provoke(major);
    for (const [name, log] of provoked) {
      if (besides.includes(name)) {
        expect([name, log.some((line) => symptomOf(line)?.id === name)]).toEqual([name, true]);
        continue;
      }
      const { symptom, because } = diagnose(log, ['restarted']);
      const cause = because?.symptom ?? symptom;
      expect(`${name}: ${cause}\n${cause === name ? '' : log.join('\n')}`).toBe(
        name === 'good-run' ? 'good-run: null\n' + log.join('\n') : `${name}: ${name}\n`,
      );
      if (reasons[name] !== undefined) expect([name, symptom]).toEqual([name, reasons[name]]);
    }
    const goodRun = provoked.find(([name]) => name === 'good-run')?.[1] ?? [];
    expect(goodRun.map((line) => symptomOf(line)?.id)).toContain('wal-ends-here');
    expect(provoked.length).toBeGreaterThan(50);
  });
});
