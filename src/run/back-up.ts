import type { BackupDocument } from '../take/backup-document.ts';
import { takeBackup } from '../take/take-backup.ts';
import type { TakeRequest } from '../take/take-request.ts';
import type { TakeSurroundings } from '../take/take-surroundings.ts';
import { availableCores } from './limits/cores.ts';
import { odoVersion } from './odo-version.ts';

export type BackUpSurroundings = Pick<TakeSurroundings, 'credentials' | 'onEvent' | 'signal'>;

/** Takes a backup with what this host has. */
export const backUp = (request: TakeRequest, surroundings: BackUpSurroundings): Promise<BackupDocument> =>
  takeBackup(request, { ...surroundings, odoVersion, threads: availableCores(), now: () => new Date() });
