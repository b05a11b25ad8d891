import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { importSettings } from '../../../src/config/import/import-settings.ts';

const imported = (lines: readonly string[], file = '/srv/shop/odo.yaml'): string =>
  importSettings(lines.join('\n'), { name: 'recovery.conf', cwd: '/srv/shop', file });
const settingsOf = (...lines: string[]): unknown => parse(imported(lines));

test('the recovery.conf of pg_backctl becomes an odo.yaml that says where each line is from', () => {
  const text = imported([
    '# Copy this file',
    '[source]',
    's3_url = s3://mybucket/   # the bucket',
    's3_endpoint = "https://s3.example.com"',
    's3_search_prefix = backups/',
    '[target]',
    'volume_name = postgres-data',
    'service = postgres',
    'compose_file = docker-compose.yml',
    '[restore]',
    'new_volume_name = restored',
    '[postgres]',
    'version = 17',
    'replace_conf = confs/postgresql.auto.conf',
    'replace_pg_hba_conf = confs/pg_hba.conf',
    '[aws]',
    'access_key = AKIAEXAMPLE',
    'secret_key = verysecretvalue',
    'region = eu-west-3',
  ]);
  expect(parse(text)).toEqual({
    url: 's3://mybucket/backups',
    endpoint: 'https://s3.example.com',
    region: 'eu-west-3',
    volume: 'postgres-data',
    'new-volume': 'restored',
    service: 'postgres',
    'compose-file': 'docker-compose.yml',
    override: 'confs/postgresql.auto.conf',
  });
  expect(text).toMatch(/^# yaml-language-server: \$schema=\S+odo\.schema\.json\n/);
  expect(text).toContain('# From s3_url (line 3) and s3_search_prefix (line 5).\n');
  expect(text).toContain('#   AWS_SECRET_ACCESS_KEY: what was secret_key (line 18)\n');
  expect(text).toMatch(
    /\n# Not taken over:\n(.*\n)*# {3}replace_pg_hba_conf \(line 15\): odo leaves pg_hba.conf/,
  );
  expect(text).not.toMatch(/verysecretvalue|AKIAEXAMPLE/);
});

test('where the backups lie is worked out as pg_backctl does', () => {
  const bucket = ['[source]', 's3_url = s3://b'];
  // Its own default, and the folder whose WAL lies beside base.
  expect(settingsOf(...bucket)).toEqual({ url: 's3://b/postgresql-cluster' });
  expect(settingsOf(...bucket, 's3_search_prefix = /')).toEqual({ url: 's3://b' });
  expect(settingsOf(...bucket, 's3_search_prefix = x', 's3_backup_path = a/base/20250124T143000/')).toEqual({
    url: 's3://b/a',
    backup: '20250124T143000',
  });
  expect(settingsOf('[source]', 'path = /backups/my db')).toEqual({ url: 'file:///backups/my%20db' });
  const both = imported([...bucket, 'path = /backups']);
  expect(both).toContain('#   path (line 3): there is s3_url as well');
});

test('what is not complete stands as a comment, and what no setting takes is not repeated', () => {
  const text = imported([
    '[source]',
    's3_url = s3://AKIAEXAMPLE:verysecretvalue@b',
    '[target]',
    'service = db',
    '[restore]',
    'standby = yes',
    'secret_answer = 42',
    'no sense',
  ]);
  expect(parse(text)).toEqual({ service: 'db' });
  expect(text).toContain('# standby: true\n');
  expect(text).toContain('# primary-conninfo: host=HOST user=USER\n');
  expect(text).toMatch(/#.*as url it would have to be an address without credentials/);
  expect(text).toMatch(/secret_answer \(line 7\): pg_backctl has no such key in \[restore\]/);
  expect(text).toContain('#   line 8: it could not be read');
  expect(text).not.toMatch(/verysecretvalue|42/);
});

test('a path is written as the new file sees it', () => {
  const lines = ['[target]', 'compose_file = deploy/compose.yaml'];
  expect(parse(imported(lines, '/etc/odo/odo.yaml'))).toEqual({
    'compose-file': '../../srv/shop/deploy/compose.yaml',
  });
});

test("PostgreSQL's own recovery parameters are read as the server reads them", () => {
  const text = imported([
    'restore_command = \'cp /wal/%f "%p"\' # from the mount',
    "recovery_target_name 'before ''the'' import'",
    'recovery_target_inclusive = off',
    "recovery_target_timeline='latest'",
    "recovery_target_action = 'pause'",
    'standby_mode = off',
    "primary_conninfo = 'host=db1 user=r password=verysecretvalue'",
    'max_connections = 100',
  ]);
  expect(parse(text)).toEqual({
    'target-name': "before 'the' import",
    'target-inclusive': false,
    'target-timeline': 'latest',
    'target-action': 'pause',
    standby: false,
  });
  expect(text).toContain('# url: s3://BUCKET/PREFIX\n');
  expect(text).toContain('#   ODO_PRIMARY_PASSWORD: what was primary_conninfo (line 7)\n');
  expect(text).toMatch(/restore_command \(line 1\): odo fetches WAL itself/);
  expect(text).toContain('#   max_connections (line 8): it says nothing about a recovery');
  expect(text).not.toContain('verysecretvalue');
});

test('a time without a zone is not guessed', () => {
  const text = imported(["recovery_target_time = '2026-11-20 14:00:00'", 'recovery_target_xid = 900']);
  expect(parse(text)).toEqual({ 'target-xid': '900' });
  expect(text).toMatch(
    /recovery_target_time \(line 1\): as target-time it would have to be a time with its zone/,
  );
});

test.for([['[database]', 'service = db'], ['hello'], [''], ['work_mem = 4MB']])(
  '%j says nothing about a restore',
  (lines) => {
    expect(() => imported(lines)).toThrow('recovery.conf says nothing that odo knows about a restore.');
  },
);
