import { OdoError } from '../errors/odo-error.ts';
import { type EncodedDecoder, encodeDecoder } from './encoded-decoder.ts';
import type { EntrySinkState } from './entry-sink.ts';
import type { DecoderState } from './open-decoder.ts';
import type { TarState } from './tar-reader.ts';

/** Rises when a field changes meaning; an older or newer one is refused, never guessed at. */
export const checkpointFormatVersion = 1;

/** Everything needed to go on inside an archive. Plain JSON, most of it the window. */
export interface ArchiveCheckpoint {
  readonly formatVersion: number;
  /** Of the object as it was; a resume with another object is refused. */
  readonly sizeBytes: number;
  /** First byte of the object to read again. */
  readonly compressedOffset: number;
  readonly decoder: EncodedDecoder;
  readonly tar: TarState;
  readonly sink: EntrySinkState;
}

export function makeCheckpoint(parts: {
  sizeBytes: number;
  decoder: DecoderState;
  tar: TarState;
  sink: EntrySinkState;
}): ArchiveCheckpoint {
  return {
    ...parts,
    formatVersion: checkpointFormatVersion,
    compressedOffset: parts.decoder.compressedBytes,
    decoder: encodeDecoder(parts.decoder),
  };
}

/** Refuses what this version of odo cannot continue, before anything is read or written. */
export function checkCheckpoint(
  checkpoint: ArchiveCheckpoint,
  archive: { name: string; sizeBytes: number },
): void {
  const found: unknown = checkpoint.formatVersion;
  if (found !== checkpointFormatVersion) {
    throw new OdoError(
      'JOURNAL_INCOMPATIBLE',
      `The checkpoint inside ${archive.name} has format ${String(found)}; this odo reads format ${checkpointFormatVersion}.`,
      {
        hint: 'Finish the run with the version of odo that started it, or start a new run.',
        details: { archive: archive.name, found, expected: checkpointFormatVersion },
      },
    );
  }
  if (checkpoint.sizeBytes !== archive.sizeBytes) {
    throw new OdoError(
      'OBJECT_CHANGED',
      `${archive.name} has ${archive.sizeBytes} bytes, but had ${checkpoint.sizeBytes} at the last checkpoint.`,
      {
        hint: 'The backup was replaced while it was being restored. Start a new run.',
        details: { archive: archive.name },
      },
    );
  }
}
