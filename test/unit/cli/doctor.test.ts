import { expect, test } from 'vitest';
import type { CliApi } from '../../../src/cli/context.ts';
import { runProgram } from '../../../src/cli/program.ts';
import type { Finding } from '../../../src/run/doctor/finding.ts';
import type { DoctorRequest } from '../../../src/steps/doctor-request.ts';
import { type FakeHost, fakeApi, fakeHost } from './fake-host.ts';

const fine: Finding = { area: 'node', level: 'ok', found: 'odo on Node.js 24', fix: null, error: null };
const slow: Finding = {
  area: 'disk',
  level: 'warning',
  found: '/srv/pg is on a file system without O_DIRECT',
  fix: 'Use another one.',
  error: null,
};
const dead: Finding = {
  area: 'store',
  level: 'problem',
  found: 'https://s3.example.com refused the connection while reading bucket backups',
  fix: 'Check the endpoint’s address (-e), and the network.',
  error: { code: 'STORAGE_UNAVAILABLE', message: 'It refused the connection.', causes: [] },
};
const unseen: Finding = { ...slow, level: 'unchecked', found: 'no target is configured', fix: 'Say where.' };

async function doctor(
  line: string,
  findings: readonly Finding[],
  host: FakeHost = fakeHost(),
): Promise<{ code: number; stdout: string; request: DoctorRequest | null }> {
  let seen: DoctorRequest | null = null;
  const api: Partial<CliApi> = {
    examine: async (request, { onFinding }) => {
      seen = request;
      for (const finding of findings) onFinding(finding);
    },
  };
  const code = await runProgram(['doctor', ...line.split(' ').filter(Boolean)], fakeApi(api), host);
  return { code, stdout: host.stdout.text(), request: seen };
}

test('what was found stands in columns, with the way out below what is wrong', async () => {
  const { code, stdout } = await doctor('', [fine, slow, dead]);
  expect(code).toBe(4);
  expect(stdout).toBe(
    [
      'ok        node      odo on Node.js 24',
      'warning   disk      /srv/pg is on a file system without O_DIRECT',
      '                    fix: Use another one.',
      'problem   store     https://s3.example.com refused the connection while reading',
      '                    bucket backups',
      '                    fix: Check the endpoint’s address (-e), and the network.',
      '',
      '1 problem, 1 warning: a restore with these settings would not succeed.',
      '',
    ].join('\n'),
  );
});

test('warnings and what was not looked at do not stand in the way', async () => {
  expect(await doctor('', [fine, slow])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/\nNothing stands in the way of a restore \(1 warning\)\.\n$/),
  });
  expect(await doctor('', [fine, unseen])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/not seen {2}disk.*\nNothing that was looked at stands in the way/s),
  });
});

test('with --json every finding is a line, and the last one the sum', async () => {
  const { code, stdout } = await doctor('--json', [fine, dead, unseen]);
  expect(code).toBe(4);
  expect(
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    ...[fine, dead, unseen].map((finding) => ({ type: 'finding', ...finding })),
    { type: 'doctor', problems: 1, warnings: 0, unchecked: 1, exitCode: 4 },
  ]);
});

test('nothing must be configured; what is configured reaches the examination', async () => {
  expect((await doctor('', [])).request).toMatchObject({
    source: null,
    target: null,
    service: { kind: 'none' },
    misfits: [],
  });
  const line = '-u s3://backups/main --data-dir /srv/pg/data --local --owner 26:26 --drill-dir /srv/drills';
  expect((await doctor(line, [])).request).toMatchObject({
    source: { url: 's3://backups/main', endpoint: null, region: null },
    target: { kind: 'data-directory', path: '/srv/pg/data' },
    service: { kind: 'local', dataDirectory: '/srv/pg/data' },
    owner: { uid: 26, gid: 26 },
    drillDirectory: '/srv/drills',
    misfits: [],
  });
});

test('settings that do not fit together are told, and do not end it', async () => {
  const { request } = await doctor('-v pgdata --local', []);
  expect(request?.misfits).toEqual([expect.stringContaining('--local is the server of this host')]);
});
