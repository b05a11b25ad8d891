/** The columns of the crash matrix: every way to restore that passes other points, or passes them otherwise. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stopPostmaster } from '../../src/service/postmaster.ts';
import { imageName } from '../lab/images.ts';
import type { PitrFixture } from '../lab/pitr-fixtures.ts';
import type { S3Server } from '../lab/s3-server.ts';
import { type SmallFixture, type SmallFormat, smallFactsSql } from '../lab/small-fixtures.ts';
import { freePort } from '../lab/source-cluster.ts';
import { askFiles } from './ask-files.ts';
import type { ComposeProject } from './compose-project.ts';
import type { Column, Place } from './crash-column.ts';
import { mountPoint } from './drill-containers.ts';
import { objectsOf, processesOf } from './drilled.ts';
import { removeRunOf } from './pitr-restore.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { treeDigest } from './tree-digest.ts';

/**
 * What no two servers write alike, even without a kill: times and a random value of the promotion, the path of the
 * server's arguments, statistics. WAL that the promoted server wrote itself is on the new timeline.
 */
const ownOfServer =
  /^(global\/pg_control|postmaster\.opts|pg_stat\/pgstat\.stat|pg_wal\/0000000[2-9][0-9A-F]{16})$/;
const isNoServers = (path: string): boolean => !ownOfServer.test(path);

/** What all cells share. */
export interface Matrix {
  readonly backup: SmallFixture;
  readonly s3: S3Server;
  /** Where the program finds itself compiled. */
  readonly cache: string;
}

/** Small, so that there are several checkpoints in the middle of an archive. */
const often = ['--checkpoint-size', '4MiB', '--json'];

const startOf = ({ backup, s3 }: Matrix, format: SmallFormat, ...more: string[]): string[] => [
  ...['start', '-u', backup.urls[format], '-e', s3.endpoint, ...often, ...more],
];

const envOf = ({ s3, cache }: Matrix): Record<string, string> => ({ ...s3.env, NODE_COMPILE_CACHE: cache });

let names = 0;
const freshName = (): string => `odo-matrix-${process.pid}-${++names}`;

/** Of a place around a data directory: nothing but this is left there, beside the journal. */
const onlyBeside = (...beside: string[]) => ({ processes: [], beside: [...beside, 'odo'] });

/** A place around a data directory: everything in it, and nothing but the journal beside it. */
async function openDirectory(
  more: Pick<Place, 'env'> & {
    commands: (data: string) => Place['commands'];
    /** Asked of the files when they were read. */
    facts: (data: string) => Promise<string | null>;
  },
): Promise<Place> {
  const directory = await temporaryDirectory('odo-matrix-');
  const data = join(directory.path, 'data');
  return {
    directory: directory.path,
    env: more.env,
    commands: more.commands(data),
    names: { [directory.path]: 'PLACE' },
    result: async (runId, normalized) => ({
      processes: await processesOf(runId),
      beside: (await readdir(directory.path)).filter((name) => !name.startsWith('passed-')).sort(),
      files: existsSync(data) ? await treeDigest(data, { hasContent: isNoServers, normalized }) : null,
      facts: await more.facts(data),
    }),
    [Symbol.asyncDispose]: async () => {
      await stopPostmaster(data, 'immediate', { deadlineMs: 30_000 });
      await directory[Symbol.asyncDispose]();
    },
  };
}

export const intoDirectory = (matrix: () => Matrix, format: SmallFormat): Column => ({
  name: `directory, ${format}`,
  expected: () => ({ ...onlyBeside('data'), facts: matrix().backup.facts[format] }),
  open: () =>
    openDirectory({
      env: envOf(matrix()),
      commands: (data) => [() => startOf(matrix(), format, '--data-dir', data)],
      facts: (data) => askFiles(data, smallFactsSql, { volume: false }),
    }),
});

export const intoVolume = (
  matrix: () => Matrix,
  format: SmallFormat,
  access: 'direct' | 'engine',
): Column => ({
  name: `volume ${access}, ${format}`,
  expected: () => ({ objects: ['VOLUME'], facts: matrix().backup.facts[format] }),
  open: async () => {
    const directory = await temporaryDirectory('odo-matrix-');
    const volume = freshName();
    const target = ['-V', volume, '--image', imageName(15), '--volume-access', access];
    return {
      directory: directory.path,
      env: envOf(matrix()),
      commands: [() => startOf(matrix(), format, ...target)],
      names: { [volume]: 'VOLUME' },
      result: async (runId, normalized) => {
        const data = await mountPoint(volume);
        return {
          objects: await objectsOf(runId),
          files: await treeDigest(data, { hasContent: isNoServers, normalized }),
          facts: await askFiles(data, smallFactsSql, { volume: true }),
        };
      },
      [Symbol.asyncDispose]: async () => {
        await removeRunOf(volume);
        await directory[Symbol.asyncDispose]();
      },
    };
  },
});

/**
 * A Compose service whose volume is replaced, or that is switched to a new one. Restores of one column take turns on
 * its project: each of them replaces what the one before it left.
 */
export function intoService(
  matrix: () => Matrix,
  format: SmallFormat,
  shop: () => ComposeProject,
  how: { newVolume: boolean; access: 'direct' | 'engine' },
): Column {
  let turn: Promise<unknown> = Promise.resolve();
  return {
    name: how.newVolume ? 'service, new volume' : 'service, in place',
    expected: () => ({ facts: matrix().backup.facts[format] }),
    open: async () => {
      const before = turn;
      const { promise, resolve: passOn } = Promise.withResolvers<void>();
      turn = promise;
      await before;
      const { file, project, psql, replaceFlags } = shop();
      // Gone with the restore. A service that does not answer fails this cell, and does not hold up those after it.
      await psql('create table if not exists old_rows ()').catch((error: unknown) => {
        passOn();
        throw error;
      });
      const directory = await temporaryDirectory('odo-matrix-');
      const volume = how.newVolume ? freshName() : 'pgdata';
      const target = [how.newVolume ? '-V' : '-v', volume, '--volume-access', how.access];
      const service = ['-n', 'db', '-f', file, '--project', project, '--yes', ...replaceFlags];
      return {
        directory: directory.path,
        env: envOf(matrix()),
        commands: [() => startOf(matrix(), format, ...target, ...service)],
        names: { [volume]: 'VOLUME' },
        result: async (runId, normalized) => ({
          objects: await objectsOf(runId),
          // The volumes of the cells before stay declared.
          compose: normalized(await readFile(file, 'utf8')).replaceAll(/^ *odo-matrix-\d+-\d+:\n/gm, ''),
          facts: await psql(smallFactsSql),
        }),
        [Symbol.asyncDispose]: async () => {
          await directory[Symbol.asyncDispose]();
          passOn();
        },
      };
    },
  };
}

const movedTo = 14;

/** Held at a target, moved on to a later one, promoted there. */
export const heldAtTarget = (
  matrix: () => Matrix,
  pitr: () => { readonly archive: PitrFixture; readonly s3: S3Server },
): Column => ({
  name: 'held, moved, promoted',
  expected: () => {
    const rows = pitr().archive.rows.filter(({ timeline }) => timeline === 1);
    const upTo = rows.slice(0, rows.findIndex(({ id }) => id === movedTo) + 1).map(({ id }) => id);
    return { ...onlyBeside('data'), facts: upTo.toSorted((a, b) => a - b).join(',') };
  },
  open: () => {
    const { archive, s3 } = pitr();
    const upTo = (id: number): string[] => {
      const row = archive.rows.find((one) => one.id === id && one.timeline === 1);
      if (row === undefined) throw new Error(`There is no row ${id}`);
      return ['--target-lsn', row.end, '--no-target-inclusive'];
    };
    const first = ['-u', archive.url, '-e', s3.endpoint, '--target-timeline', '1', ...often, ...upTo(13)];
    return openDirectory({
      env: { ...envOf(matrix()), ...s3.env },
      commands: (data) => [
        () => ['start', ...first, '--data-dir', data, '--target-action', 'pause'],
        (runId) => ['resume', runId, '--json', ...upTo(movedTo)],
        (runId) => ['promote', runId, '--json'],
      ],
      facts: (data) =>
        askFiles(data, 'select string_agg(id::text, chr(44) order by id) as ids from marks', {
          volume: false,
        }),
    });
  },
});

/** Its primary is nowhere, which is told and no failure. */
export const asStandby = (matrix: () => Matrix): Column => ({
  name: 'standby',
  expected: () => onlyBeside('data'),
  open: async () => {
    const primary = `host=127.0.0.1 port=${await freePort()} user=replicator`;
    const standby = ['--standby', '--primary-conninfo', primary];
    const place = await openDirectory({
      env: envOf(matrix()),
      commands: (data) => [() => startOf(matrix(), 'pg_basebackup', '--data-dir', data, ...standby)],
      facts: async () => null,
    });
    return { ...place, names: { ...place.names, [primary]: 'PRIMARY' } };
  },
});

/** No server reads it: every file is the same, those of the recovery too. */
export const asPrepared = (matrix: () => Matrix): Column => ({
  name: 'prepared only',
  expected: () => onlyBeside('data'),
  open: () =>
    openDirectory({
      env: envOf(matrix()),
      commands: (data) => [() => startOf(matrix(), 'barman-cloud', '--data-dir', data, '--prepare-only')],
      facts: async () => null,
    }),
});

export const asDrill = (matrix: () => Matrix): Column => ({
  name: 'drill',
  expected: () => onlyBeside(),
  open: () =>
    openDirectory({
      env: envOf(matrix()),
      commands: (data) => [
        () => [
          'drill',
          ...startOf(matrix(), 'pg_basebackup').slice(1),
          '--drill-dir',
          `${data}/..`,
          '--port',
          'auto',
        ],
      ],
      facts: async () => null,
    }),
});
