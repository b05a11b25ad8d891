import type { Codec } from '../backup/base-backup.ts';
import { OdoError } from '../errors/odo-error.ts';

/** Where a decoder stands. @unit bytes */
interface Place {
  /** Of the object. */
  readonly compressedOffset: number;
  readonly outputBytes: number;
}

/** The bytes at a place make no sense. */
export function damagedData(codec: Codec, fault: string, place: Place): OdoError {
  const message = `The ${codec} data is damaged at byte ${place.compressedOffset}: ${fault}.`;
  return new OdoError('ARCHIVE_CORRUPT', message, {
    hint: 'The object is not what was uploaded. Use another backup.',
    details: { ...place, fault },
  });
}

/** The object ends at a place where its data does not. `where`: inside what. */
export function endedEarly(codec: Codec, where: string, place: Place): OdoError {
  const what = place.compressedOffset === 0 ? 'it is empty' : where;
  const message = `The ${codec} data ends too early: ${what}, at byte ${place.compressedOffset}.`;
  return new OdoError('ARCHIVE_CORRUPT', message, {
    hint: 'The object is incomplete. Use another backup, or upload it again and start a new run.',
    details: { ...place },
  });
}
