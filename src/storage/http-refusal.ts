/** A refusal as `storeError` reads it: shaped like an SDK's, so that both ways of asking end in the same messages. */
export class HttpRefusal extends Error {
  readonly status: number;

  /** `body`: the beginning of what came with it: XML of S3 or Azure, JSON of Google, or whatever a proxy says. */
  constructor(status: number, body: string) {
    super(elementOf(body, 'Message') ?? jsonMessageOf(body) ?? `HTTP status ${status}`);
    // Without a code the status must do.
    this.name = elementOf(body, 'Code') ?? '';
    this.status = status;
  }
}

function elementOf(xml: string, element: 'Code' | 'Message'): string | null {
  const start = xml.indexOf('<Error');
  const [, text] =
    new RegExp(`<${element}>([^<]{1,1000})</${element}>`).exec(start === -1 ? '' : xml.slice(start)) ?? [];
  return text?.trim() ?? null;
}

/** `{"error": {"message": …}}` */
function jsonMessageOf(body: string): string | null {
  try {
    const { error } = JSON.parse(body) as { error?: { message?: unknown } };
    return typeof error?.message === 'string' ? error.message.slice(0, 1000) : null;
  } catch {
    return null;
  }
}
