import type { IncomingMessage } from 'node:http';

/** More than any store's error document. @unit bytes */
const limitBytes = 64 * 1024;

/** A refusal as `s3Error` reads it: shaped like the SDK's, so that both ways of asking end in the same messages. */
export class S3Refusal extends Error {
  readonly $metadata: { readonly httpStatusCode: number };

  constructor(status: number, body: string) {
    super(elementOf(body, 'Message') ?? `HTTP status ${status}`);
    // A proxy in between may answer in HTML: then there is no code, and the status must do.
    this.name = elementOf(body, 'Code') ?? '';
    this.$metadata = { httpStatusCode: status };
  }
}

function elementOf(xml: string, element: 'Code' | 'Message'): string | null {
  const [, text] =
    new RegExp(`<Error(?:\\s[^>]*)?>[\\s\\S]*?<${element}>([^<]{1,1000})</${element}>`).exec(xml) ?? [];
  return text?.trim() ?? null;
}

/** The beginning of an error's body, as far as it comes; a broken connection leaves it short. */
export async function readErrorBody(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= limitBytes) break;
    }
  } catch {
    // The status alone says enough.
  }
  return Buffer.concat(chunks).subarray(0, limitBytes).toString('utf8');
}
