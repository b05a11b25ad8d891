/** A refusal as `s3Error` reads it: shaped like the SDK's, so that both ways of asking end in the same messages. */
export class S3Refusal extends Error {
  readonly $metadata: { readonly httpStatusCode: number };

  /** `body`: the beginning of what came with it, XML unless a proxy answered. */
  constructor(status: number, body: string) {
    super(elementOf(body, 'Message') ?? `HTTP status ${status}`);
    // Without a code the status must do.
    this.name = elementOf(body, 'Code') ?? '';
    this.$metadata = { httpStatusCode: status };
  }
}

function elementOf(xml: string, element: 'Code' | 'Message'): string | null {
  const start = xml.indexOf('<Error');
  const [, text] =
    new RegExp(`<${element}>([^<]{1,1000})</${element}>`).exec(start === -1 ? '' : xml.slice(start)) ?? [];
  return text?.trim() ?? null;
}
