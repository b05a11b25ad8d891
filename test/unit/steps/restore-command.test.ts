import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  refusalOf,
  restoreCommand,
  restoreScriptText,
  wantedIn,
} from '../../../src/steps/restore-command.ts';
import { waitUntil } from '../../lab/wait-until.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const segment = '000000010000000000000004';
const other = '000000010000000000000005';

/** A work directory as odo lays it down, and a server's directory in which the command runs. */
async function laidDown() {
  const directory = await temporaryDirectory();
  const work = join(directory.path, 'work');
  const data = join(directory.path, 'data');
  await mkdir(join(work, 'wal'), { recursive: true });
  await mkdir(join(data, 'pg_wal'), { recursive: true });
  await writeFile(join(work, 'restore-wal.sh'), restoreScriptText(work));
  await writeFile(join(work, 'wal-in-archive.txt'), `00000002.history\n${segment}\n${other}\n`);
  return {
    work,
    data,
    spooled: (name: string) => join(work, 'wal', name),
    restored: join(data, 'pg_wal', 'RECOVERYXLOG'),
    /** As the server runs it (system(3)). */
    ask: (name: string) => {
      const command = restoreCommand(work).replace('%f', name).replace('%p', 'pg_wal/RECOVERYXLOG');
      const child = spawn('/bin/sh', ['-c', command], { cwd: data });
      let said = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
      return {
        said: () => said,
        ended: new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code))),
      };
    },
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

describe('the restore command', () => {
  it('hands over what is in the spool, without a word', async () => {
    await using place = await laidDown();
    await writeFile(place.spooled(segment), 'wal');
    const asked = place.ask(segment);
    expect(await asked.ended).toBe(0);
    expect(asked.said()).toBe('');
    expect(await readFile(place.restored, 'utf8')).toBe('wal');
    expect(existsSync(place.spooled(segment))).toBe(true);
  });

  it('ends with 1 only for a name that the plan does not have', async () => {
    await using place = await laidDown();
    expect(await place.ask('00000003.history').ended).toBe(1);
    // A dot is no wildcard, and a part of a name is not a name.
    expect(await place.ask('00000002xhistory').ended).toBe(1);
    expect(await place.ask(segment.slice(0, 20)).ended).toBe(1);
  });

  it('says once what it wants, and waits until that is there', async () => {
    await using place = await laidDown();
    const asked = place.ask(segment);
    await waitUntil('it has asked', () => asked.said() !== '');
    expect(wantedIn(asked.said())).toBe(segment);
    await writeFile(place.spooled(other), 'not this one');
    await writeFile(place.spooled(segment), 'wal');
    expect(await asked.ended).toBe(0);
    expect(asked.said()).toBe(`odo: want ${segment}\n`);
    expect(await readFile(place.restored, 'utf8')).toBe('wal');
  });

  it('ends with 255 when odo says that the file will not come', async () => {
    await using place = await laidDown();
    const asked = place.ask(segment);
    await waitUntil('it has asked', () => asked.said() !== '');
    await writeFile(place.spooled(refusalOf(segment)), '');
    expect(await asked.ended).toBe(255);
    expect(existsSync(place.restored)).toBe(false);
  });

  it('ends with 255 when the list of names cannot be read', async () => {
    await using place = await laidDown();
    await writeFile(join(place.work, 'restore-wal.sh'), restoreScriptText(`${place.work}/gone`));
    expect(await place.ask('00000003.history').ended).toBe(255);
  });

  it('ends with 255 when the server’s directory takes no file', async () => {
    await using place = await laidDown();
    await writeFile(place.spooled(segment), 'wal');
    await mkdir(place.restored);
    await mkdir(join(place.restored, segment));
    expect(await place.ask(segment).ended).toBe(255);
  });

  it('ends when the postmaster was killed, though the process that waits for it does not know', async () => {
    await using place = await laidDown();
    const postmaster = spawn('sleep', ['60']);
    await writeFile(join(place.data, 'postmaster.pid'), `${postmaster.pid}\n${place.data}\n`);
    const asked = place.ask(segment);
    await waitUntil('it has asked', () => asked.said() !== '');
    postmaster.kill('SIGKILL');
    expect(await asked.ended).toBe(255);
  });

  it('writes nothing any more once its server is gone', async () => {
    await using place = await laidDown();
    const command = restoreCommand(place.work)
      .replace('%f', segment)
      .replace('%p', place.restored)
      .replaceAll("'", `'\\''`);
    // The shell in between is the server; it ends and leaves the command alone.
    const server = spawn('/bin/sh', ['-c', `sh -c '${command}' & read line`], {
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    let said = '';
    server.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    await waitUntil('it has asked', () => said !== '');
    const closed = new Promise((resolve) => server.once('close', resolve));
    server.stdin.end('end\n');
    // The pipe is closed when the command has ended as well.
    await closed;
    await writeFile(place.spooled(segment), 'wal');
    expect(existsSync(place.restored)).toBe(false);
  });
});

it('tells what a line of the server’s log wants', () => {
  expect(wantedIn(`odo: want ${segment}\n`)).toBe(segment);
  expect(wantedIn('odo: want 0000000A.history')).toBe('0000000A.history');
  expect(wantedIn('LOG:  odo: want 0000000A.history')).toBeNull();
  expect(wantedIn('odo: want ../../etc/passwd')).toBeNull();
});
