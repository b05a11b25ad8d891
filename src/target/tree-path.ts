import { OdoError } from '../errors/odo-error.ts';

/** `base/1/` -> ['base', '1']. The caller has checked already; what could leave the root is refused here again. */
export function splitTreePath(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (path.startsWith('/') || parts.includes('..') || path.includes('\0')) {
    throw new OdoError('ENTRY_REFUSED', `The path ${JSON.stringify(path)} does not stay inside the target.`, {
      details: { path },
    });
  }
  return parts;
}

/** Of an entry, which the root itself is not. */
export function splitEntryPath(path: string): string[] {
  const parts = splitTreePath(path);
  if (parts.length === 0) {
    throw new OdoError(
      'ENTRY_REFUSED',
      `The path ${JSON.stringify(path)} names the target itself, not an entry in it.`,
    );
  }
  return parts;
}
