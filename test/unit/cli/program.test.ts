import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CliApi } from '../../../src/cli/context.ts';
import { exitCodes } from '../../../src/cli/exit-codes.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { type ErrorCode, errorKinds } from '../../../src/errors/codes.ts';
import { OdoError } from '../../../src/errors/odo-error.ts';
import { reportMarkdown } from '../../../src/report/markdown.ts';
import type { RunOutcome, RunSurroundings } from '../../../src/run/run-api.ts';
import type { RunEvent } from '../../../src/run/run-events.ts';
import { dataPlaneDefaults, dataPlaneOptionsOf } from '../../../src/steps/data-plane-options.ts';
import { planDigest } from '../../../src/steps/plan-digest.ts';
import type { RestoreRequest } from '../../../src/steps/restore-request.ts';
import { sampleSurvey } from '../../../tools/sample-backups.ts';
import {
  halfARun,
  otherHalf,
  sampleEvent,
  sampleEvents,
  samplePlan,
  sampleRunId,
  sampleStatus,
} from '../../../tools/sample-events.ts';
import { failedDrill, passedDrill } from '../../support/sample-report.ts';
import { type FakeHost, fakeApi, fakeHost } from './fake-host.ts';
import { screenOf } from './screen.ts';

let cwd: string;
let host: FakeHost;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'odo-program-'));
  host = fakeHost({ cwd });
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const odo = (line: string, api: Partial<CliApi> = {}): Promise<number> =>
  runProgram(
    line.split(' ').filter((word) => word !== ''),
    fakeApi(api),
    host,
  );
const outcome = (given: Partial<RunOutcome>): RunOutcome => ({
  runId: sampleRunId,
  status: 'completed',
  verdict: null,
  exitCode: 0,
  error: null,
  resumable: false,
  next: null,
  ...given,
});
const json = (): Record<string, unknown>[] =>
  host.stdout
    .text()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

const start = 'start -u s3://backups/main -v pgdata';
const completes: Partial<CliApi> = {
  startRun: async (_, { onEvent }) => {
    for (const event of [...halfARun, ...otherHalf]) onEvent(event);
    return outcome({});
  },
};

describe('odo start', () => {
  it('gives the request, the journal and the credentials to the run, and prints the result on stdout', async () => {
    let seen: { request: RestoreRequest; surroundings: RunSurroundings } | null = null;
    const code = await odo(`${start} -a AKIA -s sekret123 --no-promote --jobs 2 --yes`, {
      startRun: async (request, surroundings) => {
        seen = { request, surroundings };
        surroundings.onEvent(sampleEvents.run);
        surroundings.onEvent(sampleEvents.completed);
        return outcome({});
      },
    });
    expect(code).toBe(0);
    expect(seen).toMatchObject({
      request: { promote: false, jobs: 2, confirmed: true, target: { kind: 'volume', name: 'pgdata' } },
      surroundings: {
        journalFile: '/home/op/.local/state/odo/journal.sqlite',
        credentials: { s3: { accessKeyId: 'AKIA', secretAccessKey: 'sekret123', sessionToken: null } },
      },
    });
    expect(host.stdout.text()).toBe(
      [
        'Run 20261122-220955-k3f9 is completed, in 6 m 50 s.',
        '  system identifier  7563829104756382910',
        '  timeline           4',
        '  server version     17.6',
        '  verified by        query',
        '',
      ].join('\n'),
    );
  });

  it('with --json prints every event and the outcome on stdout, and nothing else there', async () => {
    expect(await odo(`${start} --json`, completes)).toBe(0);
    const lines = json();
    expect(lines).toHaveLength(halfARun.length + otherHalf.length + 1);
    expect(lines.at(-1)).toEqual({
      type: 'outcome',
      runId: sampleRunId,
      status: 'completed',
      verdict: null,
      exitCode: 0,
      resumable: false,
      next: null,
    });
  });

  it('prints the exact line that goes on after a failure, with a journal that is elsewhere', async () => {
    const code = await odo(`${start} --journal /srv/odo/j.sqlite -a AKIA -s sekret123`, {
      startRun: async (_, { onEvent }) => {
        onEvent(sampleEvents.failed);
        return outcome({ status: 'failed', exitCode: 5, resumable: true, next: 'resume' });
      },
    });
    expect(code).toBe(5);
    expect(host.stderr.text()).toContain(
      `go on with:  odo resume ${sampleRunId} --journal /srv/odo/j.sqlite\n`,
    );
    expect(host.stderr.text()).toContain('with the same credentials');
    expect(host.stdout.text()).toBe('');
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('stops cleanly at the first %s and exits with %d', async (name, exitCode) => {
    const code = await odo(start, {
      startRun: async (_, { signal, onEvent }) => {
        onEvent(sampleEvents.run);
        host.signal(name);
        expect(signal.aborted).toBe(true);
        onEvent(sampleEvents.interrupted);
        return outcome({ status: 'interrupted', exitCode: 130, resumable: true, next: 'resume' });
      },
    });
    expect(code).toBe(exitCode);
    expect(host.exits).toEqual([]);
    expect(host.stderr.text()).toContain(`go on with:  odo resume ${sampleRunId}\n`);
  });

  it('ends at once at the second signal, and still says how to go on', async () => {
    await odo(start, {
      startRun: async (_, { onEvent }) => {
        onEvent(sampleEvents.run);
        host.signal('SIGINT');
        host.signal('SIGINT');
        return outcome({ status: 'interrupted', exitCode: 130, resumable: true, next: 'resume' });
      },
    });
    expect(host.exits).toEqual([130]);
    expect(host.stderr.text()).toContain(`go on with:  odo resume ${sampleRunId}`);
  });

  it('says that nothing was touched when it was stopped before the plan', async () => {
    await odo(start, { startRun: async () => outcome({ status: 'interrupted', exitCode: 130 }) });
    expect(host.stderr.text()).toContain('Nothing was touched; start again with: odo start');
  });

  it('without a terminal leaves the choice to flags', async () => {
    const code = await odo(start, {
      startRun: async (_, { confirm }) => {
        await confirm(samplePlan);
        return outcome({});
      },
    });
    expect(code).toBe(4);
    expect(host.stderr.text()).toContain('Agree beforehand with --yes');
    expect(host.stderr.text()).toContain('-V NEW_VOLUME');
  });

  it('says what a consistent run that was not promoted waits for', async () => {
    await odo(`${start} --no-promote`, {
      startRun: async (_, { onEvent }) => {
        onEvent(sampleEvents.held);
        return outcome({ status: 'held', resumable: true, next: 'promote' });
      },
    });
    expect(host.stdout.text()).toContain(`go on with:  odo promote ${sampleRunId}\n`);
  });

  it('takes -c with and without a file', async () => {
    const files: (string | null)[] = [];
    const keep: Partial<CliApi> = {
      startRun: async ({ overrideFile }) => {
        files.push(overrideFile);
        return outcome({});
      },
    };
    await odo(`start -c -u s3://b/x -v pgdata`, keep);
    await odo(`${start} -c my.conf`, keep);
    await odo(start, keep);
    expect(files).toEqual([join(cwd, 'confs/postgresql.auto.conf'), join(cwd, 'my.conf'), null]);
  });
});

describe('a secret', () => {
  it('that some error quotes is blotted out of stdout and stderr', async () => {
    const code = await odo(`${start} -a AKIA -s sekret/123+x --json --verbose`, {
      startRun: async (_, { onEvent }) => {
        onEvent(
          sampleEvent<'notice'>(0, { type: 'notice', level: 'warning', message: 'key sekret/123+x is odd' }),
        );
        throw new Error('signed with sekret/123+x', { cause: new Error(encodeURIComponent('sekret/123+x')) });
      },
    });
    expect(code).toBe(1);
    const all = host.stdout.text() + host.stderr.text();
    expect(all).toContain('[secret]');
    expect(all).not.toMatch(/sekret/);
  });

  it.each([
    `start -u https://reader:sekret123@host/pg -v pgdata`,
    `start -u azure://account/backups/pg?sig=sekret123 -v pgdata`,
    `start -u s3://KEY:sekret123@bucket/pg -v pgdata`,
    `start -u sftp://me:sekret123@host/pg -v pgdata`,
    `${start} -e https://reader:sekret123@host`,
    `${start} --wal-url https://reader:sekret123@host/wal`,
    `${start} --primary-conninfo password=sekret123 --standby`,
    `${start} -s sekret123`,
    `${start} -a AKIA -s sekret123 --nonsense`,
    `backups -u https://reader:sekret123@host/pg`,
  ])('where it does not belong is refused and not repeated: odo %s', async (line) => {
    expect(await odo(`${line} --json`)).toBe(2);
    expect(host.stderr.text() + host.stdout.text()).not.toContain('sekret123');
    expect(host.stderr.text()).not.toBe('');
  });

  it('given to a mistyped option is not repeated', async () => {
    expect(await odo(`${start} --secret-kye=sekret123 --json`)).toBe(2);
    expect(host.stdout.text() + host.stderr.text()).not.toContain('sekret123');
    expect(host.stderr.text()).toContain('--secret-kye');
  });
});

describe('usage', () => {
  it.each([
    '',
    'start --nonsense',
    'nonsense',
    'resume',
    'start extra',
    `${start} --jobs zero`,
    `${start} --data-dir other`,
    'status --watch',
    'drill --all --detach',
  ])('of "odo %s" exits with 2 and says why on stderr', async (line) => {
    expect(await odo(line)).toBe(2);
    expect(host.stderr.text()).not.toBe('');
    expect(host.stdout.text()).toBe('');
  });

  it('of --help and --version exits with 0 and prints on stdout', async () => {
    for (const line of ['--help', '--version', 'start --help', 'help resume'])
      expect(await odo(line)).toBe(0);
    expect(host.stderr.text()).toBe('');
  });

  it('in --help names every exit code that odo has, and every error has one of them', async () => {
    await odo('start --help');
    for (const code of Object.keys(exitCodes))
      expect(host.stdout.text()).toMatch(new RegExp(`^ +${code}  `, 'm'));
    for (const { exitCode } of Object.values(errorKinds))
      expect(Object.keys(exitCodes)).toContain(String(exitCode));
  });

  it('suggests the option that was meant', async () => {
    await odo('start --volumn x');
    expect(host.stderr.text()).toContain('--volume');
  });

  it('never lets a help line be wider than the terminal', async () => {
    host = fakeHost({ cwd, terminal: true, columns: 80 });
    await odo('start --help');
    expect(
      Math.max(
        ...host.stdout
          .text()
          .split('\n')
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(80);
  });
});

describe('errors', () => {
  it.each(Object.entries(errorKinds).filter(([code]) => code !== 'INTERRUPTED'))(
    'with code %s exit as the table says',
    async (code, { exitCode }) => {
      const thrown = new OdoError(code as ErrorCode, 'It went wrong.', { hint: 'Do better.' });
      expect(
        await odo('backups -u s3://b/x --json', { listAvailableBackups: () => Promise.reject(thrown) }),
      ).toBe(exitCode);
      expect(host.stderr.text()).toMatch(/^odo: It went wrong.\nhint: Do better.\n/);
      expect(json()).toEqual([
        { type: 'error', error: { code, message: 'It went wrong.', hint: 'Do better.', causes: [] } },
      ]);
    },
  );

  it('that are bugs ask for a report, with the stack only when asked', async () => {
    const api: Partial<CliApi> = {
      listAvailableBackups: () => Promise.reject(new TypeError('x is undefined')),
    };
    expect(await odo('backups -u s3://b/x', api)).toBe(1);
    expect(host.stderr.text()).toContain(
      'This is a bug in odo. Please report it, with the output of the same command under ODO_DEBUG=1.',
    );
    expect(host.stderr.text()).not.toContain('program.test.ts');
    host.env.ODO_DEBUG = '1';
    await odo('backups -u s3://b/x', api);
    expect(host.stderr.text()).toContain('program.test.ts');
  });
});

describe('odo plan', () => {
  const plainPlan = { ...samplePlan, ...dataPlaneDefaults };
  const line = 'plan -u s3://backups/main -v pgdata -s sekret123';
  it('prints a page with the settings and where they come from, and never a secret', async () => {
    writeFileSync(join(cwd, '.env'), 'AWS_ACCESS_KEY_ID=AKIA\n');
    expect(await odo(line, { planRun: async () => ({ plan: samplePlan, problems: [] }) })).toBe(0);
    const page = host.stdout.text();
    expect(page).toContain('passed over 20261121T020000: data.tar.gz is missing');
    expect(page).toContain('remove      a PostgreSQL 17 data directory, 40.9 GiB, system identifier');
    expect(page).toMatch(/secret-key +set, not shown \(flag -s\)/);
    expect(page).toMatch(/access-key +set, not shown \(\.env line 1\)/);
    expect(page).toMatch(/reserve +1GiB \(default\)/);
    expect(page).not.toContain('sekret123');
  });

  it('shows of a webhook only its host: a token may be in its path', async () => {
    const planRun = async () => ({ plan: samplePlan, problems: [] });
    writeFileSync(join(cwd, '.env'), 'AWS_ACCESS_KEY_ID=AKIA\nODO_NOTIFY_SECRET=of-both-sides\n');
    expect(await odo(`${line} --notify https://hooks.example.com/services/T0KEN-in-path`, { planRun })).toBe(
      0,
    );
    expect(host.stdout.text()).toMatch(/notify +https:\/\/hooks\.example\.com\/… \(flag --notify\)/);
    expect(host.stdout.text() + host.stderr.text()).not.toContain('T0KEN');
  });

  const limits =
    '--jobs 3 --max-rate 50MiB/s --background --memory 128MiB --no-sync --page-checksums --publish-index';
  const limitedPlan = {
    ...samplePlan,
    maxRateBytesPerSecond: 50 * 1024 ** 2,
    background: true,
    memoryBytes: 128 * 1024 ** 2,
    sync: false,
    pageChecksums: 'stream' as const,
    publishIndex: true,
  };

  it('says how fast, how carefully and with what means, and where that comes from', async () => {
    let asked: RestoreRequest | null = null;
    const planRun: CliApi['planRun'] = async (request) => {
      asked = request;
      return { plan: limitedPlan, problems: [] };
    };
    host.stdout.columnsNow = 200;
    expect(await odo(`${line} -a AKIA ${limits}`, { planRun })).toBe(0);
    expect(asked).toMatchObject({ jobs: 3, ...dataPlaneOptionsOf(limitedPlan) });
    const page = host.stdout.text();
    expect(page).toContain('50.0 MiB/s from the store, 128 MiB of buffers, the weakest CPU and I/O priority');
    expect(page).toMatch(/also +files are not synced to disk, page checksums are checked, the seek index/);
    expect(page).toMatch(/jobs +3 \(flag --jobs\)/);
    expect(page).toMatch(/max-rate +50MiB\/s \(flag --max-rate\)/);
    expect(page).toMatch(/background +true \(flag --background\)/);
    expect(page).toMatch(/memory +128MiB \(flag --memory\)/);
    expect(page).toMatch(/sync +false \(flag --no-sync\)/);
    expect(page).toMatch(/page-checksums +stream \(flag --page-checksums\)/);
    expect(page).toMatch(/publish-index +true \(flag --publish-index\)/);
  });

  it('has the limits in its JSON, in the plan and in the settings', async () => {
    const planRun: CliApi['planRun'] = async () => ({ plan: limitedPlan, problems: [] });
    expect(await odo(`${line} -a AKIA ${limits} --json`, { planRun })).toBe(0);
    expect(json()[0]).toMatchObject({
      plan: dataPlaneOptionsOf(limitedPlan),
      settings: expect.arrayContaining([
        { name: 'jobs', value: '3', provenance: 'flag --jobs' },
        { name: 'max-rate', value: '50MiB/s', provenance: 'flag --max-rate' },
        { name: 'sync', value: 'false', provenance: 'flag --no-sync' },
      ]),
    });
  });

  it('says why this backup, and where the wish came from', async () => {
    let before: string | null | undefined;
    const planRun: CliApi['planRun'] = async (request) => {
      before = request.before;
      return { plan: samplePlan, problems: [] };
    };
    expect(await odo(`${line} -a AKIA --before 2026-11-21T01:00+01:00`, { planRun })).toBe(0);
    expect(before).toBe('2026-11-21T00:00:00.000Z');
    expect(host.stdout.text()).toContain('why         the newest of 5 complete backups (flag --before)');
    expect(await odo(`${line} -a AKIA --before 2026-11-21T01:00`, { planRun })).toBe(2);
    expect(host.stderr.text().replaceAll(/\s+/g, ' ')).toContain('Did you mean 2026-11-21T01:00:00Z?');
  });

  it('shows no limit that is not set', async () => {
    expect(await odo(`${line} -a AKIA`, { planRun: async () => ({ plan: plainPlan, problems: [] }) })).toBe(
      0,
    );
    const page = host.stdout.text();
    expect(page).toMatch(/jobs +auto \(default\)/);
    expect(page).not.toMatch(/^ +(limits|also|max-rate|memory|background|page-checksums|publish-index) /m);
  });

  it('tells every failed check, and exits as the first one', async () => {
    const { error, others } = sampleEvents.refused as Extract<
      typeof sampleEvents.refused,
      { type: 'refused' }
    >;
    const code = await odo(`${line} -a AKIA --json`, {
      planRun: async () => ({ plan: null, problems: [error, ...others] }),
    });
    expect(code).toBe(14);
    expect(json()[0]).toMatchObject({
      type: 'plan',
      plan: null,
      problems: [{ code: 'NOT_ENOUGH_SPACE' }, {}],
      exitCode: 14,
    });
    expect(host.stderr.text().match(/^odo: /gm)).toHaveLength(2);
  });

  it('exits with 4 where a run would exit with 5: nothing was touched', async () => {
    const problems = [{ code: 'STORAGE_UNAVAILABLE', message: 'No answer.', causes: [] }] as const;
    expect(await odo(`${line} -a AKIA`, { planRun: async () => ({ plan: null, problems }) })).toBe(4);
  });
});

describe('a plan that is written and executed', () => {
  const line = 'plan -u s3://backups/main -v pgdata -a AKIA -s sekret123';
  const agreed = { ...samplePlan, digest: planDigest(samplePlan) };
  const plans: Partial<CliApi> = { planRun: async () => ({ plan: agreed, problems: [] }) };
  const file = () => join(cwd, 'plan.json');

  it('is in its file what --json prints, without a credential, and the page has room for names', async () => {
    expect(await odo(`${line} --yes --out plan.json`, plans)).toBe(0);
    const written = readFileSync(file(), 'utf8');
    expect(JSON.parse(written)).toMatchObject({
      type: 'plan',
      digest: agreed.digest,
      plan: { digest: agreed.digest },
      request: { confirmed: false, target: { kind: 'volume', name: 'pgdata' } },
      problems: [],
      exitCode: 0,
    });
    expect(written).not.toMatch(/sekret123|AKIA/);
    expect(host.stdout.text()).toContain(`execute with:  odo start --plan ${file()}`);
    host = fakeHost({ cwd });
    expect(await odo(`${line} --yes --json`, plans)).toBe(0);
    expect(host.stdout.text()).toBe(written);
  });

  it('is not written over another file, nor when a check failed', async () => {
    writeFileSync(file(), 'signed');
    expect(await odo(`${line} --out plan.json`, plans)).toBe(2);
    expect(host.stderr.text().replaceAll(/\s+/g, ' ')).toContain('never written over another file');
    expect(readFileSync(file(), 'utf8')).toBe('signed');
    const problems = [{ code: 'NOT_ENOUGH_SPACE', message: 'No room.', causes: [] }] as const;
    const failing: Partial<CliApi> = { planRun: async () => ({ plan: agreed, problems }) };
    expect(await odo(`${line} --out other.json`, failing)).toBe(14);
    expect(existsSync(join(cwd, 'other.json'))).toBe(false);
  });

  it('is started with its own backup, target and settings, whatever the environment says now', async () => {
    await odo(`${line} --out plan.json --jobs 3`, plans);
    writeFileSync(
      join(cwd, '.env'),
      'ODO_URL=s3://other/place\nODO_JOBS=9\nAWS_ACCESS_KEY_ID=NEW\nAWS_SECRET_ACCESS_KEY=x\n',
    );
    let seen: [RestoreRequest, RunSurroundings] | null = null;
    const startRun: CliApi['startRun'] = async (...given) => {
      seen = given;
      return outcome({});
    };
    expect(await odo('start --plan plan.json --yes --journal j.sqlite', { startRun })).toBe(0);
    expect(seen).toMatchObject([
      {
        source: { url: 's3://backups/main' },
        backup: agreed.contents.backup.id,
        jobs: 3,
        confirmed: true,
        signedPlan: { file: file(), digest: agreed.digest },
      },
      { credentials: { s3: { accessKeyId: 'NEW' } }, journalFile: join(cwd, 'j.sqlite') },
    ]);
    expect(await odo('start --plan plan.json', { startRun })).toBe(0);
    expect(seen?.[0]).toMatchObject({ confirmed: false });
  });

  it.each(['-u s3://other/place', '--jobs 3', '-V new', '--no-promote', '--target-lsn 0/5'])(
    'is not started with %s beside it',
    async (flags) => {
      await odo(`${line} --out plan.json`, plans);
      expect(await odo(`start --plan plan.json ${flags}`)).toBe(2);
      expect(host.stderr.text()).toContain('A plan is executed as it is');
      expect(host.stderr.text()).toContain(flags.split(' ')[0]);
    },
  );

  it('offers no other target when it asks whether the data may be removed', async () => {
    await odo(`${line} --out plan.json`, plans);
    host = fakeHost({ cwd, terminal: true });
    host.answers = ['2', '3'];
    const startRun: CliApi['startRun'] = async (_, { confirm }) => {
      expect(await confirm(agreed)).toEqual({ answer: 'decline' });
      return outcome({ status: 'declined', exitCode: 4 });
    };
    expect(await odo('start --plan plan.json', { startRun })).toBe(4);
    expect(host.prompts).toEqual(['Choose 1 or 3: ', 'Choose 1 or 3: ']);
  });

  it('ends with 20 when another odo made it, and with 2 when it was changed', async () => {
    await odo(`${line} --out plan.json`, plans);
    const document = JSON.parse(readFileSync(file(), 'utf8'));
    writeFileSync(file(), JSON.stringify({ ...document, odoVersion: '0.0.9' }));
    expect(await odo('start --plan plan.json')).toBe(20);
    writeFileSync(file(), JSON.stringify({ ...document, plan: { ...document.plan, removes: null } }));
    expect(await odo('start --plan plan.json')).toBe(2);
    expect(host.stderr.text()).toMatch(/was changed after it was made/);
  });
});

describe('odo resume and promote', () => {
  it('hand over the run, the steps to redo and fresh credentials', async () => {
    let seen: unknown[] = [];
    const code = await odo(
      `resume ${sampleRunId} --redo seal --redo recover --take-over -a AKIA -s sekret123 -e https://x`,
      {
        readStatus: () => sampleStatus,
        resumeRun: async (runId, { credentials }, options) => {
          seen = [runId, credentials?.s3?.accessKeyId, options];
          return outcome({});
        },
      },
    );
    expect(code).toBe(0);
    expect(seen).toEqual([sampleRunId, 'AKIA', { redo: ['seal', 'recover'], takeOver: true, move: null }]);
    expect(host.stderr.text()).toContain('warning: flag -e is not used');
    expect(host.stdout.text()).toContain('was completed before');
  });

  it('hand over another target, and that the operator agreed', async () => {
    let seen: unknown;
    const api: Partial<CliApi> = {
      readStatus: () => sampleStatus,
      resumeRun: async (_, __, { move }) => {
        seen = move;
        return outcome({});
      },
    };
    await odo(`resume ${sampleRunId} --target-lsn 2A/71C0F18 --target-action pause --yes`, api);
    expect(seen).toEqual({
      change: {
        target: { kind: 'lsn', lsn: '2A/71C0F18', inclusive: true },
        timeline: null,
        action: 'pause',
      },
      confirmed: true,
    });
    expect(await odo(`resume ${sampleRunId} --target-lsn 2A/71C0F18 --target-xid 1`, api)).toBe(2);
  });

  it('name the runs that were probably meant', async () => {
    const api: Partial<CliApi> = {
      readStatus: () => {
        throw new OdoError('RUN_NOT_FOUND', 'There is no such run.');
      },
      listRunNames: () => [sampleRunId],
    };
    for (const command of ['resume', 'promote', 'status']) {
      expect(await odo(`${command} 20261122-220955-k3f8`, api)).toBe(10);
    }
    expect(host.stderr.text()).toContain(`Did you mean ${sampleRunId}?`);
  });
});

describe('a drill at its end', () => {
  const ended = (event: RunEvent, given: Partial<RunOutcome>, makeReport: CliApi['makeReport']) =>
    odo('drill -u s3://backups/main', {
      startRun: async (_, { onEvent }) => {
        onEvent(event);
        return outcome(given);
      },
      makeReport,
    });

  it('says that it passed, how long it took and how old the data is, and that nothing is left', async () => {
    const event = sampleEvent<'completed'>(1, {
      type: 'completed',
      durationMs: 410_000,
      verdict: 'passed',
      facts: {},
    });
    const { measures, headline, runId } = passedDrill;
    const report = {
      ...passedDrill,
      measures: { ...measures, rtoMs: 62_000, maxRtoMs: 900_000, rpoMs: 5000 },
    };
    expect(await ended(event, { verdict: 'passed' }, () => report)).toBe(0);
    expect(host.stdout.text().split('\n').slice(0, 2)).toEqual([
      `Drill ${runId} passed, in 6 m 50 s.`,
      `  ${headline}`,
    ]);
    expect(host.stdout.text()).toContain('\n  RTO  1 m 02 s, and may be 15 m 00 s\n  RPO  5.0 s');
    expect(host.stdout.text()).toMatch(/\nEverything that it made is removed\.\n$/);
  });

  it('names everything that is wrong, how to look at what is kept, and how to remove it', async () => {
    const event = sampleEvent<'held'>(1, {
      type: 'held',
      reason: 'kept',
      verdict: 'failed',
      facts: { look: 'psql -h /run/odo', connection: 'postgresql://postgres@127.0.0.1:5433/postgres' },
    });
    const given = { status: 'held', verdict: 'failed', exitCode: 6, next: 'abandon' } as const;
    expect(await ended(event, given, () => failedDrill)).toBe(6);
    const lines = host.stdout.text().trimEnd().split('\n');
    expect(lines[0]).toContain('FAILED, the drill’s database is up');
    for (const { message } of failedDrill.findings) expect(lines).toContain(`  ${message}`);
    expect(lines.slice(-3)).toEqual([
      'look at it:  psql -h /run/odo',
      'connect to:  postgresql://postgres@127.0.0.1:5433/postgres',
      `remove it:   odo abandon ${sampleRunId}`,
    ]);
  });
});

describe('odo report', () => {
  const known = { readStatus: () => sampleStatus, makeReport: () => passedDrill };

  it('prints the report as Markdown, or in the form that is asked for', async () => {
    const of = async (options: string): Promise<string> => {
      host = fakeHost({ cwd });
      expect(await odo(`report ${sampleRunId} ${options}`, known)).toBe(0);
      return host.stdout.text();
    };
    expect(await of('')).toBe(reportMarkdown(passedDrill));
    expect(await of('--format text')).toBe(reportMarkdown(passedDrill));
    expect(JSON.parse(await of('--json'))).toEqual(JSON.parse(JSON.stringify(passedDrill)));
    expect(await of('--format junit')).toMatch(/^<\?xml/);
    expect(await of('--format html')).toMatch(/^<!doctype html>/);
  });

  it('writes it to files by their extensions, and prints nothing then', async () => {
    const file = join(cwd, 'run.md');
    expect(await odo(`report ${sampleRunId} --out run.md --out run.json`, known)).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(reportMarkdown(passedDrill));
    expect(host.stdout.text()).toBe('');
    expect(host.stderr.text()).toContain(`report in ${file}`);
  });

  it('refuses a file whose form it does not know before it writes any', async () => {
    expect(await odo(`report ${sampleRunId} --out run.md --out run.pdf`, known)).toBe(2);
    expect(existsSync(join(cwd, 'run.md'))).toBe(false);
    expect(host.stderr.text()).toContain('.html, .md, .json, .xml');
  });
});

describe('odo abandon', () => {
  it('hands over whether the operator agreed, and says that nothing is left', async () => {
    let seen: unknown[] = [];
    const code = await odo(`abandon ${sampleRunId} --take-over --yes`, {
      readStatus: () => sampleStatus,
      abandonRun: async (runId, { onEvent }, options) => {
        seen = [runId, options];
        onEvent(sampleEvents.abandoned);
        return outcome({ status: 'abandoned' });
      },
    });
    expect(code).toBe(0);
    expect(seen).toEqual([sampleRunId, { takeOver: true, confirmed: true }]);
    expect(host.stdout.text()).toBe(`Run ${sampleRunId} is abandoned; what it made is removed.\n`);
  });

  it('of a run that was abandoned before says so', async () => {
    const abandonRun = async () => outcome({ status: 'abandoned' });
    expect(await odo(`abandon ${sampleRunId}`, { readStatus: () => sampleStatus, abandonRun })).toBe(0);
    expect(host.stdout.text()).toContain('abandoned before');
  });

  it('without a terminal names what would be removed, and exits 4', async () => {
    const code = await odo(`abandon ${sampleRunId}`, {
      readStatus: () => sampleStatus,
      abandonRun: async (_, { agree }) => {
        await agree('Giving up the run removes volume pgdata.', 'leave it as it is');
        return outcome({});
      },
    });
    expect(code).toBe(4);
    expect(host.stderr.text()).toContain('removes volume pgdata');
    expect(host.stderr.text()).toContain('Agree beforehand with --yes, or leave it as it is');
  });

  it('that was cut off is finished with odo abandon', async () => {
    const abandonRun = async () =>
      outcome({ status: 'interrupted', exitCode: 130, resumable: true, next: 'abandon' });
    expect(await odo(`abandon ${sampleRunId}`, { readStatus: () => sampleStatus, abandonRun })).toBe(130);
    expect(host.stderr.text()).toContain(`go on with:  odo abandon ${sampleRunId}\n`);
  });
});

describe('odo backups', () => {
  const listAvailableBackups: CliApi['listAvailableBackups'] = async () => sampleSurvey;

  it('with --json prints a line a backup, a window and a gap', async () => {
    expect(await odo('backups -u s3://b/x --json', { listAvailableBackups })).toBe(0);
    const { backups, windows, gaps } = sampleSurvey;
    expect(json()).toEqual([
      ...backups.map(({ backup, ...judged }) => ({
        type: 'backup',
        holdsWal: null,
        isDenied: false,
        ...backup,
        ...judged,
      })),
      ...windows.map((window) => ({ type: 'window', ...window })),
      ...gaps.map((gap) => ({ type: 'gap', ...gap })),
    ]);
  });

  it('says null for what a format does not tell', async () => {
    const [first] = sampleSurvey.backups;
    if (first === undefined) expect.fail('there is one');
    const { serverVersion: _, codec: __, ...backup } = first.backup;
    const told = { ...sampleSurvey, backups: [{ ...first, backup }] };
    await odo('backups -u s3://b/x --json', { listAvailableBackups: async () => told });
    expect(json()[0]).toMatchObject({ serverVersion: null, codec: null, endTimeline: 3 });
  });

  it('looks at the WAL unless it is told not to', async () => {
    const asked: unknown[] = [];
    const listing: CliApi['listAvailableBackups'] = async ({ withWal, walUrl }) => {
      asked.push([withWal, walUrl]);
      return { ...sampleSurvey, warnings: ['00000002.history cannot be read.'] };
    };
    await odo('backups -u s3://b/x', { listAvailableBackups: listing });
    await odo('backups -u s3://b/x --no-wal', { listAvailableBackups: listing });
    await odo('backups -u s3://b/x --wal-url s3://b/wal', { listAvailableBackups: listing });
    expect(asked).toEqual([
      [true, null],
      [false, null],
      [true, 's3://b/wal'],
    ]);
    expect(host.stderr.text()).toContain('warning: 00000002.history cannot be read.');
  });

  it('with an id shows everything about that backup', async () => {
    let asked: string | undefined;
    const inspectAvailableBackup: CliApi['inspectAvailableBackup'] = async ({ backup }) => {
      asked = backup;
      const problem = {
        code: 'WAL_MISSING',
        message: 'One is gone.',
        hint: 'Bring it back.',
        causes: [],
      } as const;
      return { ...samplePlan.contents, problems: [problem], warnings: ['It is small.'] };
    };
    expect(await odo('backups 20261120T020000 -u s3://b/x', { inspectAvailableBackup })).toBe(0);
    expect(asked).toBe('20261120T020000');
    const page = host.stdout.text();
    expect(page).toMatch(/^backup +20261120T020000$/m);
    expect(page).toMatch(/^restorable +no$/m);
    expect(page).toContain('One is gone. Bring it back.');
    expect(page).toMatch(/^ +16410\.tar\.gz 2\.00 GiB$/m);
    expect(page).toMatch(/^tablespace +16410 archive, was at \/mnt\/archive$/m);
    expect(page).toMatch(/^warning +It is small\.$/m);
    await odo('backups 20261120T020000 -u s3://b/x --json', { inspectAvailableBackup });
    expect(JSON.parse(host.stdout.text().slice(page.length))).toMatchObject({
      type: 'contents',
      restorable: false,
      backup: { id: '20261120T020000' },
    });
  });
});

describe('odo status', () => {
  it('lists the runs', async () => {
    expect(await odo('status', { listRuns: () => ({ runs: [sampleStatus], total: 1 }) })).toBe(0);
    expect(host.stdout.text()).toBe(
      [
        'run                   kind     status   started               backup           target              phase',
        '20261122-220955-k3f9  restore  running  2026-11-22T22:09:55Z  20261120T020000  volume shop_pgdata  restore base',
        '',
      ].join('\n'),
    );
  });

  it('lists the latest runs, and says how many more there are', async () => {
    const asked: number[] = [];
    const listRuns: CliApi['listRuns'] = (_, { last }) => {
      asked.push(last);
      return { runs: [sampleStatus], total: 42 };
    };
    expect(await odo('status', { listRuns })).toBe(0);
    expect(host.stderr.text()).toBe('41 older runs are not shown: odo status --last 42\n');
    expect(await odo('status --last 7 --json', { listRuns })).toBe(0);
    expect(asked).toEqual([20, 7]);
    expect(await odo('status --last none', { listRuns })).toBe(2);
  });

  it('shows one run, with the command that goes on', async () => {
    host = fakeHost({ cwd, startMs: Date.parse('2026-11-22T22:12:27Z') });
    const next = `odo resume ${sampleRunId}`;
    const status = { ...sampleStatus, status: 'interrupted', heldBy: null, next } as const;
    expect(await odo(`status ${sampleRunId} --journal j.sqlite`, { readStatus: () => status })).toBe(0);
    expect(host.stdout.text()).toContain(' ok  preflight           1.9 s\n');
    expect(host.stdout.text()).toContain(
      ' ..  restore base        2 m 20 s   41% 5.40 of 13.0 GiB stored   attempt 2\n',
    );
    expect(host.stdout.text()).toContain(
      `next        odo resume ${sampleRunId} --journal ${join(cwd, 'j.sqlite')}\n`,
    );
  });

  it('with --watch draws a run as the odo does that works on it, and exits with what it comes to', async () => {
    host = fakeHost({ cwd, terminal: true, startMs: Date.parse('2026-11-22T22:12:27Z') });
    const code = await odo(`status ${sampleRunId} --watch`, {
      readStatus: () => sampleStatus,
      watchRun: async (_, runId, { onEvent }) => {
        for (const event of halfARun) onEvent(event);
        return { ...outcome({ status: 'failed', exitCode: 5, resumable: true, next: 'resume' }), runId };
      },
    });
    expect(code).toBe(5);
    expect(screenOf(host.stderr.text(), 80)).toEqual([
      'restore 20261122-220955-k3f9',
      '     base 20261120T020000, timeline 3 -> volume shop_pgdata',
      ...Array.from({ length: 6 }, () => expect.any(String)),
      `go on with:  odo resume ${sampleRunId}`,
    ]);
  });

  it('with --watch a signal ends only the watching, and says so', async () => {
    host = fakeHost({ cwd });
    const code = await odo(`status ${sampleRunId} --watch --journal j.sqlite`, {
      readStatus: () => sampleStatus,
      watchRun: async (_file, _runId, { signal }) => {
        host.signal('SIGINT');
        signal.throwIfAborted();
        return outcome({});
      },
    });
    expect(code).toBe(130);
    expect(host.stderr.text()).toBe(
      `Run ${sampleRunId} goes on in ${sampleStatus.heldBy}.\nwatch it:  odo status --watch ${sampleRunId} --journal ${join(cwd, 'j.sqlite')}\n`,
    );
  });

  it('with --watch --json prints a line only when something changed', async () => {
    let looks = 0;
    const code = await odo(`status ${sampleRunId} --watch --json`, {
      readStatus: () => {
        looks += 1;
        return looks < 4 ? sampleStatus : { ...sampleStatus, status: 'failed' };
      },
      watchRun: async () => outcome({ status: 'failed', exitCode: 5, resumable: true, next: 'resume' }),
    });
    expect(code).toBe(5);
    expect(json().map(({ status }) => status)).toEqual(['running', 'failed']);
  });
});

describe('odo config import', () => {
  it('prints the new settings, or writes them where nothing is yet', async () => {
    writeFileSync(join(cwd, 'recovery.conf'), '[source]\ns3_url = s3://b\n[aws]\nsecret_key = verysecret\n');
    expect(await odo('config import recovery.conf')).toBe(0);
    expect(host.stdout.text()).toContain('\nurl: s3://b/postgresql-cluster\n');
    expect(await odo('config import recovery.conf --out odo.yaml')).toBe(0);
    expect(readFileSync(join(cwd, 'odo.yaml'), 'utf8')).toBe(host.stdout.text());
    expect(host.stderr.text()).toContain('Next: odo plan\n');
    writeFileSync(join(cwd, 'odo.yaml'), 'mine');
    expect(await odo('config import recovery.conf --out odo.yaml')).toBe(2);
    expect(host.stderr.text()).toContain('odo.yaml is there already, and stays as it is.');
    expect(readFileSync(join(cwd, 'odo.yaml'), 'utf8')).toBe('mine');
    expect(await odo('config import nowhere.conf')).toBe(2);
    expect(await odo('config export recovery.conf')).toBe(2);
    expect(host.stdout.text() + host.stderr.text()).not.toContain('verysecret');
  });
});
