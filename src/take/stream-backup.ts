import { PassThrough } from 'node:stream';
import { manifestName } from '../backup/pg-basebackup/layout.ts';
import { manifestEndsOf, manifestTailBytes } from '../backup/pg-basebackup/manifest-ends.ts';
import type { ProgramStream } from '../docker/exec-stream.ts';
import { OdoError } from '../errors/odo-error.ts';
import { type BackupLabel, parseBackupLabel } from '../postgres/backup-label.ts';
import type { ObjectWriter, UploadedObject } from '../storage/object-writer.ts';
import { baseName } from './backup-document.ts';
import { compress } from './compress.ts';
import { takeApart } from './take-apart.ts';
import type { Compression } from './take-request.ts';

export interface StreamOptions {
  /** Key prefix, with its slash. */
  readonly folder: string;
  readonly compression: Compression;
  readonly threads: number;
  /** @unit bytes */
  readonly partBytes: number;
  readonly signal: AbortSignal;
  readonly onProgress: (bytes: { readonly done: number; readonly stored: number }) => void;
}

export interface StreamedBackup {
  readonly label: BackupLabel;
  readonly stopLsn: string | null;
  /** Of the tar as pg_basebackup sent it. @unit bytes */
  readonly tarBytes: number;
  readonly objects: readonly UploadedObject[];
}

/** From pg_basebackup's output into the store, without a disk between: the tar, and the manifest beside it. */
export async function streamBackup(
  program: ProgramStream,
  writer: ObjectWriter,
  { folder, compression, threads, partBytes, signal, onProgress }: StreamOptions,
): Promise<StreamedBackup> {
  let [done, stored] = [0, 0];
  let label: BackupLabel | null = null;
  let tail = Buffer.alloc(0);
  const manifest = new PassThrough();
  // Whoever reads it is told too; nobody may read it yet.
  manifest.on('error', () => {});
  let storing: Promise<UploadedObject> | null = null;

  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const bytes of wholeOutput(program)) {
      done += bytes.length;
      onProgress({ done, stored });
      yield bytes;
    }
  }

  async function onManifest(bytes: Uint8Array): Promise<void> {
    // It ends early together with the tar, which says why.
    storing ??= writer.upload(folder + manifestName, manifest, { partBytes, signal });
    storing.catch(() => {});
    tail = Buffer.concat([tail, bytes]).subarray(-manifestTailBytes);
    if (manifest.write(Buffer.from(bytes))) return;
    await Promise.race([storing, new Promise((resolve) => manifest.once('drain', resolve))]);
  }

  const tar = takeApart(counted(), {
    onLabel: (text) => {
      label = parseBackupLabel(text);
    },
    onManifest,
  });
  try {
    const base = await writer.upload(folder + baseName(compression), compress(tar, compression, threads), {
      partBytes,
      signal,
      onStored: (bytes) => {
        stored = bytes;
        onProgress({ done, stored });
      },
    });
    manifest.end();
    const objects = [base, ...(storing === null ? [] : [await (storing as Promise<UploadedObject>)])];
    if (label === null) throw new OdoError('BUG', 'A backup without a label was taken for whole.');
    return { label, stopLsn: manifestEndsOf('', tail.toString('utf8')).endLsn, tarBytes: done, objects };
  } catch (error) {
    manifest.destroy(error instanceof Error ? error : new Error(String(error)));
    await (storing as Promise<UploadedObject> | null)?.catch(() => {});
    throw error;
  }
}

/** The output of a program that ended well; its own words when it did not. */
async function* wholeOutput(program: ProgramStream): AsyncGenerator<Uint8Array> {
  yield* program.output;
  const { exitCode, stderr } = await program.result();
  if (exitCode === 0) return;
  const says = stderr
    .trim()
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-5)
    .join(' ');
  throw new OdoError(
    'STEP_FAILED',
    `pg_basebackup ended with exit code ${exitCode}${says === '' ? ' and said nothing' : `: ${says}`}`,
    { hint: 'Nothing of this backup is left. Look at the server’s log, then run odo backup again.' },
  );
}
