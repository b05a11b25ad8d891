import { describe, expect, it } from 'vitest';
import { applyEdits, type ConfigurationEdit } from '../../../../src/postgres/edit-configuration.ts';
import { changesOf, findLeftovers } from '../../../../src/postgres/leftovers/find-leftovers.ts';
import { editsForRefusal } from '../../../../src/postgres/leftovers/refusals.ts';
import { originOf, type ServerView } from '../../../../src/postgres/leftovers/server-view.ts';
import { readServerConfiguration } from '../../../../src/postgres/server-configuration.ts';
import {
  bitnami,
  cloudNative,
  debian,
  type SourceConfiguration,
} from '../../../lab/source-configurations.ts';
import { configurationFiles } from '../../../support/configuration-files.ts';

const there = { readable: true, writable: true };
const directory = { kind: 'directory', ...there } as const;
const file = { kind: 'file', ...there } as const;
const missing = { kind: 'missing', readable: false, writable: false } as const;

/** Sees everything below `present`, and nothing else. */
function server(present: Readonly<Record<string, typeof directory | typeof file>> = {}): ServerView {
  const paths = new Map<string, typeof directory | typeof file>(
    Object.entries({ '/var/run/postgresql': directory, '/tmp': directory, '/': directory, ...present }),
  );
  return {
    kind: 'container',
    dataDirectory: '/data',
    libraries: new Set(['pg_stat_statements', 'auto_explain']),
    locales: ['C', 'C.utf8', 'POSIX', 'en_US.utf8'],
    paths: { get: (path: string) => paths.get(path) ?? missing } as unknown as ServerView['paths'],
  };
}

const find = (texts: SourceConfiguration, view = server(), kept: readonly string[] = []) =>
  findLeftovers(configurationFiles(texts), view, { kept: new Set(kept) });

/** What counts after the edits; null for what does not count any more. */
async function fitted(texts: SourceConfiguration, edits: readonly ConfigurationEdit[]) {
  const edited = Object.fromEntries(
    Object.entries(texts).map(([name, text]) => {
      const own = edits.filter((edit) => edit.file === name);
      return [name, applyEdits(text, own, 'run')];
    }),
  );
  const { settings } = await readServerConfiguration(configurationFiles(edited), '/data');
  return (name: string) => settings.get(name)?.value ?? null;
}

const values = async (texts: SourceConfiguration, names: readonly string[], view = server()) => {
  const value = await fitted(texts, await find(texts, view));
  return Object.fromEntries(names.map((name) => [name, value(name)]));
};

const conf = (text: string, auto = ''): SourceConfiguration => ({
  'postgresql.conf': text,
  'postgresql.auto.conf': auto,
});

describe('a configuration of CloudNativePG', () => {
  it('loses what only its pod has, and keeps the rest', async () => {
    const edits = await find(cloudNative);
    expect(edits.map(({ file: name, what }) => `${name} ${what}`).sort()).toEqual([
      'custom.conf archive_command',
      'custom.conf archive_mode',
      'custom.conf log_destination',
      'custom.conf logging_collector',
      'custom.conf restart_after_crash',
      'custom.conf shared_preload_libraries',
      'custom.conf ssl',
      'custom.conf synchronous_standby_names',
      'custom.conf unix_socket_directories',
      'override.conf primary_conninfo',
      'override.conf primary_slot_name',
      'override.conf recovery_target_timeline',
      'override.conf restore_command',
    ]);
    const value = await fitted(cloudNative, edits);
    expect(
      ['archive_mode', 'ssl', 'logging_collector', 'log_destination', 'shared_preload_libraries'].map(value),
    ).toEqual(['off', 'off', 'off', 'stderr', 'pg_stat_statements']);
    expect(['archive_command', 'unix_socket_directories', 'primary_conninfo'].map(value)).toEqual([
      null,
      null,
      null,
    ]);
    expect(
      ['wal_level', 'wal_log_hints', 'work_mem', 'max_worker_processes', 'cluster_name'].map(value),
    ).toEqual(['logical', 'on', '6MB', '32', 'shop']);
  });

  it('stays as it is in a pod that has all of it, but for what belongs to the source', async () => {
    const pod = server({
      '/controller/certificates/client-ca.crt': file,
      '/controller/certificates/server.crt': file,
      '/controller/certificates/server.key': file,
      '/controller/run': directory,
      '/controller/log': directory,
    });
    const edits = await find(cloudNative, { ...pod, libraries: new Set(['pgaudit', 'pg_stat_statements']) });
    const rules = new Set(edits.map(({ rule }) => rule));
    expect([...rules].sort()).toEqual([
      'archive',
      'archive-command',
      'operator-only',
      'recovery',
      'synchronous-standby',
    ]);
  });

  it('never shows a value that can be a secret', async () => {
    const secret = { ...cloudNative, 'override.conf': "primary_conninfo = 'host=x password=hunter2'\n" };
    expect(JSON.stringify(await find(secret))).not.toContain('hunter2');
  });
});

describe('a configuration of Debian’s', () => {
  it('starts in a container, where others can reach it', async () => {
    const names = [
      ...['data_directory', 'hba_file', 'ident_file', 'ssl', 'port', 'listen_addresses', 'archive_mode'],
      ...['archive_command', 'lc_messages', 'lc_time', 'external_pid_file', 'unix_socket_directories'],
      ...['work_mem', 'max_connections', 'timezone'],
    ];
    expect(await values(debian(17), names)).toEqual({
      data_directory: null,
      hba_file: null,
      ident_file: null,
      ssl: 'off',
      port: null,
      listen_addresses: '*',
      archive_mode: 'off',
      archive_command: null,
      lc_messages: 'C',
      lc_time: 'C',
      // Both are there in the image as well.
      external_pid_file: '/var/run/postgresql/17-main.pid',
      unix_socket_directories: '/var/run/postgresql',
      work_mem: '7MB',
      max_connections: '120',
      timezone: 'Europe/Berlin',
    });
    const included = (await find(debian(17))).filter(({ what }) => what === 'include_dir');
    expect(included).toMatchObject([{ rule: 'include', file: 'postgresql.conf', replacement: null }]);
  });

  it('keeps its port and addresses on a host', async () => {
    const edits = await find(debian(17), { ...server(), kind: 'local' });
    expect(edits.map(({ what }) => what)).not.toContain('port');
    expect(edits.map(({ what }) => what)).not.toContain('listen_addresses');
  });

  it('keeps the locale that the server has under another spelling', async () => {
    const texts = conf("lc_messages = 'en_US.UTF-8'\nlc_time = 'en_US@euro'\n");
    expect(await values(texts, ['lc_messages', 'lc_time'])).toEqual({
      lc_messages: 'en_US.UTF-8',
      lc_time: 'C',
    });
  });
});

describe('a configuration of Bitnami’s', () => {
  it('loses its paths and its library', async () => {
    const names = ['hba_file', 'external_pid_file', 'logging_collector', 'shared_preload_libraries'];
    expect(await values(bitnami, [...names, 'unix_socket_directories', 'max_wal_senders'])).toEqual({
      hba_file: null,
      external_pid_file: null,
      logging_collector: 'off',
      shared_preload_libraries: null,
      unix_socket_directories: '/tmp',
      max_wal_senders: '16',
    });
  });
});

describe('any configuration', () => {
  it('that is an operator’s own is left alone', async () => {
    const own = conf(
      [
        "listen_addresses = 'localhost'",
        'port = 6543',
        "shared_preload_libraries = 'pg_stat_statements,$libdir/auto_explain'",
        "log_directory = 'log'",
        'logging_collector = on',
        "log_destination = 'csvlog'",
        "unix_socket_directories = '/tmp, @abstract'",
        'ssl = off',
        "ssl_cert_file = '/nowhere/server.crt'",
        'restart_after_crash = off',
        "include_if_exists 'gone.conf'",
        "archive_command = ''",
        "synchronous_standby_names = ''",
      ].join('\n'),
    );
    expect(await find(own, server({ '/data': directory }))).toEqual([]);
  });

  it('has its archive off wherever that is switched on, also behind an earlier off', async () => {
    const texts = conf('archive_mode = off\narchive_mode = always\n', "archive_library = 'basic_archive'\n");
    expect(await values(texts, ['archive_mode', 'archive_library'])).toEqual({
      archive_mode: 'off',
      archive_library: null,
    });
  });

  it('is looked at again when the setting that hid another is taken out', async () => {
    const texts = conf("restore_command = 'cp /a/%f %p'\n", "restore_command = 'cp /b/%f %p'\n");
    const edits = await find(texts);
    expect(edits.map(({ file: name }) => name)).toEqual(['postgresql.auto.conf', 'postgresql.conf']);
  });

  it('is not touched in a file that the operator gave', async () => {
    const texts = conf('ssl = on\n', "archive_mode = 'on'\nshared_preload_libraries = 'pgaudit'\n");
    const edits = await find(texts, server(), ['postgresql.auto.conf']);
    expect(edits.map(({ what }) => what)).toEqual(['ssl']);
  });

  it('keeps TLS when its certificate is in the data directory, and what cannot be seen', async () => {
    const texts = conf("ssl = on\nssl_ca_file = '/mounted/ca.crt'\n");
    const seen = server({ '/data/server.crt': file, '/data/server.key': file });
    expect((await find(texts, seen)).map(({ why }) => why)).toEqual([
      'the server cannot read /mounted/ca.crt',
    ]);
    const paths = { get: (path: string) => (path === '/mounted/ca.crt' ? undefined : seen.paths.get(path)) };
    expect(await find(texts, { ...seen, paths: paths as unknown as ServerView['paths'] })).toEqual([]);
  });

  it('does not take the pid file of another server', async () => {
    const texts = conf("external_pid_file = '/tmp/main.pid'\n");
    expect(await find(texts)).toEqual([]);
    expect(await find(texts, server({ '/tmp/main.pid': file }))).toMatchObject([{ rule: 'pid-file' }]);
  });

  it('keeps a library that lies on another path, and its path without folders that are gone', async () => {
    const texts = conf(
      "dynamic_library_path = '/extensions/a/lib:/extensions/b/lib:$libdir'\nshared_preload_libraries = 'a,b'\n",
    );
    const view = server({ '/extensions/a/lib': directory, '/extensions/a/lib/a.so': file });
    expect(await values(texts, ['dynamic_library_path', 'shared_preload_libraries'], view)).toEqual({
      dynamic_library_path: '/extensions/a/lib:$libdir',
      shared_preload_libraries: 'a',
    });
  });

  it('tells where it comes from only by what nobody else has', async () => {
    const origin = async (texts: SourceConfiguration) =>
      originOf(await readServerConfiguration(configurationFiles(texts), '/data'));
    expect(await origin(cloudNative)).toBe('CloudNativePG');
    expect(await origin(debian(15))).toBe('Debian');
    expect(await origin(bitnami)).toBe('Bitnami');
    expect(await origin(conf("log_directory = '/var/lib/postgresql/18/docker/log'\n"))).toBeNull();
  });
});

describe('a server that refuses its configuration', () => {
  const texts = conf(
    [
      'stats_temp_directory = /x',
      'old_snapshot_threshold = 1h',
      "timezone = 'Mars/Olympus'",
      "lc_time = 'xx'",
      'huge_pages = on',
      "io_method = 'io_uring'",
      "unix_socket_group = 'dba'",
      "session_preload_libraries = 'a,auto_explain'",
    ].join('\n'),
    'old_snapshot_threshold = 2h\n',
  );
  const refuse = async (...log: string[]) => {
    const configuration = await readServerConfiguration(configurationFiles(texts), '/data');
    const edits = editsForRefusal(log, configuration, () => true);
    return edits.map(({ file: name, line, replacement }) => [name, line, replacement]);
  };

  it.each([
    [
      '2026-11-27 20:09:05.042 GMT [23] LOG:  unrecognized configuration parameter "old_snapshot_threshold" in file "/data/postgresql.conf" line 2',
      [
        ['postgresql.conf', 2, null],
        ['postgresql.auto.conf', 1, null],
      ],
    ],
    [
      'LOG:  invalid value for parameter "TimeZone": "Mars/Olympus"',
      [['postgresql.conf', 3, "timezone = 'GMT'"]],
    ],
    ['LOG:  invalid value for parameter "lc_time": "xx"', [['postgresql.conf', 4, "lc_time = 'C'"]]],
    [
      'FATAL:  could not map anonymous shared memory: Cannot allocate memory',
      [['postgresql.conf', 5, "huge_pages = 'try'"]],
    ],
    [
      'FATAL:  could not setup io_uring queue: Operation not permitted',
      [['postgresql.conf', 6, "io_method = 'worker'"]],
    ],
    ['LOG:  group "dba" does not exist', [['postgresql.conf', 7, null]]],
    [
      'FATAL:  could not access file "a": No such file or directory',
      [['postgresql.conf', 8, "session_preload_libraries = 'auto_explain'"]],
    ],
    ['LOG:  invalid value for parameter "max_connections": "abc"', []],
    ['FATAL:  could not load private key file "server.key": bad decrypt', []],
  ])('by %j is answered', async (line, edits) => {
    expect(await refuse(line)).toEqual(edits);
  });

  it('is answered once for each line, and not where odo may not', async () => {
    const line = 'LOG:  unrecognized configuration parameter "old_snapshot_threshold" in file';
    const configuration = await readServerConfiguration(configurationFiles(texts), '/data');
    const mayChange = ({ file: name }: { file: string }) => name !== 'postgresql.auto.conf';
    expect(editsForRefusal([line, line], configuration, mayChange)).toHaveLength(1);
  });
});

it('edits can be read as if they were made', async () => {
  const edits = await find(cloudNative);
  const { settings } = await readServerConfiguration(
    configurationFiles(cloudNative),
    '/data',
    changesOf(edits),
  );
  expect(settings.get('archive_mode')?.value).toBe('off');
  expect(settings.has('restore_command')).toBe(false);
});
