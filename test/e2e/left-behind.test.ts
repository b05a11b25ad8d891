import { spawn } from 'node:child_process';
import { lstat, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fixture } from '../lab/fixtures.ts';
import { distinctSecrets, leaksIn } from '../support/distinct-secrets.ts';
import { odoCli } from '../support/odo-program.ts';
import { binDir15 } from '../support/restored-directory.ts';
import { startS3Server } from '../support/s3-server.ts';
import { spyOnPrograms } from '../support/spied-programs.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

interface Left {
  readonly path: string;
  readonly mode: string;
  readonly isDirectory: boolean;
}

/** Everything at and below a path, links left out. */
async function leftAt(path: string): Promise<Left[]> {
  const stats = await lstat(path).catch(() => null);
  if (stats === null || stats.isSymbolicLink()) return [];
  const own = { path, mode: (stats.mode & 0o7777).toString(8), isDirectory: stats.isDirectory() };
  if (!own.isDirectory) return [own];
  const names = await readdir(path).catch(() => []);
  return [own, ...(await Promise.all(names.map((name) => leftAt(join(path, name))))).flat()];
}

const isOpen = ({ mode }: Left, bits: number): boolean => (Number.parseInt(mode, 8) & bits) !== 0;

describeWithLab('a restore with every secret there is, and a umask that takes nothing', () => {
  test('leaves nothing wider than documented, tells no secret, and starts no program that knows one', async () => {
    const backup = await fixture('barman-15');
    await using s3 = await startS3Server({
      directory: backup.storageDir,
      buckets: [],
      allowMismatchedSignatures: true,
    });
    await using directory = await temporaryDirectory();
    const at = (...names: string[]) => join(directory.path, ...names);
    const spied = await spyOnPrograms(at('spies'), binDir15, ['sync', 'ionice']);
    await writeFile(at('key.json'), '{"private_key":"leak-google-private-key"}', { mode: 0o600 });
    const env = {
      ...distinctSecrets,
      AWS_ACCESS_KEY_ID: 'S3RVER',
      ODO_HTTP_USER: 'leak-http-user',
      GOOGLE_APPLICATION_CREDENTIALS: at('key.json'),
      XDG_STATE_HOME: at('state'),
      PATH: spied.path,
      NO_COLOR: '1',
    };
    const said: string[] = [];
    let whileRunning: Left[] = [];
    const odo = (args: readonly string[], whenSaid?: RegExp) =>
      new Promise<number | null>((resolve) => {
        const command = ['-c', 'umask 000; exec "$@"', 'sh', process.execPath, odoCli, ...args];
        const child = spawn('sh', command, { env, stdio: ['ignore', 'pipe', 'pipe'] });
        let output = '';
        let looked: Promise<void> | null = null;
        const look = async () => {
          whileRunning = [...(await leftAt(at('state'))), ...(await leftAt(at('data')))];
          const works = (await readdir(directory.path)).filter((name) => name.startsWith('data.odo-'));
          for (const name of works) whileRunning.push(...(await leftAt(at(name))));
          said.push(await readFile(`/proc/${child.pid}/cmdline`, 'utf8').catch(() => ''));
        };
        for (const stream of [child.stdout, child.stderr]) {
          stream.setEncoding('utf8').on('data', (text: string) => {
            output += text;
            if (whenSaid?.test(output)) looked ??= look();
          });
        }
        child.once('close', (code) => {
          said.push(output);
          void Promise.resolve(looked).then(() => resolve(code));
        });
      });
    const place = ['-u', backup.url, '-e', s3.endpoint, '--data-dir', at('data'), '--pg-bin', spied.binDir];
    const reports = ['html', 'md', 'json', 'xml'].map((form) => at('out', `run.${form}`));
    const files = [...reports.flatMap((file) => ['--report', file]), '--metrics-file', at('out', 'odo.prom')];

    expect(await odo(['plan', ...place, '--out', at('plan.json')]), said.join()).toBe(0);
    const started = ['start', ...place, ...files, '--background', '--verbose', '--json'];
    expect(await odo(started, /"phase":"recover","state":"started"/), said.join()).toBe(0);

    // The modes that SECURITY.md names.
    const modeOf = async (path: string) => ((await lstat(path)).mode & 0o7777).toString(8);
    expect(await modeOf(at('state', 'odo'))).toBe('700');
    expect(await modeOf(at('plan.json'))).toBe('640');
    expect(await modeOf(at('out'))).toBe('755');
    for (const file of reports) expect(await modeOf(file)).toBe('640');
    expect(await modeOf(at('out', 'odo.prom'))).toBe('644');
    expect((await leftAt(at('data'))).filter((one) => isOpen(one, 0o077))).toEqual([]);
    const journals = whileRunning.filter(({ path }) => path.includes('journal.sqlite'));
    expect(
      journals.map(({ path, mode }) => [path.slice(at('state', 'odo').length + 1), mode]).sort(),
    ).toEqual([
      ['journal.sqlite', '600'],
      ['journal.sqlite-shm', '600'],
      ['journal.sqlite-wal', '600'],
    ]);
    const work = whileRunning.filter(({ path }) => path.startsWith(at('data.odo-')));
    expect(work.length).toBeGreaterThan(3);
    expect(work.filter((one) => isOpen(one, 0o022))).toEqual([]);
    expect(work.find(({ path }) => !path.slice(directory.path.length + 1).includes('/'))?.mode).toBe('700');

    // Whatever was printed or left.
    for (const file of [...reports, at('out', 'odo.prom'), at('plan.json')])
      said.push(await readFile(file, 'utf8'));
    for (const name of await readdir(at('state', 'odo')))
      said.push(await readFile(at('state', 'odo', name), 'latin1'));
    expect(said.flatMap(leaksIn)).toEqual([]);
    expect(said.join()).toContain('odo start');

    const calls = await spied.calls();
    const names = new Set(calls.map(({ program }) => program));
    for (const program of ['postgres', 'psql', 'ionice', 'sync']) expect(names).toContain(program);
    for (const { program, args, environment } of calls) {
      expect(leaksIn(args + environment), program).toEqual([]);
      expect(environment, program).not.toMatch(/^(AWS_|AZURE_|GOOGLE_|ODO_)/m);
    }
  });
});
