import { chown, cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { errorKinds } from '../../src/errors/codes.ts';
import { parseControlFile } from '../../src/postgres/control-file.ts';
import { fixture } from '../lab/fixtures.ts';
import { imageName } from '../lab/images.ts';
import { run } from '../lab/run-command.ts';
import { waitUntil } from '../lab/wait-until.ts';
import { layOut } from '../support/fixture-objects.ts';
import { odo } from '../support/odo-program.ts';
import { proofTally, spread } from '../support/proof.ts';
import { refusalOf } from '../support/refusal-of.ts';
import { binDir15 } from '../support/restored-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { wholeDigest } from '../support/whole-digest.ts';
import { describeWithLab } from '../support/with-lab.ts';

const proof = proofTally('safety-rails', 'safety-rails-live');
const rows: (readonly [rail: string, exitCode: string, error: string])[] = [];

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
const at = (text: string): string => text.replaceAll('@', directory.path);

beforeAll(async () => {
  directory = await temporaryDirectory('odo-rails-live-');
  await layOut(await fixture('basebackup-15'), at('@/backups'));
});
afterAll(async () => {
  await directory[Symbol.asyncDispose]();
  proof.table({ head: ['rail', 'exit code', 'error'], rows: rows.toSorted() });
});

/** `odo start` or `odo plan` with these flags and a state directory of its own. */
async function tell(command: 'start' | 'plan', ...flags: readonly string[]) {
  await using home = await temporaryDirectory('odo-rails-home-');
  const more = command === 'start' ? ['--yes'] : [];
  const args = [command, '-u', `file://${at('@/backups/pg')}`, '--json', ...more, ...flags.map(at)];
  return await odo(args, { cwd: home.path, env: { XDG_STATE_HOME: home.path } });
}

interface Expected {
  readonly rail: string;
  readonly flags: readonly string[];
  readonly code: keyof typeof errorKinds;
  readonly says: RegExp;
  /** Directories that must be the same afterwards. */
  readonly same: readonly string[];
}

const refuses = ({ rail, flags, code, says, same }: Expected): Promise<void> =>
  proof.case(async () => {
    const digests = () => Promise.all(same.map((path) => wholeDigest(at(path))));
    const before = await digests();
    const result = await tell('start', ...flags);
    const error = refusalOf(result);
    expect(error.message).toMatch(says);
    expect({ code: error.code, exitCode: result.exitCode }).toEqual({
      code,
      exitCode: errorKinds[code].exitCode,
    });
    expect(error.hint).toMatch(/\w/);
    expect(await digests()).toEqual(before);
    rows.push([rail, String(result.exitCode), code]);
  });

/** The checks pass: the plan is made, nothing is executed. */
const allows = (what: string, ...flags: readonly string[]): Promise<void> =>
  proof.case(async () => {
    const result = await tell('plan', ...flags);
    expect(result.exitCode, result.stderr).toBe(0);
    rows.push([`no obstacle: ${what}`, '0', '']);
  });

describeWithLab('a directory on which PostgreSQL runs', () => {
  const local = ['--pg-bin', binDir15];

  test('is refused, and what a dead server has left is not', async () => {
    const as = {
      uid: Number(await run('id', ['-u', 'postgres'])),
      gid: Number(await run('id', ['-g', 'postgres'])),
      cwd: '/',
    };
    for (const name of ['live', 'dead']) {
      await mkdir(at(`@/${name}`));
      await chown(at(`@/${name}`), as.uid, as.gid);
    }
    const live = at('@/live/data');
    await run(join(binDir15, 'initdb'), ['-D', live, '-A', 'trust', '-N', '--no-locale'], as);
    await cp(live, at('@/dead/data'), { recursive: true });
    await run('chown', ['-R', `${as.uid}:${as.gid}`, at('@/dead/data')]);
    const { systemIdentifier } = parseControlFile(await readFile(join(live, 'global/pg_control')));
    const identified = ['--replace-system-id', systemIdentifier];
    const options = `-c listen_addresses='' -c autovacuum=off -c unix_socket_directories=${dirname(live)}`;
    const pgCtl = (...args: string[]) => run(join(binDir15, 'pg_ctl'), ['-D', live, '-w', ...args], as);
    const sql = (text: string) =>
      run(join(binDir15, 'psql'), ['-h', dirname(live), '-c', text, 'postgres'], as);
    await pgCtl('-l', at('@/live/log'), '-o', options, 'start');
    try {
      // What it writes of its own accord after its start is written by then.
      await sql('checkpoint');
      const pid = (await readFile(join(live, 'postmaster.pid'), 'utf8')).split('\n')[0];
      await refuses({
        rail: 'the data directory of a running server',
        flags: ['--data-dir', live, ...local, ...identified],
        code: 'TARGET_IN_USE',
        says: new RegExp(`in use by PostgreSQL, pid ${pid}\\.`),
        same: ['@/live/data/base', '@/live/data/global'],
      });
      await sql('select 1');
      // The number of a server that died is another server's by now, or any process's.
      for (const [what, recycled] of [
        ['a postmaster.pid whose number another server has by now', pid],
        ['a postmaster.pid whose number another program has by now', process.pid],
        ['a postmaster.pid of a server that has ended', 4_194_304],
      ] as const) {
        await writeFile(at('@/dead/data/postmaster.pid'), `${recycled}\n${at('@/dead/data')}\n`);
        await allows(what, '--data-dir', at('@/dead/data'), ...local, ...identified);
      }
      await run('kill', ['-9', String(pid)]);
      // Its children notice, and end by themselves.
      await waitUntil(
        'nothing of the killed server runs',
        async () =>
          (await run('sh', [
            '-c',
            `ls -l /proc/[0-9]*/cwd 2>/dev/null | grep -c -- '-> ${live}$' || true`,
          ])) === '0',
      );
      await readFile(join(live, 'postmaster.pid'));
      await allows('a server that was killed', '--data-dir', live, ...local, ...identified);
    } finally {
      await pgCtl('-m', 'immediate', 'stop').catch(() => {});
    }
  });
});

describeWithLab('what a running container mounts', () => {
  const container = 'odo-rails-mounts';
  const names = ['rw', 'ro', 'bound', 'linked', 'device', 'idle'] as const;
  const volume = (name: string): string => `odo-rails-${name}`;
  const mountPoints = new Map<string, string>();
  const forVolume = ['--image', imageName(15)];
  let identifier = '';

  beforeAll(async () => {
    await cleanUp();
    const control = join(import.meta.dirname, '../fixtures/pg-control/pg15.bin');
    identifier = parseControlFile(await readFile(control)).systemIdentifier;
    const fill = async (path: string) => {
      await mkdir(join(path, 'global'), { recursive: true });
      await cp(control, join(path, 'global/pg_control'));
      await writeFile(join(path, 'PG_VERSION'), '15\n');
    };
    for (const name of ['mounted', 'behind', 'device', 'above/pg']) await fill(at(`@/${name}`));
    await symlink('behind', at('@/link'));
    for (const name of names) {
      const bind = ['--opt', 'type=none', '--opt', 'o=bind', '--opt', `device=${at('@/device')}`];
      await run('docker', ['volume', 'create', ...(name === 'device' ? bind : []), volume(name)]);
      const mountPoint = await run('docker', ['volume', 'inspect', '-f', '{{.Mountpoint}}', volume(name)]);
      mountPoints.set(name, mountPoint);
      if (name !== 'device') await fill(mountPoint);
    }
    await symlink(String(mountPoints.get('linked')), at('@/to-volume'));
    const mounts = [
      `${volume('rw')}:/1`,
      `${volume('ro')}:/2:ro`,
      `${mountPoints.get('bound')}:/3`,
      `${at('@/to-volume')}:/4:ro`,
      `${at('@/device')}:/5`,
      `${at('@/mounted')}:/6:ro`,
      `${at('@/link')}:/7`,
      `${at('@/above')}:/8`,
    ].flatMap((mount) => ['-v', mount]);
    const sleeping = ['--entrypoint', 'sleep', imageName(15), '600'];
    await run('docker', ['run', '-d', '--name', container, '--network', 'none', ...mounts, ...sleeping]);
  });
  afterAll(cleanUp);

  async function cleanUp(): Promise<void> {
    await run('docker', ['rm', '-fv', container]).catch(() => {});
    for (const name of names) await run('docker', ['volume', 'rm', '-f', volume(name)]).catch(() => {});
  }

  const says = /in use by the container odo-rails-mounts/;
  const rails = [
    { rail: 'a volume that a running container mounts', volume: 'rw' },
    { rail: 'a volume that a running container mounts read-only', volume: 'ro' },
    { rail: 'a volume whose mount point a running container mounts', volume: 'bound' },
    { rail: 'a volume whose mount point a running container mounts by a link', volume: 'linked' },
    { rail: 'a volume made of a directory that a running container mounts', volume: 'device' },
    { rail: 'the mount point of a volume that a running container mounts', path: 'rw' },
    { rail: 'a directory that a running container mounts read-only', path: '@/mounted' },
    { rail: 'a directory that a running container mounts by a link', path: '@/behind' },
    { rail: 'a directory below one that a running container may write', path: '@/above/pg' },
  ] as const;

  test.concurrent.for(spread(rails, 4))('$rail', async (one) => {
    const path = 'path' in one ? (mountPoints.get(one.path) ?? one.path) : null;
    await refuses({
      rail: one.rail,
      flags: [
        ...('volume' in one
          ? ['-v', volume(one.volume), ...forVolume]
          : ['--data-dir', String(path), '--pg-bin', binDir15]),
        ...['--replace-system-id', identifier],
      ],
      code: 'TARGET_IN_USE',
      says,
      same: [
        path ??
          ('volume' in one && one.volume === 'device'
            ? '@/device'
            : String(mountPoints.get('volume' in one ? one.volume : ''))),
      ],
    });
  });

  test('and what of a volume is refused without one', async () => {
    const idle = String(mountPoints.get('idle'));
    const flags = ['-v', volume('idle'), ...forVolume];
    const same = [idle];
    await refuses({
      rail: 'a volume with a database of another system identifier',
      flags,
      code: 'TARGET_NOT_EMPTY',
      says: /volume odo-rails-idle holds another database/,
      same,
    });
    await refuses({
      rail: 'a volume with the journal in it',
      flags: [...flags, '--journal', join(idle, 'journal.sqlite')],
      code: 'PRECONDITION_FAILED',
      says: /The journal, .*, lies inside the target volume odo-rails-idle/,
      same,
    });
    await refuses({
      rail: 'a volume where a report is to go',
      flags: [...flags, '--report', join(idle, 'report.html')],
      code: 'PRECONDITION_FAILED',
      says: /The report, .*, lies inside the target volume odo-rails-idle/,
      same,
    });
    await refuses({
      rail: 'a new volume that exists',
      flags: ['-V', volume('idle'), ...forVolume],
      code: 'TARGET_NOT_EMPTY',
      says: /exists already/,
      same,
    });
    await allows(
      'a volume with another database, and its identifier',
      ...flags,
      '--replace-system-id',
      identifier,
    );
  });
});

describeWithLab('volumes of Compose projects with one short name', () => {
  const projects = ['odo-rails-blue', 'odo-rails-green', 'odo-rails-twin'] as const;
  /** The last two are in directories of one name. */
  const files = {
    blue: '@/blue/compose.yaml',
    green: '@/green/compose.yaml',
    twin: '@/a/odo-rails-twin/compose.yaml',
  };
  const other = '@/b/odo-rails-twin/compose.yaml';
  const mountPoint = (name: string) =>
    run('docker', ['volume', 'inspect', '-f', '{{.Mountpoint}}', `odo-rails-${name}_pgdata`]);
  const text = `services:
  db:
    image: ${imageName(15)}
    entrypoint: [sleep, '600']
    stop_grace_period: 0s
    network_mode: none
    volumes: ['pgdata:/var/lib/postgresql/data']
volumes:
  pgdata:
`;

  beforeAll(async () => {
    for (const file of [...Object.values(files), other]) {
      await mkdir(dirname(at(file)), { recursive: true });
      await writeFile(at(file), text);
    }
    for (const [name, file] of Object.entries(files))
      await run('docker', [
        'compose',
        ...(name === 'twin' ? [] : ['-p', `odo-rails-${name}`]),
        '-f',
        at(file),
        'up',
        '-d',
      ]);
  });
  afterAll(async () => {
    for (const project of projects)
      await run('docker', ['compose', '-p', project, 'down', '-v', '-t', '0']).catch(() => {});
  });

  const service = (file: string, ...more: string[]) => ['-n', 'db', '-f', file, ...more];

  test('are never taken one for the other', async () => {
    const same = [await mountPoint('blue'), await mountPoint('green'), await mountPoint('twin')];
    await refuses({
      rail: 'the volume of another Compose project',
      flags: ['-v', 'odo-rails-green_pgdata', ...service(files.blue, '--project', projects[0])],
      code: 'SERVICE_CONFLICT',
      says: /keeps its data in the volume pgdata, not in the volume odo-rails-green_pgdata/,
      same,
    });
    await refuses({
      rail: 'a Compose file whose project is the running one of another file',
      flags: ['-v', 'pgdata', ...service(other)],
      code: 'SERVICE_CONFLICT',
      says: /made from .*\/a\/odo-rails-twin\/compose\.yaml, not from .*\/b\/odo-rails-twin\/compose\.yaml: two projects have one name/,
      same,
    });
    await proof.case(async () => {
      const planned = await tell('plan', '-v', 'pgdata', ...service(files.blue, '--project', projects[0]));
      expect(planned.exitCode, planned.stderr).toBe(0);
      expect(planned.events[0]).toMatchObject({ plan: { target: { volume: 'odo-rails-blue_pgdata' } } });
      rows.push([
        'no obstacle: a short name that two projects have means the volume of the named one',
        '0',
        '',
      ]);
    });
  });
});
