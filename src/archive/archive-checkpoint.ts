import { OdoError } from '../errors/odo-error.ts';
import type { EntrySinkState } from './entry-sink.ts';
import type { DecoderState } from './open-decoder.ts';
import type { TarState } from './tar-reader.ts';

/** Rises when a field changes meaning; an older or newer one is refused, never guessed at. */
export const checkpointFormatVersion = 1;

type Encoded<State> = State extends { window: Uint8Array }
  ? Omit<State, 'window'> & { window: string }
  : State;

/** Everything needed to go on inside an archive. Plain JSON, about 45 KB of it the window. */
export interface ArchiveCheckpoint {
  readonly formatVersion: number;
  /** Of the object as it was; a resume with another object is refused. */
  readonly sizeBytes: number;
  /** First byte of the object to read again. */
  readonly compressedOffset: number;
  /** As `DecoderState`, the window in base64. */
  readonly decoder: Encoded<DecoderState>;
  readonly tar: TarState;
  readonly sink: EntrySinkState;
}

export function makeCheckpoint(parts: {
  sizeBytes: number;
  decoder: DecoderState;
  tar: TarState;
  sink: EntrySinkState;
}): ArchiveCheckpoint {
  const { decoder } = parts;
  return {
    formatVersion: checkpointFormatVersion,
    sizeBytes: parts.sizeBytes,
    compressedOffset: decoder.compressedBytes,
    decoder:
      decoder.codec === 'gzip'
        ? { ...decoder, window: Buffer.from(decoder.window).toString('base64') }
        : decoder,
    tar: parts.tar,
    sink: parts.sink,
  };
}

export function decoderStateOf(checkpoint: ArchiveCheckpoint): DecoderState {
  const { decoder } = checkpoint;
  return decoder.codec === 'gzip' ? { ...decoder, window: Buffer.from(decoder.window, 'base64') } : decoder;
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
