import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PathFacts } from '../../../src/postgres/leftovers/server-view.ts';
import type { ServerLauncher } from '../../../src/service/server-launcher.ts';
import { fitConfiguration } from '../../../src/steps/fit-configuration.ts';
import type { StepContext } from '../../../src/steps/step.ts';
import { DirectTree } from '../../../src/target/direct-tree.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const ready = ['LOG:  database system is ready to accept connections'];
const there: PathFacts = { kind: 'directory', readable: true, writable: true };

/** Runs on real files; the server says, start by start, what `starts` has. */
async function fit(
  texts: Readonly<Record<string, string>>,
  {
    starts = [ready],
    override = null,
    serviceMounts = [],
    runId = 'run-2',
  }: {
    starts?: readonly (readonly string[])[];
    override?: object | null;
    serviceMounts?: readonly string[];
    runId?: string;
  } = {},
) {
  await using directory = await temporaryDirectory();
  for (const [path, text] of Object.entries(texts)) {
    await mkdir(dirname(join(directory.path, path)), { recursive: true });
    await writeFile(join(directory.path, path), text);
  }
  const launches: string[][] = [];
  const launcher = {
    paths: { dataDirectory: '/data', workDirectory: '/odo', socketDirectory: '/run/odo' },
    removeLeftovers: async () => {},
    launch: async (args: readonly string[], onLine: (line: string) => void) => {
      const lines = starts[launches.length] ?? [];
      launches.push([...args]);
      for (const line of lines) onLine(line);
      const isUp = lines.some((line) => line.includes('ready'));
      return {
        exited: isUp ? new Promise(() => {}) : Promise.resolve({ exitCode: 1 }),
        stop: async () => {},
      };
    },
  } as unknown as ServerLauncher;
  const asked: string[] = [];
  const context = {
    runId,
    signal: new AbortController().signal,
    plan: () => ({
      override,
      owner: { uid: process.getuid?.(), gid: process.getgid?.() },
      launcher: { kind: 'container' },
      superuser: null,
      serverMajor: 14,
      configuration: { isKept: false, serviceMounts, source: null },
    }),
    outputOf: () => null,
    notice: () => {},
    serverLog: () => {},
    resource: () => {},
    resourceRemoved: () => {},
    failpoint: () => {},
    ports: {
      inspectServer: async (_: unknown, paths: readonly string[]) => {
        asked.push(...paths);
        const missing = { kind: 'missing', readable: false, writable: false };
        return {
          user: 'postgres',
          locales: ['C'],
          libraries: null,
          paths: Object.fromEntries(paths.map((path) => [path, path === '/tmp' ? there : missing])),
        };
      },
    },
  } as unknown as StepContext;
  const outcome = await fitConfiguration(context, new DirectTree(directory.path), launcher).then(
    (fitted) => ({ ...fitted, error: null }),
    (error: unknown) => ({ error, edits: [], proof: '' }),
  );
  const text = (path: string) => readFile(join(directory.path, path), 'utf8');
  const after = Object.fromEntries(
    await Promise.all(Object.keys(texts).map(async (path) => [path, await text(path)] as const)),
  );
  return { ...outcome, after, launches, asked };
}

const hba = { 'pg_hba.conf': 'local all all trust\nhost all all all scram-sha-256\n' };

describe('the configuration of a restored data directory', () => {
  it('that needs nothing is proved, byte for byte as it was, and never archives meanwhile', async () => {
    const texts = { ...hba, 'postgresql.conf': 'work_mem = 1MB', 'postgresql.auto.conf': '' };
    const { after, edits, proof, launches } = await fit(texts);
    expect(after).toEqual(texts);
    expect(edits).toEqual([]);
    expect(proof).toMatch(/started with it/);
    expect(launches).toHaveLength(1);
    // Nor does it touch what another server of the host may use.
    for (const setting of ['archive_mode=off', 'external_pid_file=', 'stats_temp_directory=pg_stat_tmp']) {
      expect(launches[0]).toContain(setting);
    }
  });

  it('is edited in the file where the setting stands, also below a folder', async () => {
    const { after } = await fit({
      ...hba,
      'postgresql.conf': 'include_dir = conf.d\n',
      'conf.d/x.conf': "unix_socket_directories = '/controller/run,/tmp'\n",
    });
    expect(after['conf.d/x.conf']).toContain(
      "#odo run-2# unix_socket_directories = '/controller/run,/tmp'\n",
    );
    expect(after['conf.d/x.conf']).toContain("\nunix_socket_directories = '/tmp' # odo run-2\n");
  });

  it('answers what the server refuses until it starts, several times on the same line', async () => {
    const { after, edits, launches } = await fit(
      { ...hba, 'postgresql.conf': "shared_preload_libraries = 'a,b,c'\nold_thing = 1\n" },
      {
        starts: [
          ['LOG:  unrecognized configuration parameter "old_thing" in file "/data/postgresql.conf" line 2'],
          ['FATAL:  could not access file "a": No such file or directory'],
          ['FATAL:  could not access file "c": No such file or directory'],
          ready,
        ],
      },
    );
    expect(launches).toHaveLength(4);
    expect(edits.map(({ what, replacement }) => [what, replacement])).toEqual([
      ['old_thing', null],
      ['shared_preload_libraries', "shared_preload_libraries = 'b'"],
    ]);
    expect(after['postgresql.conf']?.match(/^shared_preload_libraries/gm)).toHaveLength(1);
  });

  it('fails with the server’s words when it cannot be mended, and does not try the same twice', async () => {
    const refused = [
      'LOG:  invalid value for parameter "max_connections": "many"',
      'FATAL:  contains errors',
    ];
    const { error, launches } = await fit(
      { ...hba, 'postgresql.conf': "max_connections = 'many'\n" },
      { starts: [refused, refused] },
    );
    expect(error).toMatchObject({
      code: 'CONFIGURATION_REFUSED',
      message: expect.stringContaining('"max_connections": "many"'),
      hint: expect.stringMatching(/resume/),
    });
    expect(launches).toHaveLength(1);
  });

  it('never edits the postgresql.auto.conf that the operator gave', async () => {
    const given = 'archive_mode = on\nold_thing = 1\n';
    const { after, error } = await fit(
      { ...hba, 'postgresql.conf': '', 'postgresql.auto.conf': given },
      { override: {}, starts: [['LOG:  unrecognized configuration parameter "old_thing" in file']] },
    );
    expect(after['postgresql.auto.conf']).toBe(given);
    expect(error).toMatchObject({ code: 'CONFIGURATION_REFUSED' });
  });

  it('that names files of a mount of the service keeps them, and is proved by the service', async () => {
    const conf = "ssl = on\nssl_cert_file = '/certs/a.crt'\nssl_key_file = '/certs/a.key'\n";
    const { after, proof, launches, asked } = await fit(
      { ...hba, 'postgresql.conf': conf },
      { serviceMounts: ['/certs'] },
    );
    expect(after['postgresql.conf']).toBe(conf);
    expect(launches).toEqual([]);
    expect(proof).toMatch(/service/);
    expect(asked).toEqual([]);
  });

  it('is the same after a second attempt, and what another run did to it stays', async () => {
    const texts = {
      ...hba,
      'postgresql.conf': "# odo run-1: why\n#odo run-1# ssl = on\ninclude 'gone.conf'\nssl = on\n",
    };
    const once = await fit(texts);
    const twice = await fit(once.after);
    expect(twice.after).toEqual(once.after);
    expect(twice.edits).toEqual(once.edits);
    expect(twice.edits.map(({ rule }) => rule)).toEqual(['include', 'ssl']);
    expect(twice.after['postgresql.conf']).toContain('#odo run-1# ssl = on\n');
  });
});
