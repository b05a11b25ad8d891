import { type FileName, fileName } from '../postgres/file-name.ts';

/** What odo uses of the records before an entry (pax(1), "pax Extended Header"). */
export interface PaxFields {
  readonly path?: FileName;
  readonly linkPath?: FileName;
  readonly sizeBytes?: number;
  /** @unit seconds since the epoch */
  readonly modifiedAt?: number;
  /** GNU's sparse formats 0.0 to 1.0 hide in records. */
  readonly sparse?: boolean;
}

/**
 * Records `LENGTH KEY=VALUE\n`; LENGTH counts the whole record in bytes. Values are bytes: only those that are used
 * get decoded, so a user name in Latin-1 does no harm. An empty value takes an earlier one back. A text when malformed.
 */
export function parsePaxRecords(body: Uint8Array, earlier: PaxFields): PaxFields | string {
  let fields: Mutable<PaxFields> = { ...earlier };
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(0x20, at);
    const length = space < 0 ? Number.NaN : Number(Buffer.from(body.subarray(at, space)).toString('latin1'));
    const equals = body.indexOf(0x3d, space);
    const end = at + length;
    if (
      !Number.isInteger(length) ||
      equals < 0 ||
      end <= equals ||
      end > body.length ||
      body[end - 1] !== 0x0a
    ) {
      return 'a malformed pax record';
    }
    const key = Buffer.from(body.subarray(space + 1, equals)).toString('latin1');
    const applied = apply(fields, key, body.subarray(equals + 1, end - 1));
    if (typeof applied === 'string') return applied;
    fields = applied;
    at = end;
  }
  return fields;
}

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

function apply(fields: Mutable<PaxFields>, key: string, value: Uint8Array): Mutable<PaxFields> | string {
  if (key.startsWith('GNU.sparse.')) return { ...fields, sparse: true };
  const field = ({ path: 'path', linkpath: 'linkPath', size: 'sizeBytes', mtime: 'modifiedAt' } as const)[
    key
  ];
  if (field === undefined) return fields;
  if (value.length === 0) {
    const { [field]: _taken, ...rest } = fields;
    return rest;
  }
  if (field === 'path' || field === 'linkPath') return { ...fields, [field]: fileName(value) };
  const text = Buffer.from(value).toString('latin1');
  const number = Number(text);
  if (field === 'sizeBytes' && (!/^\d+$/.test(text) || !Number.isSafeInteger(number))) {
    return `a pax record with an unreadable size`;
  }
  return Number.isFinite(number) ? { ...fields, [field]: number } : fields;
}
