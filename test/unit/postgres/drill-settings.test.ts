import { expect, test } from 'vitest';
import { drillHba, drillSettings, formatDrillConfiguration } from '../../../src/postgres/drill-settings.ts';

const paths = { hbaFile: '/odo/drill_hba.conf', identFile: '/odo/pg_ident.conf' };
const settings = (serverMajor: number) =>
  drillSettings({ serverMajor, ...paths, kept: { max_connections: '300', wal_level: 'logical' } });

test('nothing leaves a drill, nothing comes in, and nothing works on it but the proofs', () => {
  expect(settings(17)).toMatchObject({
    archive_mode: 'off',
    archive_command: '',
    restore_command: '',
    primary_conninfo: '',
    synchronous_standby_names: '',
    max_logical_replication_workers: '0',
    shared_preload_libraries: '',
    listen_addresses: '',
    ssl: 'off',
    autovacuum: 'off',
    event_triggers: 'off',
  });
});

test('a server that is older than a setting is not given it', () => {
  expect(settings(16)).not.toHaveProperty('event_triggers');
});

test('what the database needs to start is as pg_control has it', () => {
  expect(settings(15)).toMatchObject({ max_connections: '300', wal_level: 'logical' });
  const text = formatDrillConfiguration({ serverMajor: 15, ...paths, kept: { max_connections: '300' } });
  expect(text).toMatch(/^hba_file = '\/odo\/drill_hba\.conf'$/m);
  expect(text).toMatch(/^max_connections = '?300'?$/m);
});

test('over the network nobody comes in without a password, and without a network nobody at all', () => {
  expect(drillHba(false)).toBe('local all all trust\n');
  expect(drillHba(true)).toBe('local all all trust\nhost all all all scram-sha-256\n');
});
