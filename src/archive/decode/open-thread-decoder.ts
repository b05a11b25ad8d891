import type { Codec } from '../../backup/base-backup.ts';
import { openParallelBzip2Decoder } from '../bzip2/parallel-decoder.ts';
import { openGzipDecoder } from '../inflate/gzip-decoder.ts';
import { type DecoderState, openDecoder } from '../open-decoder.ts';
import { CopiedSlots } from './copied-slots.ts';
import { GzipSlots } from './gzip-slots.ts';
import type { SlotOptions, ThreadDecoder } from './thread-decoder.ts';

export async function openThreadDecoder(
  codec: Codec,
  from: DecoderState | null,
  options: SlotOptions & { readonly blockThreads: number },
): Promise<ThreadDecoder> {
  if (codec === 'gzip' && (from === null || from.codec === 'gzip'))
    return new GzipSlots(await openGzipDecoder({ ...options, state: from ?? undefined, check: 'caller' }));
  if (codec === 'bzip2' && options.blockThreads > 1 && (from === null || from.codec === 'bzip2'))
    return new CopiedSlots(await openParallelBzip2Decoder(options.blockThreads, from ?? undefined), options);
  return new CopiedSlots(await openDecoder(codec, from ?? undefined), options);
}
