import { OdoError } from '../errors/odo-error.ts';

/**
 * What a row holds as JSON. odo writes nothing else there, so what cannot be read was changed by somebody, or the disk.
 * @param what for people: `request of a run`
 * @throws JOURNAL_FAILED
 */
export function storedJson<Value = unknown>(text: string, what: string): Value {
  try {
    return JSON.parse(text) as Value;
  } catch (cause) {
    throw new OdoError('JOURNAL_FAILED', `The journal holds the ${what} as something that is no JSON.`, {
      hint: 'The journal was changed or damaged. Restore the file from a copy, or begin again with another: --journal FILE.',
      cause,
    });
  }
}
