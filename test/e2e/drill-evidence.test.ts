import { createHmac } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RunReport } from '../../src/report/run-report.ts';
import { fixture } from '../lab/fixtures.ts';
import { startS3 } from '../lab/s3-server.ts';
import { odo } from '../support/odo-program.ts';
import { parseExposition } from '../support/prometheus-text.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { webhookReceiver } from '../support/webhook-receiver.ts';
import { describeWithLab } from '../support/with-lab.ts';

const secret = 'known to odo and to the receiver';

describeWithLab('what a drill leaves behind', () => {
  test('of one that was killed and gone on with: reports, metrics and one signed message that tell the same; a limit that is exceeded fails the next', async () => {
    const backup = await fixture('basebackup-15');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using receiver = await webhookReceiver([503, 200]);
    await using directory = await temporaryDirectory();
    const at = (name: string): string => join(directory.path, name);
    await mkdir(at('drills'));
    const env = { ...s3.env, XDG_STATE_HOME: directory.path, ODO_NOTIFY_SECRET: secret };
    const drill = ['drill', '-u', backup.url, '-e', s3.endpoint, '--drill-dir', at('drills')];
    const asked = ['--report', at('run.json'), '--report', at('run.html'), '--metrics-file', at('odo.prom')];
    const killed = await odo([...drill, ...asked, '--notify', receiver.url, '--json'], {
      env: { ...env, ODO_FAILPOINT: 'promote:ready' },
    });
    expect(killed.signal, killed.stderr).toBe('SIGKILL');
    const runId = String(killed.events[0]?.runId);
    const resumed = await odo(['resume', runId, '--json'], { env });
    expect(resumed.exitCode, resumed.stderr).toBe(0);
    const left = resumed.events.filter(({ type }) => type === 'evidence');
    expect(left.map(({ kind, problem }) => [kind, problem])).toEqual([
      ['report', null],
      ['report', null],
      ['metrics', null],
      ['notification', null],
    ]);

    const report = JSON.parse(await readFile(at('run.json'), 'utf8')) as RunReport;
    expect(report).toMatchObject({
      runId,
      verdict: 'passed',
      status: 'completed',
      kind: 'drill',
      findings: [],
    });
    const { measures, proofs, phases, samples } = report;
    expect(measures.interruptions).toBe(1);
    const worked = phases
      .filter(({ phase }) => phase !== 'tearDown')
      .map(({ startedAt, endedAt }) => Date.parse(endedAt ?? '') - Date.parse(startedAt))
      .reduce((sum, ms) => sum + ms, 0);
    // Less than all phases, which count what goes on side by side twice, and what is proved behind the answer.
    expect(measures.rtoMs).toBeGreaterThan(0);
    expect(measures.rtoMs).toBeLessThan(worked);
    expect(measures.rpoMs).toBeGreaterThan(0);
    for (const bytes of [measures.storedBytes, measures.restoredBytes, measures.walBytes])
      expect(bytes).toBeGreaterThan(0);
    expect(phases.filter(({ phase }) => phase === 'promote').map(({ outcome }) => outcome)).toEqual([
      'interrupted',
      'completed',
    ]);
    expect(new Set(samples.map(({ phase }) => phase))).toContain('restoreBase');
    const { storedBytes } = measures;
    expect(samples.filter(({ phase }) => phase === 'restoreBase').at(-1)?.done).toBe(storedBytes);
    expect(proofs.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
    const passed = proofs.filter(({ outcome }) => outcome === 'passed').map(({ id }) => id);
    expect(passed).toEqual(expect.arrayContaining(['backup', 'files', 'recovery', 'database', 'identity']));
    expect(report.plan.length).toBeGreaterThan(3);
    expect(report.environment.cpus).toBeGreaterThan(0);
    expect(await readFile(at('run.html'), 'utf8')).toContain(runId);
    const printed = await odo(['report', runId, '--json'], { env });
    expect(JSON.parse(printed.stdout)).toEqual(report);

    const series = parseExposition(await readFile(at('odo.prom'), 'utf8'));
    const valueOf = (name: string) => series.find((one) => one.name === name)?.value;
    expect(valueOf('odo_drill_success')).toBe(1);
    expect(valueOf('odo_drill_rto_seconds')).toBe((measures.rtoMs ?? 0) / 1000);

    // Once refused, once taken; and not again when there is nothing to go on with.
    expect((await odo(['resume', runId], { env })).exitCode).toBe(0);
    expect(receiver.deliveries).toHaveLength(2);
    const { body = '', headers } = receiver.deliveries[1] ?? {};
    const [, time, signature] = /^t=(\d+),v1=(\w+)$/.exec(String(headers?.['odo-signature'])) ?? [];
    expect(signature).toBe(createHmac('sha256', secret).update(`${time}.${body}`).digest('hex'));
    expect(JSON.parse(body)).toMatchObject({ runId, verdict: 'passed', headline: report.headline });

    const slow = await odo([...drill, '--max-rto', '1s', '--metrics-file', at('odo.prom')], { env });
    expect(slow.exitCode, slow.stderr).toBe(6);
    expect(slow.stdout).toMatch(/Recovery time: .* more than the 1\.0 s that are allowed/);
    const after = parseExposition(await readFile(at('odo.prom'), 'utf8'));
    expect(after.find(({ name }) => name === 'odo_drill_success')?.value).toBe(0);
    expect(after.find(({ name }) => name === 'odo_drill_last_success_timestamp_seconds')?.value).toBe(
      Date.parse(report.endedAt ?? '') / 1000,
    );
  });
});
