import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { extract } from 'tar-stream';

/** What the file holds that an engine has put into a tar by itself; null when it is no file. */
export async function textInTar(tar: Buffer): Promise<string | null> {
  let content: string | null = null;
  for await (const entry of Readable.from(tar, { objectMode: false }).pipe(extract())) {
    if (entry.header.type === 'file') content = await text(entry);
    else entry.resume();
  }
  return content;
}
