import type { Codec } from '../../backup/base-backup.ts';
import { openGzipDecoder } from '../inflate/gzip-decoder.ts';
import { type DecoderState, openDecoder } from '../open-decoder.ts';
import { CopiedSlots } from './copied-slots.ts';
import { GzipSlots } from './gzip-slots.ts';
import type { SlotOptions, ThreadDecoder } from './thread-decoder.ts';

export async function openThreadDecoder(
  codec: Codec,
  from: DecoderState | null,
  options: SlotOptions,
): Promise<ThreadDecoder> {
  if (codec === 'gzip' && (from === null || from.codec === 'gzip'))
    return new GzipSlots(await openGzipDecoder({ ...options, state: from ?? undefined, check: 'caller' }));
  return new CopiedSlots(await openDecoder(codec, from ?? undefined), options);
}
