import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createGzip } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { errorKinds } from '../../src/errors/codes.ts';
import { fixture } from '../lab/fixtures.ts';
import { imageName } from '../lab/images.ts';
import { run } from '../lab/run-command.ts';
import { buildOdo } from '../support/built-odo.ts';
import { layOut } from '../support/fixture-objects.ts';
import { watchMemory } from '../support/memory-watch.ts';
import { odo, spawnOdo } from '../support/odo-program.ts';
import { proofTally, spread, whole } from '../support/proof.ts';
import { refusalOf } from '../support/refusal-of.ts';
import { binDir15 } from '../support/restored-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';
import { member, signed } from '../unit/archive/tar-samples.ts';
import { changed, inputs, parsesOrRefuses } from '../unit/hostile/hostile-inputs.ts';
import { textParsers } from '../unit/hostile/hostile-parsers.ts';
import {
  type LyingStore,
  page,
  sendWithoutEnd,
  sendXml,
  startLyingStore,
} from '../unit/hostile/lying-store.ts';

const proof = proofTally('hostile-input', 'hostile-input');
const mebibyte = 1024 ** 2;

/** Less than half of its header in the archive. @unit bytes */
const mostForAnEntry = 200;

/** Runs `odo` to its end, with the most memory that it held. */
async function measured(args: readonly string[], options: Parameters<typeof spawnOdo>[1]) {
  const program = spawnOdo(args, options);
  using watch = watchMemory(program.pid);
  return { ...(await program.ended), peakBytes: watch.peakBytes };
}

/** A backup of barman-cloud, which has no manifest, with one more part of the data directory. */
async function backupWithPart(
  directory: string,
  write: (put: (bytes: Buffer) => Promise<void>) => Promise<void>,
) {
  const backup = await fixture('barman-15');
  const archive = join(directory, 'backups');
  await layOut(backup, archive);
  const server = join(archive, backup.prefix, String(backup.serverName));
  const part = join(server, 'base', String(backup.expected.backups.at(-1)), 'data_0001.tar.gz');
  const packer = createGzip({ level: 1 });
  const file = packer.pipe(createWriteStream(part));
  await write(async (bytes) => {
    if (!packer.write(bytes)) await once(packer, 'drain');
  });
  packer.end(Buffer.alloc(1024));
  await once(file, 'close');
  return `file://${server}`;
}

/** Empty files; seven of eight are of a folder whose content is left out, as making them all takes its time. */
async function emptyFiles(count: number, put: (bytes: Buffer) => Promise<void>): Promise<void> {
  const folders = ['base/1/', ...Array<string>(7).fill('pg_stat_tmp/')];
  const headers = folders.map((folder) => ({
    block: member({ name: `${folder}x0000000` }),
    at: folder.length + 1,
  }));
  for (let first = 0; first < count; first += 800) {
    const blocks = Array.from({ length: 800 }, (_, i) => {
      const { block, at } = headers[i % 8]!;
      block.write(String(first + i).padStart(7, '0'), at);
      return Buffer.from(signed(block));
    });
    await put(Buffer.concat(blocks));
  }
}

const start = (url: string, data: string, ...more: string[]) => [
  ...[
    'start',
    '-u',
    url,
    '--data-dir',
    data,
    '--pg-bin',
    binDir15,
    '--no-sync',
    '--memory',
    '64MiB',
    '--json',
    ...more,
  ],
];

describeWithLab('an archive', () => {
  test('of a million empty files is restored in bounded memory', async () => {
    const count = whole ? 1_000_000 : 80_000;
    await using directory = await temporaryDirectory();
    const env = { XDG_STATE_HOME: directory.path, ODO_FAILPOINT: 'configureRecovery:after-intent' };
    const url = await backupWithPart(directory.path, (put) => emptyFiles(count, put));
    await proof.case(async () => {
      const result = await measured(start(url, join(directory.path, 'data')), {
        ...{ cwd: directory.path, env },
        cli: buildOdo(join(directory.path, 'program')),
      });
      // Everything is laid down, and nothing recovers it.
      expect(result.signal, result.stderr).toBe('SIGKILL');
      const restored = result.events.find(
        ({ phase, state }) => phase === 'restoreBase' && state === 'completed',
      );
      expect(Number((restored?.['facts'] as { files: number } | undefined)?.files)).toBeGreaterThan(
        count / 8,
      );
      expect(result.peakBytes).toBeGreaterThan(50 * mebibyte);
      expect(result.peakBytes).toBeLessThan(400 * mebibyte + count * mostForAnEntry);
      proof.figure('entries of an archive of empty files', count);
      proof.figure('most memory that its restore held (MiB)', Math.round(result.peakBytes / mebibyte));
    });
  });

  test('with far more in it than the backup says ends before it fills the disk', async () => {
    await using directory = await temporaryDirectory();
    const disk = join(directory.path, 'disk');
    await mkdir(disk);
    await run('mount', ['-t', 'tmpfs', '-o', 'size=700m,mode=0755', 'odo-bomb', disk]);
    try {
      const zeros = Buffer.alloc(16 * mebibyte);
      const url = await backupWithPart(directory.path, async (put) => {
        for (let i = 0; i < 100; i++) await put(member({ name: `base/1/${16384 + i}`, content: zeros }));
      });
      await proof.case(async () => {
        const args = start(url, join(disk, 'data'), '--reserve', '64MiB', '--wal-spool-size', '32MiB');
        const result = await measured(args, { cwd: directory.path, env: { XDG_STATE_HOME: directory.path } });
        expect(result.exitCode, result.stderr).toBe(errorKinds.NOT_ENOUGH_SPACE.exitCode);
        expect(result.stderr).toMatch(
          /The archives hold .* so far, and the backup said that they hold about/,
        );
        const { bavail, bsize } = await statfs(disk);
        // Two looks are at least 16 MiB apart.
        expect(bavail * bsize).toBeGreaterThan(40 * mebibyte);
        expect(result.peakBytes).toBeLessThan(400 * mebibyte);
      });
    } finally {
      await run('umount', [disk]);
    }
  });
});

const laughs = Array.from({ length: 9 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join('');
const lies: readonly {
  readonly lie: string;
  readonly answer: (store: LyingStore, ...args: Parameters<Parameters<typeof startLyingStore>[0]>) => void;
}[] = [
  {
    lie: 'the same page for ever',
    answer: (_s, _q, response) => sendXml(response, page([{ key: 'pg/a' }], { token: 'again' })),
  },
  {
    lie: 'empty pages for ever',
    answer: (_s, _q, response, number) => sendXml(response, page([], { token: `t${number}` })),
  },
  {
    lie: 'entities of entities',
    answer: (_s, _q, response) =>
      sendXml(response, page([{ key: 'pg/&l9;' }], { before: `<!DOCTYPE l [<!ENTITY l0 "ha">${laughs}]>` })),
  },
  {
    lie: 'HTML',
    answer: (_s, _q, response) => sendXml(response, '<!DOCTYPE html><html><body>Log in</body></html>'),
  },
  {
    lie: 'a size below zero',
    answer: (_s, _q, response) => sendXml(response, page([{ key: 'pg/a', size: '-1' }])),
  },
  {
    lie: 'keys of another folder',
    answer: (_s, _q, response) => sendXml(response, page([{ key: 'other/a' }])),
  },
  {
    lie: 'one answer without an end',
    answer: (store, _q, response) => {
      response.writeHead(200, { 'content-type': 'application/xml' });
      sendWithoutEnd(() => store, response, '<?xml version="1.0"?><ListBucketResult>');
    },
  },
];

test.concurrent.for(spread(lies, 2))(
  'a store that answers with $lie is told, in bounded memory',
  async ({ answer }) => {
    let store: LyingStore | null = null;
    await using started = await startLyingStore((...args) => store !== null && answer(store, ...args));
    store = started;
    await using directory = await temporaryDirectory();
    const credentials = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret', AWS_REGION: 'eu' };
    await proof.case(async () => {
      const args = [
        'start',
        '-u',
        's3://backups/pg',
        '-e',
        started.endpoint,
        '--data-dir',
        join(directory.path, 'data'),
        '--json',
      ];
      const result = await measured(args, {
        cwd: directory.path,
        env: { ...credentials, XDG_STATE_HOME: directory.path },
      });
      expect(refusalOf(result).code).toBe('STORAGE_UNAVAILABLE');
      expect(result.exitCode, result.stderr).toBe(errorKinds.PRECONDITION_FAILED.exitCode);
      expect(result.peakBytes).toBeLessThan(500 * mebibyte);
    });
  },
);

const db = (more = '', mount = 'pgdata') => `
    image: ${imageName(15)}
    volumes: ['${mount}:/var/lib/postgresql/data']
${more}`;
const bomb = Array.from({ length: 10 }, (_, level) => {
  const value = level === 0 ? '"lol"' : `[${Array.from({ length: 10 }, () => `*a${level - 1}`).join(', ')}]`;
  return `  a${level}: &a${level} ${value}\n`;
}).join('');
const volumes = 'volumes:\n  pgdata:\n';

interface ComposeCase {
  readonly what: string;
  readonly files: Readonly<Record<string, string>>;
  readonly service?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Null: the plan is made, for the project's volume. */
  readonly code: 'CONFIG_INVALID' | 'SERVICE_NOT_FOUND' | null;
}

const composeCases: readonly ComposeCase[] = [
  {
    what: 'anchors and merge keys',
    files: {
      'compose.yaml': `x-db: &db${db().replaceAll('\n    ', '\n  ')}services:\n  db:\n    <<: *db\n${volumes}`,
    },
    code: null,
  },
  {
    what: 'extends from another file',
    files: {
      'compose.yaml': `services:\n  db:\n    extends: {file: base.yaml, service: base}\n${volumes}`,
      'base.yaml': `services:\n  base:${db()}`,
    },
    code: null,
  },
  {
    what: 'a profile',
    files: { 'compose.yaml': `services:\n  db:${db('    profiles: [never]\n')}${volumes}` },
    code: null,
  },
  {
    what: 'variables of the environment',
    files: { 'compose.yaml': `services:\n  db:${db('', `\${DATA:-other}`)}${volumes}  other:\n` },
    env: { DATA: 'pgdata' },
    code: null,
  },
  {
    what: 'include',
    files: { 'compose.yaml': 'include: [more.yaml]\n', 'more.yaml': `services:\n  db:${db()}${volumes}` },
    code: null,
  },
  {
    what: 'extends in a circle',
    files: {
      'compose.yaml': `services:\n  db:\n    extends: {service: other}\n  other:\n    extends: {service: db}\n${volumes}`,
    },
    code: 'CONFIG_INVALID',
  },
  {
    what: 'include of itself',
    files: { 'compose.yaml': `include: [compose.yaml]\nservices:\n  db:${db()}${volumes}` },
    code: 'CONFIG_INVALID',
  },
  {
    what: 'aliases of aliases',
    files: { 'compose.yaml': `x-bomb:\n${bomb}services:\n  db:${db()}${volumes}` },
    code: 'CONFIG_INVALID',
  },
  {
    what: 'deep nesting',
    files: {
      'compose.yaml': `x-deep: ${'['.repeat(20_000)}${']'.repeat(20_000)}\nservices:\n  db:${db()}${volumes}`,
    },
    code: 'CONFIG_INVALID',
  },
  {
    what: 'a variable that is missing',
    files: { 'compose.yaml': `services:\n  db:${db('', `\${DATA:?}`)}${volumes}` },
    code: 'CONFIG_INVALID',
  },
  {
    what: 'a service whose name is a command',
    files: { 'compose.yaml': `services:\n  'db; touch x':${db()}${volumes}` },
    service: 'db; touch x',
    code: 'CONFIG_INVALID',
  },
  {
    what: 'a service by the name of a flag',
    files: { 'compose.yaml': `services:\n  db:${db()}${volumes}` },
    service: '--help',
    code: 'SERVICE_NOT_FOUND',
  },
  {
    what: 'a service by the name of a property',
    files: { 'compose.yaml': `services:\n  db:${db()}${volumes}` },
    service: '__proto__',
    code: 'SERVICE_NOT_FOUND',
  },
];

describeWithLab('a Compose file with', () => {
  test.concurrent.for(spread(composeCases, 3))(
    '$what',
    async ({ files, env = {}, service = 'db', code, what }) => {
      await using directory = await temporaryDirectory();
      await layOut(await fixture('basebackup-15'), join(directory.path, 'backups'));
      for (const [name, text] of Object.entries(files)) await writeFile(join(directory.path, name), text);
      const project = `odo-hostile-${what.replaceAll(/[^a-z]+/g, '-')}`;
      await proof.case(async () => {
        const result = await odo(
          [
            ...[
              'plan',
              '-u',
              `file://${join(directory.path, 'backups/pg')}`,
              '-v',
              'pgdata',
              `--service=${service}`,
            ],
            ...['-f', join(directory.path, 'compose.yaml'), '--project', project, '--json'],
          ],
          { cwd: directory.path, env: { ...env, XDG_STATE_HOME: directory.path } },
        );
        if (code === null) {
          expect(result.exitCode, result.stderr).toBe(0);
          expect(result.events[0]).toMatchObject({ plan: { target: { volume: `${project}_pgdata` } } });
        } else {
          expect(result.exitCode, result.stderr).toBe(errorKinds[code].exitCode);
          const said = JSON.stringify(result.events);
          expect(said).toContain(`"${code}"`);
        }
      });
    },
  );
});

test('changed and random files are read or refused, with a seed of their own', async () => {
  const seed = Date.now() % 2 ** 31;
  let tried = 0;
  for (const [parse, samples, words] of spread(Object.values(textParsers), 2)) {
    const random = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes).toString('utf8'));
    for (const input of [changed(samples, words), random]) {
      parsesOrRefuses(input, parse, ['FORMAT_UNKNOWN'], seed);
      tried += inputs;
    }
  }
  proof.cases(tried);
  proof.figure('changed and random files for parsers', tried);
});
