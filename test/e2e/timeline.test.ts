import { chmod, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { copyFixture, fixture } from '../lab/fixtures.ts';
import { run } from '../lab/run-command.ts';
import { startS3 } from '../lab/s3-server.ts';
import { waitUntil } from '../lab/wait-until.ts';
import { odo } from '../support/odo-program.ts';
import { binDir15, factsOfDirectory } from '../support/restored-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

describeWithLab('an archive that went on after a promotion', () => {
  test('is followed over the timeline switch to its end', async () => {
    await using directory = await temporaryDirectory();
    const backup = await copyFixture(await fixture('barman-15'), join(directory.path, 's3'));
    await using s3 = await startS3({ storageDir: backup.storageDir });
    const env = { ...s3.env, XDG_STATE_HOME: join(directory.path, 'state') };
    const restore = async (name: string) => {
      const data = join(directory.path, name);
      const result = await odo(['start', '-u', backup.url, '-e', s3.endpoint, '--data-dir', data, '--json'], {
        env,
      });
      expect(result.exitCode, result.stderr).toBe(0);
      return { data, facts: result.events.find((event) => event.type === 'completed')?.facts };
    };

    // The restored server goes on as production, on timeline 2, and archives.
    const first = await restore('first');
    expect(first.facts).toMatchObject({ timeline: 2 });
    const archived = join(directory.path, 'archived');
    await mkdir(archived);
    await chmod(archived, 0o777);
    const as = {
      uid: Number(await run('id', ['-u', 'postgres'])),
      gid: Number(await run('id', ['-g', 'postgres'])),
      cwd: '/',
    };
    const sockets = archived;
    // Renamed into place, so that a name in the archive always stands for a whole file.
    const archive = `cp %p ${archived}/%f.part && mv ${archived}/%f.part ${archived}/%f`;
    const settings = `-c listen_addresses='' -c unix_socket_directories=${sockets} -c archive_mode=on -c archive_command='${archive}'`;
    const pgCtl = (...args: string[]) => run(join(binDir15, 'pg_ctl'), ['-D', first.data, '-w', ...args], as);
    await pgCtl('-l', join(archived, 'log'), '-o', settings, 'start');
    try {
      const sql = `create table on_timeline_2 (id int); insert into on_timeline_2 values (1); select pg_switch_wal();`;
      await run(join(binDir15, 'psql'), ['-XAtq', '-h', sockets, '-U', 'postgres', '-d', 'app'], {
        ...as,
        input: sql,
      });
      await waitUntil('timeline 2 is archived', async () => {
        const names = await readdir(archived);
        return (
          names.includes('00000002.history') && names.some((name) => /^00000002[0-9A-F]{16}$/.test(name))
        );
      });
    } finally {
      await pgCtl('-m', 'immediate', 'stop');
    }
    const page = await s3.client.send(new ListObjectsV2Command({ Bucket: backup.bucket }));
    const wals = (page.Contents ?? [])
      .map(({ Key }) => /^(.*\/wals\/)/.exec(Key ?? '')?.[1])
      .find((key) => key);
    for (const name of await readdir(archived)) {
      if (!/^00000002(\.history|[0-9A-F]{16})$/.test(name)) continue;
      const Key = name.endsWith('.history') ? `${wals}${name}` : `${wals}${name.slice(0, 16)}/${name}`;
      await s3.client.send(
        new PutObjectCommand({ Bucket: backup.bucket, Key, Body: await readFile(join(archived, name)) }),
      );
    }

    const second = await restore('second');
    expect(second.facts).toMatchObject({ timeline: 3 });
    const { on_timeline_2, ...others } = await factsOfDirectory(second.data);
    expect(on_timeline_2?.rows).toBe(1);
    expect(others).toEqual(backup.expected.atLatest.tables);
  });
});
